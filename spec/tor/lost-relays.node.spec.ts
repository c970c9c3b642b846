import { expect } from 'chai'
import { Channel } from '../../lib/channel/channel.ts'
import type { Circuit } from '../../lib/circuit/circuit.ts'
import type { Relay } from '../../lib/relay.ts'
import type { SocketAddress } from '../../lib/stream/socket-address.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf, download, failure, openCircuit, putHead, readEach, request, writeTestBytes } from './support/client.ts'
import { LinkTap } from './support/link-tap.ts'
import { TorNetwork } from './support/network.ts'
import type { NetworkRelay } from './support/network.ts'
import { RawServer } from './support/raw-server.ts'

const MB = 1_000_000

type Five<T> = [T, T, T, T, T]
type LibraryError = Awaited<ReturnType<typeof failure>>

/** What has become of a circuit and everything on it. */
interface Loss {
  readonly circuit: Circuit
  readonly errors: readonly LibraryError[]
}

describe('A real relay that is lost in the middle of transfers', function () {
  let network: TorNetwork
  let silent: RawServer
  let guard: NetworkRelay
  let middle: NetworkRelay
  let lostMiddle: NetworkRelay
  let exit: NetworkRelay
  let otherExit: NetworkRelay

  const target = (): SocketAddress => ({ hostname: '127.0.0.1', port: network.httpPort })

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    // A server that takes whatever comes and says nothing.
    silent = await RawServer.start((peer) => peer.resume())
    network = await TorNetwork.start({ relays: 5, exits: 2 })
    ;[exit, otherExit, guard, middle, lostMiddle] = network.relays as Five<NetworkRelay>
  })

  after(async () => {
    await silent?.stop()
    await network?.stop()
  })

  const through = (path: readonly (NetworkRelay | undefined)[]): Relay[] => path.map((relay) => relay?.relay as Relay)

  /** Everything that a circuit through `path` has under way when `victim` is lost: what each part fails with. */
  async function lose(victim: NetworkRelay, path: readonly NetworkRelay[], channel?: Channel): Promise<Loss> {
    const circuit = openCircuit(through(path), { channel })
    const [down, up] = [circuit.connect(target()), circuit.connect(target())]
    const idle = circuit.connect({ hostname: '127.0.0.1', port: silent.port })
    await Promise.all([down.opened, up.opened, idle.opened])

    let midway!: () => void
    const underWay = new Promise<void>((resolve) => (midway = resolve))
    let bytes = 0
    await request(down, `/${500 * MB}`)
    const downloading = readEach(down.readable, (chunk) => {
      bytes += chunk.length
      if (bytes > MB) midway()
    })
    const writer = up.writable.getWriter()
    await writer.write(putHead(500 * MB))
    const uploading = writeTestBytes(writer, 500 * MB)
    const idleReader = idle.readable.getReader()
    const under = [
      circuit.closed,
      down.closed,
      up.closed,
      idle.closed,
      downloading,
      uploading,
      writer.closed,
      up.readable.getReader().read(),
      idleReader.read(),
      idleReader.closed,
      idle.writable.getWriter().closed,
    ].map(failure)
    await underWay
    await victim.kill()
    return { circuit, errors: await Promise.all(under) }
  }

  /**
   * The same, while another circuit on the same link is used, which goes on. C tor needs that: a DESTROY that it queues
   * while its connection has something to send waits there until another cell follows.
   */
  async function loseBeside(
    neighbours: readonly NetworkRelay[],
    victim: NetworkRelay,
    path: readonly NetworkRelay[],
  ): Promise<Loss> {
    const channel = await Channel.connect((path[0] as NetworkRelay).relay, { transport: new LinkTap() })
    const neighbour = openCircuit(through(neighbours), { channel })
    let isOver = false
    const going = (async () => {
      while (!isOver) expect((await download(neighbour.connect(target()), 10_000)).bytes).to.equal(10_000)
    })()
    try {
      return await Promise.race([
        lose(victim, path, channel),
        going.then(() => Promise.reject(new Error('the neighbour stopped'))),
      ])
    } finally {
      isOver = true
      await going
      await neighbour.close()
      await channel.close()
    }
  }

  const codes = (errors: readonly LibraryError[]): string[] => [...new Set(errors.map(({ code }) => code))]

  /** A relay said that the circuit is gone and why; the streams' errors have the circuit's as their cause. */
  function expectDestroyed(errors: readonly LibraryError[]): void {
    expect(codes(errors)).to.deep.equal(['CIRCUIT_DESTROYED'])
    const [first, ...others] = errors
    expect(first?.reason).to.be.above(0)
    expect(others.every(({ cause }) => cause === first)).to.equal(true)
  }

  it('as the middle makes everything on the circuit fail with the reason that the guard gives, and nothing else', async () => {
    const { circuit, errors } = await loseBeside([guard, middle, otherExit], lostMiddle, [guard, lostMiddle, exit])
    expectDestroyed(errors)
    expect(await codeOf(circuit.connect('late.test:80').opened)).to.equal('CIRCUIT_DESTROYED')
    expect(await codeOf(circuit.resolve('late.test'))).to.equal('CIRCUIT_DESTROYED')
  })

  it('as the exit makes everything on the circuit fail with the reason that the relays before it give, and nothing else', async () => {
    const { errors } = await loseBeside([guard, middle, otherExit], exit, [guard, middle, exit])
    expectDestroyed(errors)
  })

  it('as the guard makes everything on the circuit fail as the link is lost', async () => {
    const { circuit, errors } = await lose(guard, [guard, middle, otherExit])
    expect(codes(errors)).to.deep.equal(['LINK_CLOSED'])
    expect(await codeOf(circuit.connect('late.test:80').opened)).to.equal('LINK_CLOSED')
  })

  it('cannot be reached as a guard any more, nor extended to', async () => {
    expect(await codeOf(openCircuit(through([guard, middle, otherExit])).opened)).to.equal('LINK_UNREACHABLE')
    const circuit = openCircuit(through([middle, guard, otherExit]))
    const errors = await Promise.all(
      [circuit.opened, circuit.closed, circuit.connect('late.test:80').opened].map(failure),
    )
    expect(errors[1]).to.equal(errors[0])
    expectDestroyed([errors[0] as LibraryError, errors[2] as LibraryError])
  })
})
