import { expect } from 'chai'
import type { Circuit } from '../../lib/circuit/circuit.ts'
import type { Relay } from '../../lib/relay.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf, download, failure, openCircuit, putHead, readEach, request, writeTestBytes } from './support/client.ts'
import { TorNetwork } from './support/network.ts'
import type { NetworkRelay } from './support/network.ts'
import { RawServer } from './support/raw-server.ts'
import { networkTimeout } from './support/shared.ts'

const MB = 1_000_000

type LibraryError = Awaited<ReturnType<typeof failure>>

describe('A real relay that is lost in the middle of transfers', function () {
  this.timeout(networkTimeout)
  let network: TorNetwork
  let silent: RawServer
  let exits: NetworkRelay[]
  let others: NetworkRelay[]

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    // A server that takes whatever comes and says nothing.
    silent = await RawServer.start((peer) => peer.resume())
    network = await TorNetwork.start({ relays: 5, exits: 2 })
    exits = network.relays.filter(({ isExit }) => isExit)
    others = network.relays.filter(({ isExit }) => !isExit)
  })

  after(async () => {
    await silent?.stop()
    await network?.stop()
  })

  /** Everything that a circuit through `path` has under way when `victim` is lost: what each part fails with. */
  async function lose(victim: NetworkRelay, path: readonly (NetworkRelay | undefined)[]): Promise<{ circuit: Circuit; errors: LibraryError[] }> {
    const circuit = openCircuit(path.map((relay) => relay?.relay as Relay))
    const toTarget = { hostname: '127.0.0.1', port: network.httpPort }
    const [down, up, idle] = [circuit.connect(toTarget), circuit.connect(toTarget), circuit.connect({ hostname: '127.0.0.1', port: silent.port })]
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
      circuit.closed, down.closed, up.closed, idle.closed, downloading, uploading, writer.closed, up.readable.getReader().read(),
      idleReader.read(), idleReader.closed, idle.writable.getWriter().closed,
    ].map(failure)
    await underWay
    await victim.kill()
    return { circuit, errors: await Promise.all(under) }
  }

  const codes = (errors: readonly LibraryError[]): string[] => [...new Set(errors.map(({ code }) => code))]

  /** A relay said that the circuit is gone and why; the streams' errors have the circuit's as their cause. */
  function expectDestroyed(errors: readonly LibraryError[]): void {
    expect(codes(errors)).to.deep.equal(['CIRCUIT_DESTROYED'])
    const [first, ...others] = errors
    expect(first?.reason).to.be.above(0)
    expect(others.every(({ cause }) => cause === first)).to.equal(true)
  }

  it('as the middle makes everything on the circuit fail with the reason that the guard gives', async () => {
    const [guard, middle] = others
    const { circuit, errors } = await lose(middle as NetworkRelay, [guard, middle, exits[0]])
    expectDestroyed(errors)
    expect(await codeOf(circuit.connect('late.test:80').opened)).to.equal('CIRCUIT_DESTROYED')
    expect(await codeOf(circuit.resolve('late.test'))).to.equal('CIRCUIT_DESTROYED')
  })

  it('as the exit makes everything on the circuit fail with the reason that the relay before it gives', async () => {
    const [guard, , middle] = others
    const { errors } = await lose(exits[0] as NetworkRelay, [guard, middle, exits[0]])
    expectDestroyed(errors)
  })

  it('leaves circuits through the others alone', async () => {
    const [guard, , middle] = others
    await using circuit = openCircuit([guard, middle, exits[1]].map((relay) => relay?.relay as Relay))
    const received = await download(circuit.connect({ hostname: '127.0.0.1', port: network.httpPort }), MB)
    expect(received.bytes).to.equal(MB)
  })

  it('as the guard makes everything on the circuit fail as the link is lost', async () => {
    const [guard, , middle] = others
    const { errors } = await lose(guard as NetworkRelay, [guard, middle, exits[1]])
    expect(codes(errors)).to.deep.equal(['LINK_CLOSED'])
  })

  it('leaves a new circuit through it without a path: who would be the guard cannot be reached, the middle not be extended to', async () => {
    const [guard, , middle] = others
    const unreachable = openCircuit([guard, middle, exits[1]].map((relay) => relay?.relay as Relay))
    expect(await codeOf(unreachable.opened)).to.equal('LINK_UNREACHABLE')
    const broken = openCircuit([middle, guard, exits[1]].map((relay) => relay?.relay as Relay))
    const error = await failure(broken.opened)
    expectDestroyed([error])
    expect(await failure(broken.closed)).to.equal(error)
  })
})
