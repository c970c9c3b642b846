import { expect } from 'chai'
import type { ConnectOptions } from '../../../lib/client/connect-options.ts'
import type { TorClient } from '../../../lib/client/tor-client.ts'
import { OnionClientKeyPair } from '../../../lib/onion/identity/client-key-pair.ts'
import type { TestOnionService } from '../../../lib/testing/onion/test-onion-service.ts'
import { ClientFixture } from '../../client/support/client-fixture.ts'
import { failureOf } from '../../support/failures.ts'

/** After so long a directory may be asked again, in ms. */
const ASK_AGAIN = 900_000

/** Less than that on a private network. */
const SHORT = 250

/** How many relays keep a descriptor where clients look for it: two replicas, at three relays each. */
const KEEPERS = 6

describe('A client that has asked directories for an onion service', function () {
  const pair = OnionClientKeyPair.generate()
  let fixture: ClientFixture
  let tor: TorClient

  beforeEach(async () => {
    fixture = await ClientFixture.start({ relays: 8 })
    tor = await fixture.open()
  })
  afterEach(async () => {
    await fixture.tidy() // which fails unless nothing is left
    await fixture.end()
  })

  const restricted = (): TestOnionService =>
    fixture.network.onionService({ clients: [OnionClientKeyPair.generate().publicKey] })
  const connect = ({ hostname }: TestOnionService, options?: ConnectOptions): Promise<unknown> =>
    fixture.passing(tor.connect(`${hostname}:80`, options).opened)
  const failure = async (onion: TestOnionService, options?: ConnectOptions): Promise<string> =>
    (await fixture.passing(failureOf(tor.connect(`${onion.hostname}:80`, options).opened))).code

  /** The codes of so many streams, one after the other. */
  async function failures(count: number, onion: TestOnionService, options?: ConnectOptions): Promise<string[]> {
    const codes = new Set<string>()
    for (let left = count; left > 0; left--) codes.add(await failure(onion, options))
    return [...codes]
  }

  it('and has none of the keys that the service wants is told so each time, and asks nobody else', async () => {
    const onion = restricted()
    expect(await failures(KEEPERS + 3, onion)).to.deep.equal(['ONION_AUTHORIZATION_MISSING'])
    expect(onion.fetches).to.equal(1)
    fixture.clock.advance(ASK_AGAIN)
    expect(await failures(2, onion)).to.deep.equal(['ONION_AUTHORIZATION_MISSING'])
    expect(onion.fetches).to.equal(2)
  })

  it('and is given a key then asks with it at once', async () => {
    const onion = fixture.network.onionService({ clients: [pair.publicKey] })
    expect(await failure(onion)).to.equal('ONION_AUTHORIZATION_MISSING')
    await connect(onion, { onionAuth: pair.secret })
    expect(onion.fetches).to.equal(2)
  })

  it('and has a key that the service does not know is told so each time, though all have been asked', async () => {
    const onion = restricted()
    const options = { onionAuth: pair.secret }
    expect(await failures(KEEPERS + 3, onion, options)).to.deep.equal(['ONION_AUTHORIZATION_WRONG'])
    expect(onion.fetches).to.equal(KEEPERS)
    onion.answerDescriptor = 404
    fixture.clock.advance(ASK_AGAIN)
    expect(await failure(onion, options)).to.equal('ONION_DESCRIPTOR_NOT_FOUND')
  })

  it('and has a key meets the service as soon as that knows it', async () => {
    const onion = restricted()
    expect(await failure(onion, { onionAuth: pair.secret })).to.equal('ONION_AUTHORIZATION_WRONG')
    onion.clients = [pair.publicKey]
    onion.descriptor = { revision: 2n }
    await connect(onion, { onionAuth: pair.secret })
  })

  it('and has given up as often as there are directories asks them when it wants to know', async () => {
    const onion = fixture.network.onionService()
    onion.answerDescriptor = 'hang'
    expect(await failures(2 * KEEPERS, onion, { timeout: SHORT })).to.deep.equal(['TIMEOUT'])
    onion.answerDescriptor = undefined
    await connect(onion)
  })

  it('is told that a descriptor is malformed though the rest have none, and were asked by another stream', async () => {
    const onion = fixture.network.onionService()
    onion.descriptor = { outer: () => 'nothing of the kind' }
    Object.defineProperty(onion, 'answerDescriptor', {
      get: () => (onion.fetches < KEEPERS / 2 ? undefined : onion.fetches === KEEPERS / 2 ? 'hang' : 404),
    })
    expect(await failure(onion, { timeout: SHORT })).to.equal('TIMEOUT')
    expect(await failure(onion)).to.equal('ONION_DESCRIPTOR_INVALID')
    expect(onion.fetches).to.equal(KEEPERS + 1)
  })
})
