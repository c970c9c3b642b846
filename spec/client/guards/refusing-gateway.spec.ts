import { expect } from 'chai'
import type { NetworkDirectory } from '../../../lib/directory/network-directory.ts'
import { GuardManager, type GuardPick } from '../../../lib/client/guards/guards.ts'
import { parseGuardState } from '../../../lib/client/guards/guard-state.ts'
import { DAY, EPOCH, generatedDirectory, HOUR, type RelayPlan } from '../support/generated-directory.ts'
import { seededRandom } from '../support/seeded-random.ts'

const MINUTE = 60_000
/** How long a client waits at most before it tries again while nothing works. */
const BETWEEN_TRIES = MINUTE

/**
 * A client all of whose links go through one gateway. A page cannot tell a gateway that refuses a relay from a relay that is
 * down, so a refusal counts as a guard's failure.
 */
class Client {
  now = EPOCH
  /** The guards that were dialled, by fingerprint. */
  readonly dialled = new Set<string>()
  readonly manager: GuardManager
  readonly #plans: readonly RelayPlan[]
  readonly #options: { readonly now: () => number; readonly random: (bound: number) => number }

  constructor(guards: number, seed = 1, state?: string) {
    this.#plans = Array.from({ length: guards }, () => ({ flags: ['Guard'] }))
    this.#options = { now: () => this.now, random: seededRandom(seed) }
    this.manager = GuardManager.load(state, { ...this.#options, directory: this.#directory() })
  }

  #directory(): NetworkDirectory {
    return generatedDirectory(this.#plans, { validAfter: this.now })
  }

  /** Time passes, and the consensus is renewed. */
  passes(time: number): void {
    this.now += time
    this.manager.updateDirectory(this.#directory())
  }

  /** Begins a circuit; undefined when the gateway refuses its guard. */
  dial(admits: (fingerprint: string) => boolean): GuardPick | undefined {
    const pick = this.manager.pick() ?? expect.fail('no guard was picked')
    this.dialled.add(pick.relay.fingerprint)
    if (admits(pick.relay.fingerprint)) return pick
    this.manager.failed(pick)
    return undefined
  }

  /** Begins circuits for so long; true when one came about. */
  tryFor(time: number, admits: (fingerprint: string) => boolean): boolean {
    for (const end = this.now + time; this.now < end; this.now += BETWEEN_TRIES) {
      if (this.dial(admits) !== undefined) return true
    }
    return false
  }
}

const nobody = (): boolean => false
const everybody = (): boolean => true

describe('A gateway that refuses relays', () => {
  for (const [guards, most] of [
    [1000, 60], // guard-max-sample-size
    [200, 40], // guard-max-sample-threshold-percent, 20
    [50, 20], // guard-min-filtered-sample-size
  ] as const) {
    it(`sees a client try ${most} of ${guards} guards in a hundred days, whatever it refuses`, () => {
      const client = new Client(guards)
      for (let days = 0; days < 100; days += 10) {
        client.tryFor(2 * HOUR, nobody)
        client.passes(10 * DAY)
      }
      expect(client.dialled.size).to.equal(most)
      expect([...client.dialled]).to.have.members(client.manager.sampled)
    })
  }

  it('brings in no guard that the client had not sampled: one that it admits alone is never tried', () => {
    const client = new Client(1000)
    client.tryFor(2 * HOUR, nobody)
    const { sampled } = client.manager
    expect(sampled).to.have.lengthOf(60)
    const strangers = (fingerprint: string): boolean => !sampled.includes(fingerprint)
    for (let days = 0; days < 100; days += 20) {
      expect(client.tryFor(2 * HOUR, strangers)).to.equal(false)
      client.passes(20 * DAY)
    }
    expect(client.manager.sampled).to.deep.equal(sampled)
  })

  it('has the client use the one that it admits, if that is among the sampled: a fifth of all clients, where the sample is a fifth of the guards', () => {
    const relays = 100
    const accomplice = '1'.padStart(40, '0')
    let reached = 0
    for (let seed = 1; seed <= 100; seed++) {
      const client = new Client(relays, seed)
      if (client.tryFor(HOUR, (fingerprint) => fingerprint === accomplice)) reached += 1
      expect(client.dialled.size).to.be.at.most(20)
    }
    expect(reached).to.be.within(8, 34) // 20, and 3.5 times 4 on either side
  })

  it('leaves a client with the order that its guards had, and nothing of the refusals once it restarts', () => {
    const client = new Client(1000)
    const [first] = client.manager.primaries
    client.tryFor(HOUR, nobody)
    const kept = client.manager.save()
    expect(parseGuardState(kept)?.filter(({ confirmedAt }) => confirmedAt !== undefined)).to.deep.equal([])
    const again = new Client(1000, 2, kept)
    expect(again.manager.primaries[0]).to.equal(first)
    expect(again.dial(everybody)?.relay.fingerprint).to.equal(first)
  })

  it('loses the client to the guard that was its first, within ten minutes of admitting that', () => {
    const client = new Client(1000)
    const [first] = client.manager.primaries
    client.manager.succeeded(client.dial(everybody) as GuardPick)
    const { sampled } = client.manager
    const chosen = sampled[10] as string
    let pick: GuardPick | undefined
    for (let tries = 0; pick === undefined && tries < 100; tries++) {
      pick = client.dial((fingerprint) => fingerprint === chosen)
      client.now += 1000
    }
    expect(client.manager.succeeded(pick as GuardPick)).to.equal('use')
    expect(client.manager.primaries, 'the one that was chosen is among them').to.include(chosen)
    expect(client.manager.primaries[0], 'and not ahead of the first').to.equal(first)
    client.now += 10 * MINUTE
    expect(client.dial(everybody)?.relay.fingerprint).to.equal(first)
  })
})
