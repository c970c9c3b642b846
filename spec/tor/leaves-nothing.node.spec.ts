import { expect } from 'chai'
import { createHook } from 'node:async_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import type { Circuit } from '../../lib/circuit/circuit.ts'
import { Channel } from '../../lib/channel/channel.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf, download, get, openCircuit, request, upload } from './support/client.ts'
import { dialled, LinkTap } from './support/link-tap.ts'
import type { TorNetwork } from './support/network.ts'
import { until } from './support/poll.ts'
import { networkTimeout, sharedNetwork } from './support/shared.ts'

const MB = 1_000_000

/** The longest that the far end may take to close its connections to us, in ms. */
const patience = 5_000

/** Sockets and timers that keep this process alive, those of the network and of mocha among them. */
async function alive(): Promise<number> {
  await turn() // mocha starts the timer of a spec when it first waits
  if (Math.random() < 0.02) console.log((process as any)._getActiveHandles().filter((h: any) => h.remotePort || h.localPort).map((h: any) => [h.constructor.name, h.localPort, h.remotePort, h.bytesWritten, h.writableLength, h.bytesRead, h.readableEnded, h.writableEnded, h.destroyed].join(' ')))
  return process.getActiveResourcesInfo().filter((name) => /^(TCPSocketWrap|ConnectWrap|TLSWrap|GetAddrInfoReqWrap|Timeout)$/.test(name)).length
}

/** Waits until no more than `before` are left. The exit closes its connections to the HTTP server of this process a little later. */
const gone = (before: number): Promise<unknown> =>
  until('sockets and timers to be gone', AbortSignal.timeout(patience), async () => (await alive()) <= before)

describe('What the library leaves behind', function () {
  this.timeout(networkTimeout)
  let network: TorNetwork

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    network = await sharedNetwork()
  })

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
    circuit.connect(target).close().catch(() => undefined)
  }

  it('is no connection but the one to the guard, and no name lookup at all', async () => {
    const made: string[] = []
    const tap = new LinkTap()
    const hook = createHook({
      init: (_, type) => {
        if (/^(TCPCONNECTWRAP|PIPECONNECTWRAP|GETADDRINFOREQWRAP|GETNAMEINFOREQWRAP|QUERYWRAP|UDPWRAP)$/.test(type)) made.push(type)
      },
    }).enable()
    try {
      const circuit = openCircuit(network.path(), { transport: tap })
      await use(circuit)
      await circuit.close()
    } finally {
      hook.disable()
    }
    expect(made).to.deep.equal(['TCPCONNECTWRAP'])
    expect(tap.dialled).to.deep.equal([`127.0.0.1:${network.path()[0].addresses[0]?.port}`])
  })

  it('is no socket and no timer after close()', async () => {
    const before = await alive()
    for (let round = 0; round < 3; round++) {
      const circuit = openCircuit(network.path())
      await use(circuit)
      expect(await alive()).to.be.above(before)
      await circuit.close()
    }
    await gone(before)
  })

  it('is a channel that goes on when a circuit on it closes, and nothing when that is closed too', async () => {
    const before = await alive()
    const [guard] = network.path()
    const tap = new LinkTap()
    const channel = await Channel.connect(guard, { transport: tap })
    const circuits = Array.from({ length: 5 }, () => openCircuit(network.path(), { channel }))
    await Promise.all(circuits.map((circuit) => download(circuit.connect({ hostname: '127.0.0.1', port: network.httpPort }), 10_000)))
    await circuits[0]?.close()
    const [, second] = circuits
    if (second === undefined) throw new Error('there is no second circuit')
    expect((await download(second.connect({ hostname: '127.0.0.1', port: network.httpPort }), MB)).bytes).to.equal(MB)
    await channel.close()
    expect(await Promise.all(circuits.slice(1).map(({ closed }) => codeOf(closed)))).to.deep.equal(Array(4).fill('LINK_CLOSED'))
    await gone(before)
  })
})

after('only relays of 127.0.0.1 were dialled', () => {
  expect([...dialled].filter((address) => !/^127\.0\.0\.1:\d+$/.test(address))).to.deep.equal([])
})
