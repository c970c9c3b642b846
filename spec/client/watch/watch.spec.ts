import { expect } from 'chai'
import type { TorClient } from '../../../lib/client/tor-client.ts'
import type { ClientEvent, WatchOptions } from '../../../lib/client/watch/client-event.ts'
import type { StreamInfo } from '../../../lib/client/watch/circuit-info.ts'
import { echo, source } from '../../../lib/testing/exit/exits.ts'
import { readAll, rejection } from '../../stream/support/stream-fixture.ts'
import { turn } from '../../support/turn.ts'
import { ClientFixture } from '../support/client-fixture.ts'

describe('TorClient.watch', function () {
  let fixture: ClientFixture
  let tor: TorClient

  before(async () => {
    fixture = await ClientFixture.start({ congestionControl: false })
  })

  beforeEach(async () => {
    for (const relay of fixture.network.relays) relay.exit = echo()
    tor = await fixture.open()
    await fixture.ahead()
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  /** Reads on, and keeps what came. */
  function reading(options?: WatchOptions): { events: ClientEvent[]; end: () => Promise<void>; ended: Promise<void> } {
    const events: ClientEvent[] = []
    const reader = tor.watch(options).getReader()
    const ended = (async () => {
      for (;;) {
        const { value, done } = await reader.read()
        if (done) return
        events.push(value)
      }
    })()
    return { events, ended, end: () => reader.cancel() }
  }

  const streamsOf = (events: readonly ClientEvent[]): StreamInfo[] =>
    events.flatMap((event) => (event.type === 'stream' ? [event.stream] : []))
  const circuitsOf = (events: readonly ClientEvent[]) =>
    events.flatMap((event) => (event.type === 'circuit' ? [event.circuit] : []))

  it('begins with the status and every circuit that is there', async () => {
    const { events, end } = reading()
    await turn(20)
    expect(events[0]).to.deep.equal({ type: 'status', status: tor.status })
    expect(circuitsOf(events).map(({ id }) => id)).to.deep.equal(tor.circuits.map(({ id }) => id))
    expect(events.every(Object.isFrozen)).to.equal(true)
    await end()
  })

  it('tells of a stream from its first moment to its last, without any time passing', async () => {
    const { events, end } = reading()
    await turn(20) // the reader has come to the end of what there is, and waits
    const socket = tor.connect('example.com:80')
    await fixture.passing(socket.opened)
    const now = fixture.clock.now()
    await turn(20)
    await socket.close()
    await turn(20)
    const seen = streamsOf(events)
    expect([...new Set(seen.map(({ state }) => state))]).to.deep.equal(['waiting', 'connecting', 'open', 'closed'])
    expect(new Set(seen.map(({ id }) => id)).size).to.equal(1)
    expect(seen.at(-1)?.circuit).to.be.a('number')
    expect(fixture.clock.now()).to.equal(now)
    await end()
  })

  it('tells of a circuit that is built, retired and closed', async () => {
    const { events, end } = reading()
    const socket = tor.connect('example.com:80', { isolation: 'own' })
    await fixture.passing(socket.opened)
    tor.newIdentity()
    await turn(20)
    const id = socket.circuit?.id
    await fixture.passing(socket.close())
    fixture.clock.advance(31_000) // it is looked for those every half a minute
    await turn(20)
    const states = circuitsOf(events)
      .filter((circuit) => circuit.id === id)
      .map(({ state }) => state)
    expect([...new Set(states)]).to.deep.equal(['open', 'retired', 'closed'])
    expect(circuitsOf(events).map(({ state }) => state)).to.include('building')
    await end()
  })

  it('tells at each interval what has changed, and how many bytes went', async () => {
    for (const relay of fixture.network.relays) relay.exit = source({ length: 1_000_000 })
    const socket = tor.connect('example.com:80')
    await fixture.passing(socket.opened)
    await fixture.ahead()
    const { events, end } = reading({ interval: 500 })
    await turn(40)
    const before = events.length
    await fixture.passing(readAll(socket.readable))
    fixture.clock.advance(500)
    await turn(20)
    const bandwidth = events.slice(before).flatMap((event) => (event.type === 'bandwidth' ? [event] : []))
    expect(bandwidth.reduce((sum, { bytesIn }) => sum + bytesIn, 0)).to.be.greaterThan(700_000)
    expect(bandwidth.every(({ duration }) => duration >= 500)).to.equal(true)
    fixture.clock.advance(500)
    await turn(20)
    expect(events.at(-1)).to.deep.equal({ type: 'bandwidth', bytesIn: 0, bytesOut: 0, duration: 500 })
    await end()
  })

  it('gives a slow reader the newest state of each, once', async () => {
    const reader = tor.watch().getReader()
    await reader.read() // the status
    const sockets = [1, 2, 3].map((name) => tor.connect(`host${name}.example:80`))
    for (const socket of sockets) await fixture.passing(socket.opened)
    const events: ClientEvent[] = []
    for (let left = tor.circuits.length + 3; left > 0; left--) {
      const { value } = await reader.read()
      if (value !== undefined && value.type !== 'bandwidth') events.push(value)
      else left += 1
    }
    const seen = streamsOf(events)
    expect(seen.map(({ target }) => target)).to.have.members(sockets.map((_, index) => `host${index + 1}.example:80`))
    expect(seen.every(({ state }) => state === 'open')).to.equal(true)
    await reader.cancel()
  })

  it('tells one who never reads nothing, holds no timer for it, and forgets what came and went', async () => {
    const timers = fixture.clock.timers
    const reader = tor.watch({ interval: 10 }).getReader()
    for (let round = 0; round < 50; round++) {
      const socket = tor.connect('example.com:80')
      await fixture.passing(socket.opened)
      await fixture.passing(socket.close())
    }
    await turn(20)
    expect(fixture.clock.timers).to.be.at.most(timers + 1) // the client's own
    fixture.clock.advance(10)
    const events: ClientEvent[] = []
    void (async () => {
      for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) events.push(value)
    })()
    await turn(20)
    expect(events.map(({ type }) => type)).to.include('bandwidth')
    expect(circuitsOf(events).map(({ id }) => id)).to.have.members(tor.circuits.map(({ id }) => id))
    expect(streamsOf(events)).to.deep.equal([])
    await reader.cancel()
  })

  it('tells of an end to one who knows of the beginning, however late it reads', async () => {
    const reader = tor.watch().getReader()
    const socket = tor.connect('example.com:80')
    await fixture.passing(socket.opened)
    let stream: StreamInfo | undefined
    const next = async (): Promise<void> => {
      stream = undefined
      while (stream === undefined) [stream] = streamsOf([(await fixture.passing(reader.read())).value as ClientEvent])
    }
    await next()
    await fixture.passing(socket.close())
    await turn(20)
    await next()
    expect(stream).to.deep.include({ target: 'example.com:80', state: 'closed' })
    await reader.cancel()
  })

  it('gives a reader that is slower than the interval both bytes and changes', async () => {
    const reader = tor.watch({ interval: 100 }).getReader()
    const types = new Set<string>()
    for (let reads = 0; reads < 12; reads++) {
      fixture.clock.advance(1000)
      types.add((await reader.read()).value?.type ?? '')
    }
    expect(types).to.include.keys('status', 'circuit', 'bandwidth')
    await reader.cancel()
  })

  it('ends with the client, with a status that says so', async () => {
    const { events, ended } = reading()
    await turn(20)
    await fixture.passing(tor.close())
    await ended
    expect(events.at(-1)).to.deep.include({ type: 'status' })
    expect(events.at(-1)?.type === 'status' && tor.status.phase).to.equal('closed')
  })

  it('ends when its signal aborts, or has, and when it is cancelled; nothing runs on', async () => {
    const before = fixture.clock.timers
    const abort = new AbortController()
    const { ended } = reading({ signal: abort.signal })
    await turn(20)
    abort.abort()
    await ended
    await reading({ signal: AbortSignal.abort() }).ended
    const cancelled = reading()
    await turn(20)
    await cancelled.end()
    await cancelled.ended
    expect(fixture.clock.timers).to.equal(before)
  })

  it('refuses options that are none', async () => {
    const failure = (options: unknown): Promise<Error> =>
      rejection((async () => void tor.watch(options as WatchOptions))()) as Promise<Error>
    for (const [options, message] of [
      [{ interval: 1 }, 'Cannot use the option interval as it must be at least 10 ms: 1'],
      [{ interval: Number.NaN }, 'Cannot use the option interval as it must be at least 0 ms: NaN'],
      [{ signal: {} }, 'Cannot use the option signal as it is no AbortSignal'],
      [{ intervall: 1 }, 'Cannot use the option "intervall" as there is none of this name: did you mean interval?'],
    ] as const)
      expect((await failure(options)).message).to.equal(message)
  })
})
