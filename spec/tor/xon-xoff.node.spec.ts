import { expect } from 'chai'
import { setTimeout as delay } from 'node:timers/promises'
import type { Circuit } from '../../lib/circuit/circuit.ts'
import { DEFAULT_XON_XOFF, XOFF_CELL } from '../../lib/stream/contract/flow-parameters.ts'
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

/**
 * What a consumer that does not read keeps waiting at most: up to the XOFF, and what the exit had sent before it came.
 */
const mostWaiting = DEFAULT_XON_XOFF.xoffClient * XOFF_CELL + 3 * MB

/** The rates of the XONs that a relay has logged so far, in 1000 bytes per second; 0 for "no limit". */
const ratesIn = (log: string): number[] => [...log.matchAll(/Got XON: (\d+)/g)].map(([, rate]) => Number(rate))

describe('Backpressure through three real relays, by XON and XOFF', function () {
  let network: TorNetwork
  /** The circuit that stalls, alone on its link. */
  let circuit: CountedCircuit
  /** A circuit through the same relays. */
  let other: Circuit

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    // The exit's kernel shall hold little of an upload; and the exit shall say which XONs it gets.
    const exitOptions = ['ConstrainedSockets 1', 'ConstrainedSockSize 128 KB', 'Log [edge]info notice stdout']
    network = await TorNetwork.start({ exits: 1, exitOptions })
    other = openCircuit(network.path())
    await other.opened
  })

  beforeEach(async () => {
    circuit = await CountedCircuit.open(network.path())
  })

  afterEach(() => circuit?.close())

  after(async () => {
    await other?.close()
    await network?.stop()
  })

  const exitLog = (): string => network.relays.find(({ isExit }) => isExit)?.log() ?? ''

  /** Waits until nothing has happened on a stream while several answers came through the same relays. */
  async function quiet(count: StreamCount): Promise<void> {
    for (let rounds = 0; rounds < quietRounds; rounds++) {
      const before = count.events
      await download(other.connect({ hostname: '127.0.0.1', port: network.httpPort }), 10)
      if (count.events > before) rounds = -1
    }
  }

  it('stops an upload to a server that does not read by the XOFF of the exit, and lets it go on whole', async () => {
    const length = 40 * MB
    const server = await StalledServer.start()
    try {
      const { socket, count } = circuit.connect(server.port, { endOnClose: true })
      const writer = socket.writable.getWriter()
      const uploading = writeTestBytes(writer, length).then(() => writer.close())
      await server.connected()
      expect((await socket.opened).flowControl).to.equal('congestion-control')
      await quiet(count)

      expect(count.stopsReceived.at(-1)).to.equal('XOFF')
      expect(count.sendmesReceived).to.equal(0)
      expect(socket.windows.package).to.equal(0)
      expect(writer.desiredSize).to.be.at.most(0)
      expect(await isPending(writer.ready)).to.equal(true)
      expect(await isPending(uploading)).to.equal(true)
      expect(count.bytesSent).to.be.below(20 * MB)
      const stalledAt = count.bytesSent

      const received = await server.resume()
      await uploading
      expect(received).to.deep.equal({ bytes: length, sha256: testBytesSha256(length) })
      expect(count.stopsReceived).to.include('XON')
      expect(count.bytesSent).to.equal(length)
      expect(count.bytesSent).to.be.above(stalledAt)
      await socket.closed
    } finally {
      await server.stop()
    }
  })

  it('makes the exit stop for a consumer that does not read, while other streams of the circuit go on', async () => {
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
    while (taken < 2 * MB) await read()
    await quiet(count)

    expect(count.stopsSent.at(-1)).to.equal('XOFF')
    expect(count.sendmesSent).to.equal(0)
    expect(socket.windows.deliver).to.equal(0)
    expect(count.bytesReceived - taken).to.be.within(DEFAULT_XON_XOFF.xoffClient * XOFF_CELL, mostWaiting)

    // What the exit had packed already may come ahead of a first neighbour; nothing does beside the next.
    let stalledAt = -1
    for (let round = 0; round < 3 && count.dataReceived !== stalledAt; round++) {
      stalledAt = count.dataReceived
      const neighbour = circuit.connect(network.httpPort)
      expect(await download(neighbour.socket, 3 * MB)).to.deep.equal({ bytes: 3 * MB, sha256: testBytesSha256(3 * MB) })
      await quiet(count)
    }
    expect(count.dataReceived).to.equal(stalledAt)
    expect(count.bytesReceived - taken).to.be.at.most(mostWaiting)

    while (await read());
    expect(answer.received()).to.deep.equal({ bytes: length, sha256: testBytesSha256(length) })
    expect(count.stopsSent).to.include('XON')
    await socket.closed
  })

  it('tells the exit at which rate a slow consumer reads, and never holds more than its bound', async () => {
    const length = 40 * MB
    // The pace is the real relay's: there is no other clock to inject.
    const pieceTime = 25
    const before = ratesIn(exitLog()).length
    const { socket, count } = circuit.connect(network.httpPort)
    await request(socket, `/${length}`)
    const reader = socket.readable.getReader({ mode: 'byob' })
    const answer = new HttpAnswer()
    let view = new Uint8Array(100_000)
    let taken = 0
    let peak = 0
    for (let due = performance.now(); ; due += pieceTime) {
      const { done, value } = await reader.read(view)
      if (done) break
      taken += value.length
      answer.take(value)
      peak = Math.max(peak, count.bytesReceived - taken)
      view = new Uint8Array(value.buffer)
      // 100 kB in each 25 ms are 4 MB/s; a smaller piece earns a shorter pause.
      due -= pieceTime * (1 - value.length / view.length)
      await delay(Math.max(0, due - performance.now()))
    }
    expect(answer.received()).to.deep.equal({ bytes: length, sha256: testBytesSha256(length) })
    expect(peak).to.be.below(mostWaiting)
    expect(count.stopsSent[0]).to.equal('XOFF')
    const rates = ratesIn(exitLog())
      .slice(before)
      .filter((rate) => rate > 0)
    // Some came without an XOFF before them; and nobody can have measured more than the pace, while there was something
    // to read.
    expect(count.stopsSent.join(' ')).to.contain('XON XON')
    expect(rates.length).to.be.at.least(2)
    expect(Math.min(...rates)).to.be.within(1, 4400)
    await socket.closed
  })
})
