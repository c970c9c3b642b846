import { expect } from 'chai'
import type { TestOnionService } from '../../../lib/testing/onion/test-onion-service.ts'
import { ClientFixture, exchange } from '../../client/support/client-fixture.ts'
import { failureOf } from '../../support/failures.ts'

const HOUR = 3_600_000

describe('A client of an onion service, as time goes on', function () {
  let fixture: ClientFixture
  let onion: TestOnionService

  beforeEach(async () => {
    fixture = await ClientFixture.start({ relays: 8 })
    onion = fixture.network.onionService()
  })
  afterEach(async () => {
    await fixture.tidy() // which fails unless nothing is left
    await fixture.end()
  })

  it('meets it at each hour of a day and a half, and fetches its descriptor again when the period is over', async () => {
    const tor = await fixture.open()
    const asked: number[] = []
    const paths = new Set<string>()
    for (let hour = 0; hour < 36; hour++) {
      fixture.clock.advance(HOUR)
      const socket = tor.connect(`${onion.hostname}:80`)
      await fixture.passing(socket.opened)
      expect(await fixture.passing(exchange(socket, 'hello'))).to.equal('hello')
      await fixture.passing(socket.close())
      asked.push(onion.fetches)
      for (const { path } of fixture.network.directory.requests) if (path.startsWith('/tor/hs/')) paths.add(path)
    }
    // Once at first and once in each of the one or two periods that begin meanwhile.
    expect(onion.fetches).to.be.within(2, 3)
    expect(paths.size).to.equal(onion.fetches)
    expect(asked).to.deep.equal([...asked].sort((a, b) => a - b))
  })

  it('fetches it again when what it has names introduction points that are gone', async () => {
    const tor = await fixture.open()
    await fixture.passing(tor.connect(`${onion.hostname}:80`).opened)
    onion.answerIntroduce = 1
    let fetched = 0
    onion.descriptor = {
      outer: (text) => {
        fetched += 1
        onion.answerIntroduce = 0
        return text
      },
      revision: 2n,
    }
    fixture.clock.advance(11 * 60_000) // the circuit takes no more streams
    const failure = await fixture.passing(failureOf(tor.connect(`${onion.hostname}:80`).opened))
    // The same points again, which have failed just now.
    expect([failure.code, fetched]).to.deep.equal(['ONION_INTRODUCTION_FAILED', 1])
    fixture.clock.advance(3 * 60_000)
    await fixture.passing(tor.connect(`${onion.hostname}:80`).opened)
  })

  it('is told that none can be reached when its introduction points, or the relays of its descriptor, are down', async () => {
    const tor = await fixture.open()
    await fixture.passing(tor.connect(`${onion.hostname}:80`).opened)
    // Relays are dialled by their neighbours: no further circuit is extended to these.
    const points = new Set(onion.introductions.map(({ relay }) => relay))
    for (const relay of fixture.network.relays.slice(0, 3)) points.add(relay)
    for (const relay of points) relay.answerCreate = () => ({ destroy: 1 })
    const down = tor.connect(`${onion.hostname}:80`, { isolation: 'other', timeout: 600_000 })
    expect((await fixture.passing(failureOf(down.opened))).code).to.be.oneOf([
      'ONION_INTRODUCTION_FAILED',
      'ONION_DESCRIPTOR_NOT_FOUND',
      'ONION_RENDEZVOUS_FAILED',
    ])
    for (const relay of points) relay.answerCreate = undefined
    onion.answerDescriptor = 404
    const gone = tor.connect(`${onion.hostname}:80`, { isolation: 'third', timeout: 600_000 })
    expect((await fixture.passing(failureOf(gone.opened))).code).to.equal('ONION_DESCRIPTOR_NOT_FOUND')
  })
})
