import { expect } from 'chai'
import type { Circuit } from '../../lib/circuit/circuit.ts'
import { requireProgram } from '../support/programs.ts'
import { download, HttpAnswer, isPending, openCircuit, request, writeTestBytes } from './support/client.ts'
import { CountedCircuit } from './support/counted-circuit.ts'
import type { StreamCount } from './support/counted-circuit.ts'
import { TorNetwork } from './support/network.ts'
import { StalledServer } from './support/stalled-server.ts'
import { testBytesSha256 } from './support/test-bytes.ts'

const MB = 1_000_000

/** After so many answers through the same relays without any news, there is none on the way. */
const quietRounds = 5

describe('Backpressure through three real relays, by windows', function () {
  let network: TorNetwork
  /** The circuit that stalls, alone on its link. */
  let circuit: CountedCircuit
  /** A circuit through the same relays. */
  let other: Circuit

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    // The exit's kernel shall hold little of an upload. With much smaller buffers it is slow, for want of
    // acknowledgements.
    network = await TorNetwork.start({ exits: 1, exitOptions: ['ConstrainedSockets 1', 'ConstrainedSockSize 128 KB'] })
    other = openCircuit(network.path())
    await other.opened
  })

  beforeEach(async () => {
    circuit = await CountedCircuit.open(network.path(), { congestionControl: false })
  })

  afterEach(() => circuit?.close())

  after(async () => {
    await other?.close()
    await network?.stop()
  })

  /** Waits until nothing has happened on a stream while several answers came through the same relays. */
  async function quiet(count: StreamCount): Promise<void> {
    for (let rounds = 0; rounds < quietRounds; rounds++) {
      const before = count.events
      await download(other.connect({ hostname: '127.0.0.1', port: network.httpPort }), 10)
      if (count.events > before) rounds = -1
    }
  }

  it('stops an upload at exactly 500 cells beyond what the exit has acknowledged, and lets it go on whole', async () => {
    const length = 20 * MB
    const server = await StalledServer.start()
    try {
      const baseline = { sent: circuit.tap.sent, received: circuit.tap.received }
      const { socket, count } = circuit.connect(server.port, { endOnClose: true })
      const writer = socket.writable.getWriter()
      const uploading = writeTestBytes(writer, length).then(() => writer.close())
      await server.connected()
      await quiet(count)

      expect(count.unacknowledged).to.equal(500)
      expect(socket.windows.package).to.equal(0)
      expect(writer.desiredSize).to.be.at.most(0)
      expect(await isPending(writer.ready)).to.equal(true)
      expect(await isPending(uploading)).to.equal(true)
      expect(count.bytesSent).to.be.below(2 * MB)
      // On the wire: BEGIN and the DATA; CONNECTED, a SENDME of the circuit for each 100 cells, and those of the
      // stream.
      expect(circuit.tap.sent - baseline.sent).to.equal(1 + count.dataSent)
      expect(circuit.tap.received - baseline.received).to.equal(
        1 + Math.floor(count.dataSent / 100) + count.sendmesReceived,
      )
      const stalledAt = count.dataSent

      const received = await server.resume()
      await uploading
      expect(received).to.deep.equal({ bytes: length, sha256: testBytesSha256(length) })
      expect(count.peak).to.equal(500)
      expect(count.bytesSent).to.equal(length)
      expect(count.dataSent).to.be.above(stalledAt + 1000)
      await socket.closed
    } finally {
      await server.stop()
    }
  })

  it('holds 500 cells of a download that nobody reads, while other streams of the circuit go on', async () => {
    const length = 20 * MB
    const { socket, count } = circuit.connect(network.httpPort)
    await request(socket, `/${length}`)
    const reader = socket.readable.getReader()
    const answer = new HttpAnswer()
    let taken = 0
    const read = async (): Promise<boolean> => {
      const { value } = await reader.read()
      if (value === undefined) return false
      taken += value.length
      answer.take(value)
      return true
    }
    while (taken < 5 * MB) await read()
    await quiet(count)

    const stalledAt = count.dataReceived
    expect(socket.windows.deliver).to.equal(0)
    expect(count.undelivered).to.equal(500)
    expect(count.bytesReceived - taken).to.be.within(100_000, 249_000)

    const neighbour = circuit.connect(network.httpPort)
    expect(await download(neighbour.socket, 3 * MB)).to.deep.equal({ bytes: 3 * MB, sha256: testBytesSha256(3 * MB) })
    await quiet(count)
    expect(socket.windows.deliver).to.equal(0)
    expect(count.dataReceived).to.equal(stalledAt)

    while (await read());
    expect(answer.received()).to.deep.equal({ bytes: length, sha256: testBytesSha256(length) })
    await socket.closed
  })
})
