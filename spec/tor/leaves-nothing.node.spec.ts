import { expect } from 'chai'
import { createHook } from 'node:async_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import type { Circuit } from '../../lib/circuit/circuit.ts'
import { Channel } from '../../lib/channel/channel.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf, download, get, openCircuit, request, upload } from './support/client.ts'
import { dialled, LinkTap } from './support/link-tap.ts'
import type { TorNetwork } from './support/network.ts'
import { networkTimeout, sharedNetwork } from './support/shared.ts'

const MB = 1_000_000

/** Sockets of this process that are open or being opened. */
const sockets = (): number => process.getActiveResourcesInfo().filter((name) => /^(TCPSocket|TLS|Pipe|TCPConnect|TLSWrap|GetAddrInfo|Timeout)/.test(name)).length

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
    const hook = createHook({
      init: (_, type) => {
        if (/^(TCPCONNECTWRAP|PIPECONNECTWRAP|GETADDRINFOREQWRAP|GETNAMEINFOREQWRAP|QUERYWRAP|UDPWRAP)$/.test(type)) made.push(type)
      },
    }).enable()
    try {
      const circuit = openCircuit(network.path())
      await use(circuit)
      await circuit.close()
    } finally {
      hook.disable()
    }
    expect(made).to.deep.equal(['TCPCONNECTWRAP'])
  })

  it('is no socket and no timer after close()', async () => {
    const before = sockets(); console.log(process.getActiveResourcesInfo())
    for (let round = 0; round < 3; round++) {
      const circuit = openCircuit(network.path())
      await use(circuit)
      const during = sockets()
      expect(during).to.be.above(before)
      await circuit.close()
    }
    // The exit still closes its connections to the HTTP server of this process.
    for (let n = 0; sockets() > before; n++) { await turn(); if (n % 200000 === 0) console.log(before, process.getActiveResourcesInfo()) }
    expect(sockets()).to.be.at.most(before)
  })

  it('is a channel that goes on when a circuit on it closes, and nothing when that is closed too', async () => {
    const before = sockets(); console.log(process.getActiveResourcesInfo())
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
    for (let n = 0; sockets() > before; n++) { await turn(); if (n % 200000 === 0) console.log(before, process.getActiveResourcesInfo()) }
    expect(sockets()).to.be.at.most(before)
  })
})

after('only relays of 127.0.0.1 were dialled', () => {
  expect([...dialled].filter((address) => !/^127\.0\.0\.1:\d+$/.test(address))).to.deep.equal([])
})
