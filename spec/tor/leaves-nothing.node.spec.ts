import { expect } from 'chai'
import { setImmediate as turn } from 'node:timers/promises'
import type { Circuit } from '../../lib/circuit/circuit.ts'
import { Channel } from '../../lib/channel/channel.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf, download, failure, get, openCircuit, request, upload } from './support/client.ts'
import type { Received } from './support/http-target.ts'
import { dialled, LinkTap } from './support/link-tap.ts'
import type { TorNetwork } from './support/network.ts'
import { Outgoing } from './support/outgoing.ts'
import { until } from './support/poll.ts'
import { sharedNetwork } from './support/shared.ts'
import { testBytesSha256 } from './support/test-bytes.ts'

const MB = 1_000_000

/** The longest that the far end may take to close its connections to us, in ms. */
const patience = 5_000

const count = (kinds: RegExp): number => process.getActiveResourcesInfo().filter((name) => kinds.test(name)).length

/** Connections of this process, those of the network's HTTP server among them. */
const sockets = (): number => count(/^(TCPSocketWrap|ConnectWrap|TLSWrap|GetAddrInfoReqWrap)$/)

/** Timers that keep this process alive, mocha's among them. */
const timers = (): number => count(/^Timeout$/)

describe('What the library leaves behind', function () {
  let network: TorNetwork

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    network = await sharedNetwork()
  })

  /** Waits until this process has no connection any more. */
  async function noSockets(): Promise<void> {
    let polls = 0
    await until('every connection to be gone', AbortSignal.timeout(patience), async () => {
      if (sockets() === 0) return true
      if (++polls % 25 > 0) return false
      // C tor may leave a DESTROY in its queue until another cell goes the same way: then the exit keeps its
      // connections to the HTTP server of this process.
      await using circuit = openCircuit(network.path())
      await circuit.resolve('some.name.test')
      return false
    })
  }

  /** Runs `work` and waits until no connection is there, and no timer that was not there before. */
  async function leavesNothing(work: () => Promise<void>): Promise<void> {
    await turn() // mocha starts the timer of a spec when it first waits
    const before = timers()
    await noSockets()
    await work()
    await noSockets()
    await until('every timer to be gone', AbortSignal.timeout(patience), () => timers() <= before)
  }

  /** Everything that may be done over a circuit, some of it left undone. */
  async function use(circuit: Circuit): Promise<void> {
    const target = `some.name.test:${network.httpPort}`
    const undone = circuit.connect(target)
    await request(undone, `/${20 * MB}`)
    await Promise.all([
      download(circuit.connect(target), MB),
      upload(circuit.connect(target), MB),
      circuit.resolve('other.name.test'),
      codeOf(circuit.resolve('nx.name.test')),
      codeOf(circuit.connect('nx.name.test:80').opened),
      get(circuit.connectDirectory(), '/tor/server/authority'),
    ])
    const cancelled = circuit.connect(target)
    await cancelled.readable.cancel()
    circuit
      .connect(target)
      .close()
      .catch(() => undefined)
  }

  it('is no connection but the one to the guard, and no name lookup at all', async () => {
    const tap = new LinkTap()
    const outgoing = new Outgoing()
    outgoing.start()
    try {
      const circuit = openCircuit(network.path(), { transport: tap })
      await use(circuit)
      await circuit.close()
    } finally {
      outgoing.stop()
    }
    expect(outgoing.connections).to.deep.equal(tap.dialled)
    expect(outgoing.otherWays).to.deep.equal([])
    expect(tap.dialled).to.deep.equal([`127.0.0.1:${network.path()[0].addresses[0]?.port}`])
  })

  it('is no socket and no timer after close(), whatever was under way', async () => {
    await leavesNothing(async () => {
      for (let round = 0; round < 3; round++) {
        const circuit = openCircuit(network.path())
        await use(circuit)
        expect(sockets()).to.be.above(0)
        await circuit.close()
      }
    })
  })

  it('is nothing after a failure to build', async () => {
    await leavesNothing(async () => {
      const [guard, middle, exit] = network.path()
      const stranger = { ed25519Identity: new Uint8Array(32).fill(7) }
      for (const path of [[{ ...guard, ...stranger }], [guard, { ...middle, ...stranger }, exit]]) {
        await failure(openCircuit(path).opened)
      }
    })
  })

  it('is a channel that goes on when a circuit on it closes, and nothing when that is closed too', async () => {
    await leavesNothing(async () => {
      const [guard] = network.path()
      const channel = await Channel.connect(guard, { transport: new LinkTap() })
      const circuits = Array.from({ length: 5 }, () => openCircuit(network.path(), { channel }))
      const fetch = (circuit: Circuit): Promise<Received> =>
        download(circuit.connect({ hostname: '127.0.0.1', port: network.httpPort }), MB / 2)
      const whole = { bytes: MB / 2, sha256: testBytesSha256(MB / 2) }
      expect(await Promise.all(circuits.map(fetch))).to.deep.equal(circuits.map(() => whole))
      const others = circuits.splice(1)
      await circuits[0]?.close()
      expect(await Promise.all(others.map(fetch))).to.deep.equal(others.map(() => whole))
      await channel.close()
      expect(await Promise.all(others.map(({ closed }) => codeOf(closed)))).to.deep.equal(
        others.map(() => 'LINK_CLOSED'),
      )
    })
  })
})

after('only relays of 127.0.0.1 were dialled', () => {
  expect([...dialled].filter((address) => !/^127\.0\.0\.1:\d+$/.test(address))).to.deep.equal([])
})
