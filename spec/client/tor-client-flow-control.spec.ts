import { expect } from 'chai'
import type { TorClientOptions } from '../../lib/client/client-options.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import type { SocketInfo } from '../../lib/stream/contract/socket-info.ts'
import { echo, source } from '../../lib/testing/exit/exits.ts'
import type { TestCircuit } from '../../lib/testing/relay/test-circuit.ts'
import { ClientFixture, exit, guard } from './support/client-fixture.ts'

describe('TorClient: flow control', function () {
  let fixture: ClientFixture
  let hosts = 0

  beforeEach(async () => {
    fixture = await ClientFixture.start({ relays: [guard('guard1'), guard('guard2'), exit('exit1'), exit('exit2')] })
  })

  afterEach(async () => {
    await fixture.tidy()
    await fixture.end()
  })

  /** A stream of a new client, and the exit's end of its circuit. */
  async function connect(options: TorClientOptions = {}): Promise<{ info: SocketInfo; atExit: TestCircuit }> {
    const tor = await fixture.open(options)
    const host = `host${hosts++}.example`
    const socket = tor.connect({ hostname: host, port: 80 })
    const info = await fixture.passing(socket.opened)
    return { info, atExit: fixture.circuitOf(host).hops.at(-1) as TestCircuit }
  }

  it('is congestion control where the network and the exit have it, by the parameters of the consensus', async () => {
    for (const relay of fixture.network.relays) {
      relay.congestionControl.increment = 44
      relay.exit = source({ length: 300_000 })
    }
    fixture.network.directory.params = { cc_alg: 2, cc_sendme_inc: 45 }
    const tor = await fixture.open()
    expect(await fixture.fetch(tor, 'far.example:80')).to.have.length(300_000)
    const atExit = fixture.circuitOf('far.example').hops.at(-1) as TestCircuit
    expect(atExit.flow.rules).to.include({ kind: 'congestion-control', step: 44 })
    await fixture.passing(atExit.when(({ flow }) => flow.sendmesReceived === Math.floor(flow.dataSent / 44)))
    expect(atExit.violation).to.equal(undefined)
  })

  it('is told by a stream', async () => {
    const { info, atExit } = await connect()
    expect(info.flowControl).to.equal('congestion-control')
    expect(atExit.flow.rules.kind).to.equal('congestion-control')
  })

  for (const [why, prepare, options] of [
    ['the network says so', () => (fixture.network.directory.params = { cc_alg: 0 }), {}],
    ['the network wants an algorithm that nobody knows', () => (fixture.network.directory.params = { cc_alg: 3 }), {}],
    ['the client was opened so', () => undefined, { congestionControl: false }],
    [
      'no exit has anything else',
      () => {
        for (const relay of fixture.network.relays)
          relay.listing.protocols = relay.listing.protocols.replace('FlowCtrl=1-2', 'FlowCtrl=1')
      },
      {},
    ],
    [
      'no exit agrees to anything else',
      () => {
        for (const relay of fixture.network.relays) relay.congestionControl.enabled = false
      },
      {},
    ],
  ] as const) {
    it(`is by windows where ${why}`, async () => {
      prepare()
      const { info, atExit } = await connect(options)
      expect(info.flowControl).to.equal('windows')
      expect(atExit.flow.rules.kind).to.equal('windows')
    })
  }

  it('fetches the directory by windows, whatever streams have', async () => {
    for (const relay of fixture.network.relays) relay.exit = echo()
    await connect()
    const direct = fixture.network.circuits.filter(({ hops }) => hops.length === 1)
    expect(direct.length).to.be.at.least(1)
    for (const { flow } of direct) expect(flow.rules.kind).to.equal('windows')
  })

  it('is no option but true or false', async () => {
    for (const congestionControl of [0, 'vegas', {}, null]) {
      const options = { ...fixture.options, congestionControl } as unknown as TorClientOptions
      let error: unknown
      await TorClient.open(options).catch((thrown: unknown) => (error = thrown))
      expect(error).to.be.instanceOf(TypeError).with.property('message').that.includes('congestionControl')
    }
    expect(fixture.network.dials).to.deep.equal([])
  })
})
