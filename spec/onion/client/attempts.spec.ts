import { expect } from 'chai'
import { deferred } from '../../../lib/base/waiting/deferred.ts'
import type { TestOnionService } from '../../../lib/testing/onion/test-onion-service.ts'
import type { TorClient } from '../../../lib/client/tor-client.ts'
import { ClientFixture } from '../../client/support/client-fixture.ts'
import { codeOf } from '../../support/failures.ts'
import { turn } from '../../support/turn.ts'

/** How long the first stream has, and how long a client waits for a service that was told of it, in ms. */
const SHORT = 2000
const JOIN_TIMEOUT = 30_000

describe('An attempt to reach an onion service that the only stream has given up', function () {
  let fixture: ClientFixture
  let onion: TestOnionService
  let tor: TorClient

  beforeEach(async () => {
    fixture = await ClientFixture.start({ relays: 8 })
    onion = fixture.network.onionService()
    tor = await fixture.open()
  })
  afterEach(async () => {
    await fixture.tidy() // which fails unless nothing is left
    await fixture.end()
  })

  /** No relay answers before this is called. */
  function holdUp(): () => void {
    const held = deferred<'answer'>()
    for (const relay of fixture.network.relays) relay.answerCreate = () => held.promise
    return () => held.resolve('answer')
  }

  /** How many circuits the service has to clients. */
  const open = (): number => onion.circuits.filter(({ closed }) => !closed).length

  for (const how of ['by its timeout', 'by its signal'] as const) {
    it(`is for no stream that comes in the moment in which it was given up ${how}`, async () => {
      const letGo = holdUp()
      const end = new AbortController()
      const [options, code] =
        how === 'by its timeout'
          ? [{ timeout: SHORT }, 'TIMEOUT']
          : [{ signal: end.signal, timeout: 600_000 }, 'ABORTED']
      const first = codeOf(tor.connect(`${onion.hostname}:80`, options).opened)
      const next = first.then(() => {
        const socket = tor.connect(`${onion.hostname}:80`, { timeout: 600_000 })
        letGo()
        return socket.opened
      })
      await turn(50)
      end.abort()
      expect(await fixture.passing(first)).to.equal(code)
      await fixture.passing(next)
      expect(open()).to.equal(1)
    })
  }

  it('closes the circuit that it comes to nevertheless', async () => {
    const { clock } = fixture
    const end = new AbortController()
    const after = clock.after.bind(clock)
    // The service has come, and the attempt is about to say so.
    clock.after = (delay, callback) => {
      const stop = after(delay, callback)
      return () => {
        stop()
        if (delay === JOIN_TIMEOUT && onion.circuits.length > 0) end.abort()
      }
    }
    const given = tor.connect(`${onion.hostname}:80`, { signal: end.signal })
    expect(await fixture.passing(codeOf(given.opened))).to.equal('ABORTED')
    await fixture.quiet()
    expect([onion.circuits.length, open()]).to.deep.equal([1, 0])
    clock.after = after
    await fixture.passing(tor.connect(`${onion.hostname}:80`).opened)
    expect([onion.circuits.length, open()]).to.deep.equal([2, 1])
  })
})
