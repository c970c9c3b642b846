import { expect } from 'chai'
import type { PooledCircuit } from '../../../../lib/client/circuits/pooled-circuit.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { seed } from '../../../support/seed.ts'
import { tries } from '../../../support/engines.ts'
import { settle, SimulatedPool, type SimulatedExit } from './support/simulated-pool.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND

const EXITS: readonly SimulatedExit[] = [
  { ports: [80, 443], isStable: false },
  { ports: [6667, 443], isStable: true },
  { ports: 'all', isStable: false },
]

const ATTACHMENTS = tries(10_000)

describe('Isolation', () => {
  it(`is never broken: ${ATTACHMENTS} streams of 4 views and 6 tokens, with failures, new identities and hours between`, async () => {
    const random = seededRandom(seed)
    const simulated = new SimulatedPool(EXITS, random)
    const { pool, clock } = simulated
    simulated.fails = () => random(8) === 0
    const views = [0, 1, 2, 3].map((index) => Symbol(`view ${index}`))
    const tokens = [undefined, undefined, 'a', 1, Symbol('b'), {}]
    const ports = [443, 443, 443, 80, 6667, 25, undefined]
    /** Whose each circuit is, and of which identity. */
    const owners = new Map<
      PooledCircuit,
      { readonly view: symbol; readonly token: unknown; readonly identity: number }
    >()
    let identity = 0
    let attached = 0
    let shared = 0
    const attach = async (): Promise<void> => {
      const [view, token] = [views[random(views.length)] as symbol, tokens[random(tokens.length)]]
      const port = ports[random(ports.length)]
      const mine = identity
      const circuit = await pool.acquire({ ports: port === undefined ? [] : [port], isolation: { view, token } })
      attached += 1
      const owner = owners.get(circuit)
      if (owner === undefined) owners.set(circuit, { view, token, identity: mine })
      else {
        shared += 1
        expect(owner.view, 'the view').to.equal(view)
        expect(owner.token, 'the token').to.equal(token)
        // Who began before a new identity may find what was before it.
        expect(owner.identity, 'the identity').to.be.at.most(identity)
        if (mine === identity) expect(owner.identity, 'the identity').to.equal(mine)
      }
      if (random(20) === 0) circuit.failed('silence', { ports: [] })
      clock.after(1 + random(5 * MINUTE), () => circuit.released())
    }
    const warm = pool.warmUp(new AbortController().signal)
    for (let begun = 0; begun < ATTACHMENTS;) {
      const burst = Math.min(1 + random(8), ATTACHMENTS - begun)
      begun += burst
      const all = Array.from({ length: burst }, attach)
      let pending = true
      void Promise.allSettled(all).then(() => (pending = false))
      while (pending) await simulated.pass(SECOND)
      await Promise.all(all)
      await simulated.pass(random(40) === 0 ? random(90 * MINUTE) : random(20 * SECOND))
      if (random(60) === 0) {
        identity += 1
        // As the client's views are others from then on, so are these.
        for (let index = 0; index < views.length; index++) views[index] = Symbol(`view ${index} of ${identity}`)
        pool.renew()
      }
    }
    await warm
    expect(attached).to.equal(ATTACHMENTS)
    expect(shared, 'streams that shared a circuit').to.be.above(ATTACHMENTS / 4)
    const closed = simulated.close()
    await settle()
    await closed
  })
})
