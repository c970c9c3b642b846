import { expect } from 'chai'
import { Reachability } from '../../lib/cli/screen/reachability.ts'
import type { SocketError } from '../../lib/base/errors.ts'
import { CellCommand } from '../../lib/cell/commands.ts'
import type { TorClient } from '../../lib/client/tor-client.ts'
import { echo, source } from '../../lib/testing/exit/exits.ts'
import type { TestCircuit } from '../../lib/testing/relay/test-circuit.ts'
import type { Link } from '../../lib/platform/links/transport.ts'
import type { TestLink, TestRelay } from '../../lib/testing/relay/test-relay.ts'
import type { TorStream } from '../../lib/stream/tor-stream.ts'
import { codeOf, rejection } from '../stream/support/stream-fixture.ts'
import { ClientFixture, exchange, exit, guard, pathOf } from './support/client-fixture.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('TorClient: what is lost', function () {
  let fixture: ClientFixture
  let tor: TorClient
  let hosts = 0

  before(async () => {
    const relays = [
      ...Array.from({ length: 5 }, (_, index) => guard(`guard${index + 1}`)),
      exit('exit1'),
      exit('exit2'),
      exit('exit3'),
    ]
    fixture = await ClientFixture.start({
      relays,
      exit: (request) => (request.port === 80 ? echo() : source({ length: Infinity }))(request),
    })
  })

  beforeEach(async () => {
    tor = await fixture.open()
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  async function open(
    port = 80,
    options?: Parameters<TorClient['connect']>[1],
  ): Promise<{ socket: TorStream; circuit: TestCircuit; path: TestRelay[] }> {
    const host = `host${hosts++}.example`
    const socket = tor.connect({ hostname: host, port }, options)
    await fixture.passing(socket.opened)
    const circuit = fixture.circuitOf(host)
    return { socket, circuit, path: circuit.hops.map(({ relay }) => relay) }
  }

  /** As a crash has it: its links break, and nobody can dial it. */
  function kill(relay: TestRelay): void {
    relay.reachable = 'no'
    for (const link of relay.links) link.die()
  }

  it('as the network for a while costs what was open and what was begun; then streams open at once, and it is seen', async () => {
    const { socket } = await open()
    const reachability = new Reachability()
    const changes: string[] = []
    const watching = tor.watch().getReader()
    const follow = (async () => {
      for (let { value } = await watching.read(); value !== undefined; { value } = await watching.read()) {
        const change = reachability.apply(value)
        if (change !== undefined) changes.push(change)
      }
    })()
    for (const relay of fixture.network.relays) kill(relay)
    await fixture.passing(rejection(socket.closed))
    for (let round = 0; round < 3; round++) {
      const failed = tor.connect('lost.example:80', { timeout: 20_000 })
      await fixture.passing(rejection(failed.opened))
    }
    expect([reachability.isLost, ...changes]).to.deep.equal([true, 'lost'])
    for (const relay of fixture.network.relays) relay.reachable = 'yes'
    const before = fixture.clock.now()
    await open()
    expect(fixture.clock.now() - before).to.be.below(MINUTE)
    expect([reachability.isLost, ...changes]).to.deep.equal([false, 'lost', 'back'])
    await watching.cancel()
    await follow
  })

  for (const [position, name] of ['guard', 'middle', 'exit'].entries()) {
    it(`as the ${name} in the middle of a transfer breaks that stream, and the next works`, async () => {
      const { socket, path } = await open(9)
      const reader = socket.readable.getReader()
      await reader.read()
      kill(path[position] as TestRelay)
      const broken = (async () => {
        for (;;) if ((await reader.read()).done) return
      })()
      const error = (await rejection(fixture.passing(broken))) as SocketError
      expect(error.code).to.match(/^(LINK_CLOSED|CIRCUIT_DESTROYED|CIRCUIT_TRUNCATED)$/)
      expect(await codeOf(socket.closed)).to.equal(error.code)
      for (let round = 0; round < 4; round++) {
        const next = await open(80, { isolation: round })
        expect(next.path).to.not.include(path[position])
        expect(await exchange(next.socket, 'goes on')).to.equal('goes on')
      }
    })
  }

  it('as a guard that vanishes: another guard is used, and the first again when it is back after a while', async () => {
    const { path } = await open()
    const [first] = path as [TestRelay]
    kill(first)
    const other = await open()
    expect(other.path[0]).to.not.equal(first)
    first.reachable = 'yes'
    expect((await open(80, { isolation: 'soon' })).path[0]).to.equal(other.path[0])
    fixture.clock.advance(11 * MINUTE)
    // Those that are ready go through the other one still.
    const again: (TestRelay | undefined)[] = []
    for (let round = 0; round < 4; round++) again.push((await open(80, { isolation: round })).path[0])
    expect(again.at(-1)).to.equal(first)
  })

  it('as the answers of a guard: another is used once a circuit was wanted for a minute, and the first sees no new link, and no DESTROY before', async () => {
    const { path } = await open()
    const [first] = path as [TestRelay]
    const asked: number[] = []
    first.answerCreate = ({ link }) => {
      if (!link.fromClient) return 'answer'
      asked.push(fixture.clock.now())
      return 'ignore'
    }
    const ofClient = (): TestLink[] => first.links.filter(({ fromClient }) => fromClient)
    const destroyed = (): number =>
      ofClient().flatMap(({ log }) => log.filter(({ command }) => command === CellCommand.DESTROY)).length
    const before = ofClient().length
    const begun = fixture.clock.now()
    const opening = open(80, { isolation: 'another' })
    await fixture.passing(first.when(() => asked.length > 0))
    const [earliest = 0] = asked
    await fixture.passing(
      new Promise<void>((over) => fixture.clock.after(earliest + 59_000 - fixture.clock.now(), over)),
    )
    expect(destroyed()).to.equal(0)
    const other = await opening
    expect(other.path[0]).to.not.equal(first)
    // As long as others are on their way over its link the stream waits for these.
    expect(fixture.clock.now() - begun).to.be.within(60_000, 95_000)
    await fixture.passing(first.when(() => destroyed() === asked.length))
    expect(ofClient().length - before).to.equal(0)
    expect(fixture.clock.now() - (asked.at(-1) ?? 0)).to.be.within(59_000, 62_000)
  })

  it('as every guard: the stream fails with the reason, and a later one works when they are back', async () => {
    await open()
    for (const relay of fixture.network.relays) kill(relay)
    const error = (await rejection(open())) as SocketError
    expect(error.code).to.equal('LINK_UNREACHABLE')
    expect(error.attempts.length).to.be.above(0)
    for (const relay of fixture.network.relays) relay.reachable = 'yes'
    const { socket } = await open()
    expect(await exchange(socket, 'back')).to.equal('back')
  })

  it('as circuits through better guards that were away with the network: those come first again', async () => {
    const guards = fixture.network.relays.filter(({ nickname }) => nickname.startsWith('guard'))
    const order: TestRelay[] = []
    // The guards in the order in which this client takes them: each is away when the next is tried.
    for (let index = 0; index < guards.length - 1; index++) {
      const [used] = (await open(80, { isolation: `order ${index}` })).path as [TestRelay]
      order.push(used)
      kill(used)
    }
    expect(new Set(order).size).to.equal(order.length)
    fixture.clock.advance(12 * HOUR)
    for (const each of order) each.reachable = 'yes'
    const { path } = await open(80, { isolation: 'later' })
    expect(order.slice(0, 3)).to.include(path[0])
  })

  describe('as the network changes without a word', () => {
    /** Every link of the client hears and says nothing any more. */
    function silence(): void {
      for (const relay of fixture.network.relays) for (const link of relay.links) if (link.fromClient) link.stall()
    }

    it('is found out as by a tor client, where nothing tells that it has: when a circuit through each guard was wanted for a minute', async () => {
      const { path } = await open()
      silence()
      const before = fixture.clock.now()
      const next = await open(80, { timeout: 300_000 })
      expect(fixture.clock.now() - before).to.be.within(60_000, 300_000)
      expect(next.path[0]).to.not.equal(path[0])
      expect(await exchange(next.socket, 'works')).to.equal('works')
      fixture.network.dials.length = 0
      await open()
      expect(fixture.network.dials).to.deep.equal([])
    })

    it('is found out by the next stream at once where the machine has lost the address of its links', async () => {
      let place = 'home'
      const { transport } = fixture.network
      /** A link as an application's own transport may have it. */
      class MovingLink {
        readonly readable: Link['readable']
        readonly writable: Link['writable']
        readonly peerCertificate: Uint8Array
        readonly #from = place

        constructor({ readable, writable, peerCertificate }: Link) {
          this.readable = readable
          this.writable = writable
          this.peerCertificate = peerCertificate
        }

        isStranded(): boolean {
          return place !== this.#from
        }
      }
      tor = await fixture.open({
        transport: { connect: async (...dial) => new MovingLink(await transport.connect(...dial)) },
      })
      const { path, socket } = await open()
      fixture.clock.advance(1000)
      silence()
      place = 'train'
      const before = fixture.clock.now()
      const next = await open()
      expect(fixture.clock.now() - before).to.be.below(10_000)
      expect(next.path[0]).to.equal(path[0])
      expect(await exchange(next.socket, 'works')).to.equal('works')
      await socket.close()
    })

    it('is found out by the next stream at once when the machine has slept', async () => {
      const { path } = await open()
      silence()
      fixture.clock.sleep(8 * HOUR)
      const before = fixture.clock.now()
      const next = await open()
      // Less than a try would last that nobody answers.
      expect(fixture.clock.now() - before).to.be.below(10_000)
      expect(next.path[0]).to.equal(path[0])
    })
  })

  it('never is a stream that goes on while no other is opened for hours, nor over a sleep', async () => {
    const { socket, circuit } = await open()
    for (let round = 0; round < 9; round++) {
      fixture.clock.advance(20 * MINUTE)
      expect(await fixture.passing(exchange(socket, `round ${round}`))).to.equal(`round ${round}`)
    }
    fixture.clock.sleep(HOUR)
    const other = await open()
    expect(other.circuit).to.not.equal(circuit)
    expect(await exchange(socket, 'as before')).to.equal('as before')
    // Its link takes no more circuits, and goes with the last of those that it has.
    const { link } = circuit
    expect(other.circuit.link).to.not.equal(link)
    expect(link.closed).to.equal(false)
    await socket.close()
    await fixture.passing(fixture.network.when(() => link.closed))
    expect(pathOf(other.circuit)[0]).to.equal(pathOf(circuit)[0])
  })

  it('is not the guard because it refuses some circuits, as one that is overloaded does: it is asked again', async () => {
    const { socket, path } = await open()
    const [first] = path as [TestRelay]
    let refused = 0
    first.answerCreate = ({ link }) => (link.fromClient && refused++ < 3 ? { destroy: 5 } : 'answer')
    const other = await open(80, { isolation: 'other' })
    expect(other.path[0]).to.equal(first)
    expect(refused).to.be.above(3)
    expect(await exchange(other.socket, 'hello')).to.equal('hello')
    expect(await exchange(socket, 'as before')).to.equal('as before')
  })

  it('is not the guard because it refuses all circuits: no other is asked, streams on those that are there go on, and it serves when it wants to again', async () => {
    const { socket, path } = await open()
    const [first] = path as [TestRelay]
    first.answerCreate = ({ link }) => (link.fromClient ? { destroy: 5 } : 'answer')
    fixture.network.dials.length = 0
    const error = (await rejection(open(80, { isolation: 'other' }))) as SocketError
    expect(error.code).to.equal('CIRCUIT_DESTROYED')
    expect(fixture.network.dials).to.deep.equal([])
    expect(await exchange(socket, 'as before')).to.equal('as before')
    first.answerCreate = undefined
    expect((await open(80, { isolation: 'other' })).path[0]).to.equal(first)
  })

  it('as a guard that closes its link rather than answer: another is used, although the link was there before', async () => {
    const { path } = await open()
    const [first] = path as [TestRelay]
    first.answerCreate = ({ link }) => {
      if (link.fromClient) link.die()
      return 'ignore'
    }
    fixture.network.dials.length = 0
    const other = await open(80, { isolation: 'other' })
    expect(other.path[0]).to.not.equal(first)
    expect(fixture.network.dials).to.not.deep.include(first.address)
  })
})
