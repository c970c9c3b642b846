import { expect } from 'chai'
import { systemClock } from '../../../lib/base/waiting/clock.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { parseProtocols } from '../../../lib/directory/protocols.ts'
import { RelayFlag } from '../../../lib/directory/relay-flags.ts'
import { OnionClient } from '../../../lib/onion/client/onion-client.ts'
import { formatOnionAddress } from '../../../lib/onion/identity/address.ts'
import type { OnionNetwork } from '../../../lib/onion/network/onion-network.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { ServiceKeys } from '../../../lib/testing/onion/service-keys.ts'
import { seededRandom } from '../../client/support/seeded-random.ts'
import { tries } from '../../support/engines.ts'
import { failureOf } from '../../support/failures.ts'
import { seed } from '../../support/seed.ts'

const CONNECTS = tries(10_000)

/** Circuits and fetches that are counted, and come to nothing, each in its own way. */
class Counted {
  readonly failures: TorError[] = []
  rendezvous = 0
  readonly #pending: (() => void)[] = []

  get network(): OnionNetwork {
    const relay = {
      fingerprint: 'A'.repeat(40),
      flags: RelayFlag.HSDir,
      protocols: parseProtocols('HSDir=2'),
      ed25519Identity: new Uint8Array(32),
    }
    const consensus = {
      validAfter: Date.now(),
      freshUntil: Date.now() + 3_600_000,
      params: new Map(),
      sharedRandom: { current: undefined, previous: undefined },
    }
    const directory = { consensus, relays: [relay], param: (_: string, usual: number) => usual }
    return {
      clock: systemClock,
      platform: currentPlatform(),
      testing: false,
      random: () => 0,
      directory: async () => directory,
      toRendezvousPoint: (signal: AbortSignal) => {
        this.rendezvous += 1
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new TorError('ABORTED', '')), { once: true })) // prettier-ignore
      },
      ask: () =>
        new Promise((_, reject) =>
          this.#pending.push(() => {
            const failure = new TorError('DIRECTORY_UNAVAILABLE', `number ${this.failures.length}`)
            this.failures.push(failure)
            reject(failure)
          }),
        ),
      renew: () => undefined,
      congestionControl: () => undefined,
    } as unknown as OnionNetwork
  }

  get asked(): number {
    return this.#pending.length
  }

  fail(): void {
    for (const fail of this.#pending) fail()
  }
}

describe('Streams to onion services', function () {
  it(`share a rendezvous and a fetch with those of the same view, token, key and service, and with no others: ${CONNECTS}`, async () => {
    const random = seededRandom(seed)
    const bytes = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, () => random(256))
    const counted = new Counted()
    const client = new OnionClient(counted.network, undefined)
    const hostnames = [1, 2, 3].map(() => formatOnionAddress(new ServiceKeys(bytes).identity))
    const views = [Symbol('one'), Symbol('other')]
    const object = {}
    const tokens: unknown[] = [undefined, 'a', 'b', '', 0, '0', NaN, null, object, {}, Symbol('a'), Symbol('a')]
    const clientKeys = [undefined, bytes(32), bytes(32)]
    const end = new AbortController()
    const waiting: { readonly name: string; readonly failure: Promise<TorError> }[] = []
    for (let left = CONNECTS; left > 0; left--) {
      const at = [hostnames, views, tokens, clientKeys].map((list) => random(list.length))
      const [service = 0, view = 0, token = 0, key = 0] = at
      // A name below the service's is the service's, in whatever case.
      const hostname = ['', 'www.', 'a.b.'][random(3)] + (hostnames[service] as string)
      const need = {
        hostname,
        isolation: [views[view] as symbol, tokens[token]] as const,
        clientKey: clientKeys[key],
      }
      waiting.push({ name: at.join(' '), failure: failureOf(client.acquire(need, end.signal)) })
    }
    const names = new Set(waiting.map(({ name }) => name))
    while (counted.asked < names.size) await new Promise((resolve) => setTimeout(resolve))
    expect([counted.asked, counted.rendezvous]).to.deep.equal([names.size, names.size])
    counted.fail()
    const causes = new Map<unknown, string>()
    for (const { name, failure } of waiting) {
      const { code, cause } = await failure
      expect(code).to.equal('ONION_DESCRIPTOR_NOT_FOUND')
      expect(causes.get(cause) ?? name).to.equal(name)
      causes.set(cause, name)
    }
    expect(causes.size).to.equal(names.size)
    expect(new Set(causes.values()).size).to.equal(names.size)
    await client.close()
  })
})
