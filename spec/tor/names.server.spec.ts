import { expect } from 'chai'
import type { Circuit } from '../../lib/circuit/circuit.ts'
import { requireProgram } from '../support/programs.ts'
import { codeOf, failure, get, openCircuit } from './support/client.ts'
import { dnsTtl, reverseName } from './support/dns.ts'
import type { TorNetwork } from './support/network.ts'
import { sharedNetwork } from './support/shared.ts'

describe('Names and addresses at a real exit', function () {
  let network: TorNetwork
  let circuit: Circuit

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    network = await sharedNetwork()
    circuit = openCircuit(network.path())
  })

  after(() => circuit?.close())

  it('resolves a name to an address, with its time to live', async () => {
    expect(await circuit.resolve('some.name.test')).to.deep.equal([{ type: 'ipv4', address: '127.0.0.1', ttl: dnsTtl }])
  })

  it('resolves an address to its name', async () => {
    expect(await circuit.resolve('192.0.2.1')).to.deep.equal([{ type: 'hostname', hostname: reverseName, ttl: dnsTtl }])
  })

  it('fails to resolve a name that does not exist, for good', async () => {
    expect(await codeOf(circuit.resolve('nx.name.test'))).to.equal('RESOLVE_FAILED')
  })

  it('takes no internal address for an answer unless told to', async () => {
    expect(await codeOf(circuit.resolve('some.name.test', { rejectInternalAddresses: true }))).to.equal(
      'RESOLVE_TRANSIENT',
    )
  })

  it('answers 50 lookups at once, each with its own answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        index % 2 === 0 ? circuit.resolve(`name${index}.test`) : codeOf(circuit.resolve(`nx${index}.test`)),
      ),
    )
    const found = [{ type: 'ipv4', address: '127.0.0.1', ttl: dnsTtl }]
    expect(answers).to.deep.equal(answers.map((_, index) => (index % 2 === 0 ? found : 'RESOLVE_FAILED')))
  })

  it('tells the address that it connected to, and for how long the name has it', async () => {
    const named = circuit.connect(`some.name.test:${network.httpPort}`)
    const info = await named.opened
    expect(info.remoteAddress).to.equal(`127.0.0.1:${network.httpPort}`)
    // C tor blurs what it tells: 300 s, more or less up to 240.
    expect(info.ttl).to.be.within(60, 540)
    expect((await get(named, '/')).text()).to.equal('ok\n')
  })

  it('tells a time to live for an address too', async () => {
    const addressed = circuit.connect({ hostname: '127.0.0.1', port: network.httpPort })
    expect(await addressed.opened).to.deep.equal({
      remoteAddress: `127.0.0.1:${network.httpPort}`,
      localAddress: undefined,
      alpn: undefined,
      ttl: 1800,
      flowControl: 'congestion-control',
    })
    await addressed.close()
  })

  it('has an internal address refused unless told otherwise, and the circuit goes on', async () => {
    const socket = circuit.connect(`some.name.test:${network.httpPort}`, { rejectInternalAddresses: true })
    const error = await failure(socket.opened)
    expect(error).to.include({ code: 'ADDRESS_REFUSED', address: '127.0.0.1' })
    expect(await failure(socket.closed)).to.equal(error)
    expect((await get(circuit.connect(`some.name.test:${network.httpPort}`), '/')).text()).to.equal('ok\n')
  })

  it('says of a name that does not resolve just that', async () => {
    const socket = circuit.connect(`nx.name.test:${network.httpPort}`)
    expect(await failure(socket.opened)).to.include({ code: 'END_RESOLVEFAILED', reason: 2 })
  })

  it('refuses by its policy to connect over IPv6, when only that is wanted', async () => {
    const socket = circuit.connect(`v6.name.test:${network.httpPort}`, { addressFamily: 'ipv6' })
    expect(await codeOf(socket.opened)).to.equal('END_EXITPOLICY')
  })
})

describe('The directory of a real relay', function () {
  let network: TorNetwork

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    network = await sharedNetwork()
  })

  it('is read over a circuit of one hop', async () => {
    for (const { relay, nickname } of network.relays) {
      await using circuit = openCircuit([relay])
      const socket = circuit.connectDirectory()
      const answer = await get(socket, '/tor/server/authority')
      expect(answer.status).to.equal(200)
      expect(answer.text()).to.match(new RegExp(`^router ${nickname} 127\\.0\\.0\\.1 ${relay.addresses[0]?.port} `))
      expect(await socket.opened).to.include({
        remoteAddress: undefined,
        localAddress: undefined,
        alpn: undefined,
        ttl: undefined,
      })
      await socket.closed
    }
  })

  it('is read over three hops too, and says when it has not what is asked for', async () => {
    await using circuit = openCircuit(network.path())
    const answers = await Promise.all([
      get(circuit.connectDirectory(), '/tor/server/authority'),
      get(circuit.connectDirectory(), '/tor/status-vote/current/consensus'),
    ])
    expect(answers.map(({ status }) => status)).to.deep.equal([200, 404])
  })
})
