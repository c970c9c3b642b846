import { expect } from 'chai'
import { Circuit } from '../../lib/circuit/circuit.ts'
import { serveSocks } from '../../lib/socks/serve-socks.ts'
import { FakeClient } from '../proxy/support/fakes.ts'
import { turn } from '../support/turn.ts'
import { watchedSignal } from '../support/watched-signal.ts'
import { ClientFixture } from './support/client-fixture.ts'

/** Runtimes warn of a leak from the eleventh listener on. */
const MANY = 25

describe('One signal for many', function () {
  let fixture: ClientFixture
  before(async () => {
    fixture = await ClientFixture.start()
  })
  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  it('streams, lookups, fetches, circuits and clients of a proxy has one listener, and none when they are over', async () => {
    const { network } = fixture
    const tor = await fixture.open()
    const { signal, abort, listeners, most } = watchedSignal()
    const proxied: Promise<void>[] = []
    const pending: Promise<unknown>[] = []
    for (let count = 0; count < MANY; count++) {
      const { connect, resolve } = tor
      const client = new FakeClient()
      proxied.push(serveSocks(client.connection, { connect, resolve, signal }))
      pending.push(
        tor.connect('example.com:80', { signal }).closed,
        tor.resolve('example.com', { signal }),
        tor.fetch('http://example.com/', { signal }),
        Circuit.open(network.path(), { transport: network.transport, clock: fixture.clock, signal }).closed,
      )
    }
    const outcomes = Promise.allSettled(pending)
    await turn(3)
    expect(listeners()).to.equal(1)
    abort.abort(new Error('enough'))
    for (const { status } of await fixture.passing(outcomes)) expect(status).to.equal('rejected')
    await Promise.all(proxied)
    await turn(3)
    expect(most()).to.equal(1)
    expect(listeners()).to.equal(0)
  })
})
