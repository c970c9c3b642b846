import { expect } from 'chai'
import { deferred } from '../../../lib/base/waiting/deferred.ts'
import type { Circuit } from '../../../lib/circuit/circuit.ts'
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import type { OnionDescriptor } from '../../../lib/onion/descriptor/descriptor.ts'
import type { IntroPoint } from '../../../lib/onion/descriptor/intro-point.ts'
import type { ServiceNetwork } from '../../../lib/onion/network/service-network.ts'
import { MAX_ANSWERED } from '../../../lib/onion/service/introduction/introduction-queue.ts'
import type { OnionService } from '../../../lib/onion/service/onion-service.ts'
import { startService } from '../../../lib/onion/service/start-service.ts'
import type { X25519KeyPair } from '../../../lib/platform/crypto/curves/x25519.ts'
import { ServiceFixture } from '../support/service-fixture.ts'

const HOUR = 3_600_000

// Not in browsers: what came of a message is looked at when this thread rests, and there WebCrypto works in others.
describe('A visitor whom an onion service is on its way to', function () {
  let fixture: ServiceFixture
  let service: OnionService
  let descriptor: OnionDescriptor
  let point: IntroPoint
  /** By public key: how often each secret was forgotten. */
  let forgotten: Map<string, number>
  /** Called with each circuit to a relay, before the service has it. */
  let opened: (circuit: Circuit) => void

  beforeEach(async () => {
    fixture = await ServiceFixture.start()
    forgotten = new Map()
    opened = () => undefined
  })
  afterEach(async () => {
    await service.close()
    await fixture.settled()
    expect(fixture.clock.timers).to.equal(0)
    await fixture.end()
  })

  async function serve(pow: boolean): Promise<void> {
    const network = fixture.serviceNetwork
    const { x25519 } = network.platform
    const counted = async (): Promise<X25519KeyPair> => {
      const pair = await x25519.generateKeyPair()
      const name = encodeHex(pair.publicKey)
      const forget = pair.secretKey.forget.bind(pair.secretKey)
      pair.secretKey.forget = () => {
        forgotten.set(name, (forgotten.get(name) ?? 0) + 1)
        forget()
      }
      return pair
    }
    const watched: ServiceNetwork = {
      ...network,
      platform: {
        ...network.platform,
        x25519: {
          generateKeyPair: counted,
          secretKey: (bytes) => x25519.secretKey(bytes),
          publicKey: (key) => x25519.publicKey(key),
          sharedSecret: (key, other) => x25519.sharedSecret(key, other),
        },
      },
      toRelay: async (target, signal) => {
        const made = await network.toRelay(target, signal)
        opened(made.circuit)
        return made
      },
    }
    service = await startService(watched, { ports: [80], pow }, {})
    await fixture.settled()
    ;[descriptor] = (await fixture.descriptors(service)) as [OnionDescriptor]
    point = descriptor.introPoints[0] as IntroPoint
  }

  /** So many clients are introduced. */
  async function introduce(count: number): Promise<void> {
    for (let left = count; left > 0; left--)
      fixture.introduce(point, (await fixture.introduction(descriptor, point)).body)
    await fixture.settled()
  }

  /** From now on no circuit to where clients wait is there, until this is called. */
  function holdUp(): () => Promise<void> {
    const held = deferred<boolean>()
    const { rsaIdentity } = fixture.relays.at(-1) as { rsaIdentity: Uint8Array }
    const meetingPoint = encodeHex(rsaIdentity)
    fixture.unreachable = (identity) => (identity === meetingPoint ? held.promise : false)
    return async () => {
      fixture.unreachable = () => false
      held.resolve(false)
      await fixture.settled()
    }
  }

  const isGone = (): boolean | undefined => fixture.introCircuits.get(encodeHex(point.authKey))?.at(-1)?.closed

  /** The introduction point is there no more, nor are its keys for anybody who comes. */
  const replaced = {
    'by another, as its relay is not listed any more': async (): Promise<void> => {
      const name = encodeHex(point.target.rsaIdentity)
      fixture.relays = fixture.relays.filter(({ rsaIdentity }) => encodeHex(rsaIdentity) !== name)
      fixture.directoryChanged(HOUR)
      await fixture.settled()
    },
    'with its descriptor, as the period is over': async (): Promise<void> => {
      for (let hour = 0; hour < 24 && isGone() !== true; hour++) {
        fixture.directoryChanged(HOUR)
        await fixture.settled()
      }
    },
  }

  for (const [how, replace] of Object.entries(replaced))
    for (const [where, pow, count] of [
      ['', false, 1],
      [' while others are before him', false, MAX_ANSWERED + 1],
      [' while he waits for his turn among those who work', true, MAX_ANSWERED + 1],
    ] as const)
      it(`is met though the introduction point that he came by is replaced${where} ${how}`, async () => {
        await serve(pow)
        const letGo = holdUp()
        await introduce(count)
        await replace()
        expect([isGone(), fixture.rendezvous.length]).to.deep.equal([true, 0])
        await letGo()
        expect(fixture.rendezvous).to.have.length(count)
        // Its secret is not needed any more.
        expect(forgotten.get(encodeHex(point.encryptionKey))).to.equal(1)
      })

  it('leaves nothing of the introduction point, once he is answered', async () => {
    await serve(false)
    const letGo = holdUp()
    await introduce(1)
    await replaced['by another, as its relay is not listed any more']()
    // The way to him may be long: what he is answered with was made before.
    expect(forgotten.get(encodeHex(point.encryptionKey))).to.equal(1)
    await letGo()
  })

  it('is sent nothing by a service that was closed in the moment in which the way to him was there', async () => {
    await serve(false)
    let isOver = false
    let answers = 0
    let closed: Promise<void> | undefined
    opened = (circuit) => {
      circuit.closed.finally(() => (isOver = true)).catch(() => undefined) // whichever way it closed
      closed = service.close().then(() => {
        answers = fixture.rendezvous.length
        expect(isOver, 'the circuit is closed before the service is').to.equal(true)
      })
    }
    await introduce(1)
    await closed
    await fixture.settled()
    expect([answers, fixture.rendezvous.length, service.status.visitors]).to.deep.equal([0, 0, 0])
    expect(fixture.network.circuits.at(-1)?.closed).to.equal(true)
  })
})
