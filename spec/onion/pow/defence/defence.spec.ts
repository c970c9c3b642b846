import { expect } from 'chai'
import { ProofJudge } from '../../../../lib/onion/pow/defence/proof-judge.ts'
import { RequestQueue } from '../../../../lib/onion/pow/defence/request-queue.ts'
import { SuggestedEffort } from '../../../../lib/onion/pow/defence/suggested-effort.ts'
import { compilingMaker } from '../../../../lib/onion/pow/hashx/table-maker.ts'
import type { ReceivedProof } from '../../../../lib/onion/pow/puzzle.ts'
import { solvePuzzle } from '../../../../lib/onion/pow/solve.ts'
import { seededRandom } from '../../../client/support/seeded-random.ts'
import { fc, seed } from '../../../support/seed.ts'

const KEY = new Uint8Array(32).fill(7)
const maker = compilingMaker()

describe('A service that asks for work', function () {
  let now = 0
  const judgeOf = (randomBytes?: (length: number) => Uint8Array): ProofJudge =>
    new ProofJudge({ now: () => now, random: seededRandom(seed), randomBytes })
  const solved = async (judge: ProofJudge, effort = 1): Promise<ReceivedProof> => {
    const { seed } = judge.current
    const proof = await solvePuzzle({ blindedKey: KEY, seed, effort }, { maker, pause: async () => undefined })
    return { ...proof, seedHead: seed.subarray(0, 4) }
  }

  beforeEach(() => {
    now = 1_000_000
  })

  it('takes a proof once, for its own key and effort', async () => {
    const judge = judgeOf()
    const proof = await solved(judge)
    expect(judge.judge(new Uint8Array(32), proof)).to.be.oneOf(['solution', 'effort'])
    expect(judge.judge(KEY, { ...proof, effort: 2 })).to.be.oneOf(['solution', 'effort'])
    expect(judge.judge(KEY, proof)).to.equal('good')
    expect(judge.judge(KEY, proof)).to.equal('replay')
  })

  it('goes by two seeds: the one of now, and the one before', async () => {
    const judge = judgeOf()
    const first = await solved(judge)
    expect(judge.renew()).to.equal(false)
    now = judge.current.expires
    expect(now - 1_000_000).to.be.within(6_300_000, 7_200_000)
    expect(judge.renew()).to.equal(true)
    expect(judge.judge(KEY, first)).to.equal('good')
    expect(judge.judge(KEY, first)).to.equal('replay')
    const second = await solved(judge)
    now = judge.current.expires
    expect(judge.renew()).to.equal(true)
    expect(judge.judge(KEY, first)).to.equal('seed')
    expect(judge.judge(KEY, second)).to.equal('good')
    // Long after, neither holds.
    now = judge.current.expires + 7_200_000
    judge.renew()
    expect(judge.judge(KEY, second)).to.equal('seed')
  })

  it('does not keep a seed for ever when the clock is set back, nor give out two that begin alike', () => {
    const drawn = [1, 1, 1, 2].values()
    const judge = judgeOf((length) => new Uint8Array(length).fill(drawn.next().value ?? 3))
    now = -1e12
    expect(judge.renew()).to.equal(true)
    expect(judge.current.seed[0]).to.equal(2)
  })

  it('serves those first who worked most, then those who came first, and nobody who has gone', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ effort: fc.nat({ max: 5 }), wait: fc.nat({ max: 3000 }) })), (clients) => {
        now = 0
        const gone: number[] = []
        const queue = new RequestQueue<number>(
          () => now,
          (request) => void gone.push(request),
        )
        const came = clients.map(({ effort, wait }, at) => {
          now += wait
          queue.push(at, effort)
          return { at, effort, since: now }
        })
        const expected = came
          .filter(({ since }) => since > now - 15_000)
          .sort((a, b) => b.effort - a.effort || a.since - b.since)
        const served: { effort: number | undefined; since: number | undefined }[] = []
        for (let next = queue.take(); next !== undefined; next = queue.take())
          served.push({ effort: came[next]?.effort, since: came[next]?.since })
        expect(served).to.deep.equal(expected.map(({ effort, since }) => ({ effort, since })))
        expect(queue.length).to.equal(0)
        expect(gone.length + served.length).to.equal(clients.length)
        expect(gone.every((at) => (came[at]?.since ?? now) <= now - 15_000)).to.equal(true)
      }),
    )
  })

  it('turns those away who worked least when too many wait', () => {
    const gone: number[] = []
    const queue = new RequestQueue<number>(
      () => now,
      (request) => void gone.push(request),
      100,
    )
    for (let effort = 0; effort < 10_000; effort++) queue.push(effort, effort)
    expect(queue.length).to.be.at.most(100)
    expect(queue.take()).to.equal(9999)
    const trimmed = queue.takeTrimmed()
    expect(trimmed.count).to.be.greaterThan(9800)
    expect(trimmed.effort).to.be.within(9800, 9999)
    expect(queue.takeTrimmed()).to.deep.equal({ count: 0, effort: 0 })
    expect(gone).to.have.length(trimmed.count)
    queue.clear()
    // Each was let go of once, but the one that was taken.
    expect([queue.length, new Set(gone).size, gone.length]).to.deep.equal([0, 9999, 9999])
  })

  it('asks for more while some are turned away or wait in spite of it, and for less once nobody waits', () => {
    const effort = new SuggestedEffort()
    const queue = new RequestQueue<number>(
      () => now,
      () => undefined,
      40,
    )
    expect(effort.update(queue)).to.equal(false)
    expect(effort.value).to.equal(0)
    for (let at = 0; at < 100; at++) queue.push(at, 0)
    effort.queued(queue)
    expect(effort.update(queue)).to.equal(true)
    expect(effort.value).to.equal(1)
    // Those who were served had worked more than that.
    for (let at = 0; at < 10; at++) effort.handled(50, queue)
    for (let at = 0; at < 100; at++) queue.push(at, 60)
    expect(effort.update(queue)).to.equal(true)
    expect(effort.value).to.equal(50)
    // They wait, and have worked less than is asked for: as much as before.
    while (queue.take() !== undefined);
    for (let at = 0; at < 20; at++) queue.push(at, 1)
    effort.queued(queue)
    expect([effort.update(queue), effort.value]).to.deep.equal([false, 50])
    while (queue.take() !== undefined);
    const falling = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(() => {
      effort.update(queue)
      return effort.value
    })
    expect(falling).to.deep.equal([33, 22, 14, 9, 6, 4, 2, 1, 0])
  })
})
