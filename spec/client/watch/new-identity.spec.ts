import { expect } from 'chai'
import type { TorClient } from '../../../lib/client/tor-client.ts'
import { createFetch } from '../../../lib/fetch/create-fetch.ts'
import type { ExitHandler } from '../../../lib/testing/exit/exit.ts'
import { echo } from '../../../lib/testing/exit/exits.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import { ok, redirect } from '../../fetch/support/fetch-case.ts'
import { ScriptedConnection, type SeenRequest } from '../../fetch/support/scripted-server.ts'
import { turn } from '../../support/turn.ts'
import { ClientFixture, exchange, pathOf } from '../support/client-fixture.ts'

describe('TorClient.newIdentity', function () {
  let fixture: ClientFixture
  let tor: TorClient
  let hosts = 0

  before(async () => {
    fixture = await ClientFixture.start()
  })

  beforeEach(async () => {
    for (const relay of fixture.network.relays) relay.exit = echo()
    tor = await fixture.open()
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  async function open(options?: Parameters<TorClient['connect']>[1], client = tor) {
    const host = `host${hosts++}.example`
    const socket = client.connect({ hostname: host, port: 80 }, options)
    await fixture.passing(socket.opened)
    return { socket, circuit: fixture.circuitOf(host) }
  }

  const links = (): number => fixture.network.dials.length

  it('lets nothing that begins now share a circuit with what was before, whatever its token and view', async () => {
    const views = [tor, tor.isolated()]
    const tokens = [undefined, 'token', { an: 'object' }]
    const before = new Set<TestCircuit>()
    for (const view of views) for (const isolation of tokens) before.add((await open({ isolation }, view)).circuit)
    tor.newIdentity()
    for (const view of views) {
      for (const isolation of tokens) {
        const { circuit } = await open({ isolation }, view)
        expect(before.has(circuit)).to.equal(false)
        expect((await open({ isolation }, view)).circuit).to.equal(circuit)
      }
    }
    expect((await open({}, tor.isolated())).socket.outdated).to.equal(false)
  })

  it('lets old streams go on, and closes their circuit after the last of them', async () => {
    const { socket, circuit } = await open()
    expect(socket.outdated).to.equal(false)
    tor.newIdentity()
    expect(socket.outdated).to.equal(true)
    expect(await fixture.passing(exchange(socket, 'still here'))).to.equal('still here')
    await fixture.quiet()
    expect(circuit.closed).to.equal(false)
    await fixture.passing(socket.close())
    await fixture.passing(fixture.network.when(() => circuit.closed))
  })

  it('closes at once the circuits that have carried streams and carry none, and keeps those that are clean', async () => {
    const { socket, circuit } = await open()
    await fixture.passing(socket.close())
    await fixture.ahead()
    const clean = fixture.network.circuits.filter((each) => !each.closed && each !== circuit && each.hops.length === 3)
    tor.newIdentity()
    await fixture.passing(fixture.network.when(() => circuit.closed))
    expect(clean.every(({ closed }) => !closed)).to.equal(true)
    expect(clean).to.include((await open()).circuit)
  })

  it('keeps the guard, and the link to it', async () => {
    const { circuit } = await open()
    const dialled = links()
    tor.newIdentity()
    const { circuit: other } = await open()
    expect(pathOf(other)[0]).to.equal(pathOf(circuit)[0])
    expect(links()).to.equal(dialled)
  })

  it('holds for a stream that waits for its circuit: it is of the identity in which it began', async () => {
    await fixture.quiet()
    const early = tor.connect('early.example:80', { isolation: 'same' })
    tor.newIdentity()
    const late = tor.connect('late.example:80', { isolation: 'same' })
    await fixture.passing(Promise.all([early.opened, late.opened]))
    expect(early.outdated).to.equal(true)
    expect(late.outdated).to.equal(false)
    expect(fixture.circuitOf('early.example')).to.not.equal(fixture.circuitOf('late.example'))
    const again = tor.connect('again.example:80', { isolation: 'same' })
    await fixture.passing(again.opened)
    expect(fixture.circuitOf('again.example')).to.equal(fixture.circuitOf('late.example'))
  })

  it('does so again and again, and builds nothing ahead for it', async () => {
    await fixture.quiet()
    const built = fixture.built
    for (let round = 0; round < 1000; round++) tor.newIdentity()
    await fixture.quiet()
    expect(fixture.built).to.equal(built)
    await open()
  })

  it('does nothing to a client that is closed', async () => {
    await fixture.passing(tor.close())
    tor.newIdentity()
    expect(tor.status.phase).to.equal('closed')
  })

  describe('and fetch', () => {
    let origins: ScriptedConnection[] = []
    let answer: (request: SeenRequest, origin: ScriptedConnection) => void

    const connectToOrigin: ExitHandler = ({ host, port }) => {
      const origin = new ScriptedConnection({ hostname: host, port }, { secureTransport: 'off' }, (request, each) =>
        answer(request, each),
      )
      origins.push(origin)
      const { readable, writable } = origin.socket
      return { readable, writable: writable as WritableStream<Uint8Array>, address: '203.0.113.80', ttl: 60 }
    }

    beforeEach(() => {
      origins = []
      answer = (_, origin) => origin.send(ok())
      for (const relay of fixture.network.relays) relay.exit = connectToOrigin
    })

    const text = async (fetching: Promise<Response>): Promise<string> =>
      fixture.passing((await fixture.passing(fetching)).text())

    it('a connection that waits is closed, and another one is made', async () => {
      await text(tor.fetch('http://one.example/'))
      await text(tor.fetch('http://one.example/'))
      expect(origins).to.have.length(1)
      tor.newIdentity()
      await fixture.passing(fixture.network.when(() => circuitsTo('one.example').every(isLeft)))
      await text(tor.fetch('http://one.example/'))
      expect(origins).to.have.length(2)
      expect(new Set(circuitsTo('one.example')).size).to.equal(2)
    })

    it('a fetch that is under way is answered, and its connection is not used again', async () => {
      let respond = (): void => undefined
      answer = (_, origin) => (respond = () => origin.send(ok('slow')))
      const slow = tor.fetch('http://one.example/')
      await fixture.passing(waitFor(() => origins[0]?.requests.length === 1))
      tor.newIdentity()
      answer = (_, origin) => origin.send(ok('new'))
      respond()
      expect(await text(slow)).to.equal('slow')
      expect(await text(tor.fetch('http://one.example/'))).to.equal('new')
      expect(origins).to.have.length(2)
    })

    it('a fetch that began in the same turn is no worse for it', async () => {
      const fetching = tor.fetch('http://one.example/')
      tor.newIdentity()
      expect((await fixture.passing(fetching)).status).to.equal(200)
    })

    it('a redirect stays with the identity in which its fetch began', async () => {
      let respond = (): void => undefined
      answer = (_, origin) => (respond = () => origin.send(redirect(302, 'http://two.example/')))
      const old = tor.fetch('http://one.example/')
      await fixture.passing(waitFor(() => origins[0]?.requests.length === 1))
      tor.newIdentity()
      answer = (_, origin) => origin.send(ok())
      await text(tor.fetch('http://three.example/'))
      respond()
      await text(old)
      const [two, three] = [circuitsTo('two.example'), circuitsTo('three.example')]
      expect(two).to.have.length(1)
      expect(three).to.not.include(two[0])
    })

    it('a fetch of createFetch does not use the connections of an earlier identity', async () => {
      const fetch = createFetch({ connect: (address, options) => tor.connect(address, options), clock: fixture.clock })
      await text(fetch('http://one.example/'))
      tor.newIdentity()
      await text(fetch('http://one.example/'))
      expect(origins).to.have.length(2)
      await text(fetch('http://one.example/'))
      expect(origins).to.have.length(2)
      fetch.close()
    })

    const circuitsTo = (host: string): TestCircuit[] =>
      fixture.network.circuits.filter(({ hops }) =>
        [...(hops.at(-1)?.streams.values() ?? [])].some(({ target }) => target?.host === host),
      )
    const isLeft = ({ closed, hops }: TestCircuit): boolean =>
      closed || [...(hops.at(-1)?.streams.values() ?? [])].every(({ endReceived }) => endReceived !== undefined)
    const waitFor = async (done: () => boolean): Promise<void> => {
      while (!done()) await turn()
    }
  })
})
