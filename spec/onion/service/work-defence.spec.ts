import { expect } from 'chai'
import { decodeBase64 } from '../../../lib/directory/text/encoding.ts'
import { EFFORT_PERIOD } from '../../../lib/onion/pow/defence/suggested-effort.ts'
import { encodeProof } from '../../../lib/onion/pow/puzzle.ts'
import { solvePuzzle } from '../../../lib/onion/pow/solve.ts'
import { MAX_MET, WorkDefence } from '../../../lib/onion/service/introduction/work-defence.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'

const BLINDED_KEY = new Uint8Array(32).fill(7)
const HOUR = 3_600_000

describe('A service that defends itself by proofs of work', function () {
  let clock: FakeClock
  let defence: WorkDefence<string>
  let met: string[]
  let forgotten: string[]
  let ends: (() => void)[]
  let changes: number

  beforeEach(() => {
    clock = new FakeClock()
    met = []
    forgotten = []
    ends = []
    changes = 0
    defence = new WorkDefence<string>({
      clock,
      random: (limit) => limit >> 1,
      meet: (visitor) => {
        met.push(visitor)
        return new Promise((resolve) => ends.push(resolve))
      },
      forget: (visitor) => void forgotten.push(visitor),
      changed: () => void (changes += 1),
    })
  })
  afterEach(() => {
    defence.close()
    expect(clock.timers).to.equal(0)
  })

  const asked = (): { readonly seed: Uint8Array; readonly effort: number; readonly expires: number } => {
    const [keyword, version, seed = '', effort, time] = defence.line.trimEnd().split(' ')
    expect([keyword, version, defence.line.at(-1)]).to.deep.equal(['pow-params', 'v1', '\n'])
    return { seed: decodeBase64(seed) as Uint8Array, effort: Number(effort), expires: Date.parse(`${time}Z`) }
  }

  async function proof(effort: number, blindedKey: Uint8Array = BLINDED_KEY): Promise<Uint8Array> {
    const { seed } = asked()
    return encodeProof(await solvePuzzle({ blindedKey, seed, effort }), seed)
  }

  /** Takes every place, so that whoever comes must wait. */
  const crowd = (): void => {
    for (let at = 0; at < MAX_MET; at++) defence.add(`first ${at}`, undefined, BLINDED_KEY)
  }

  const endOne = async (): Promise<string | undefined> => {
    ends.shift()?.()
    await turn()
    return met.at(-1)
  }

  it('asks for nothing while it can meet all who come', () => {
    crowd()
    expect(met).to.have.length(MAX_MET)
    expect(asked().effort).to.equal(0)
    clock.advance(EFFORT_PERIOD)
    expect([asked().effort, changes]).to.deep.equal([0, 0])
  })

  it('asks for more while clients wait, and tells it; for less when nobody does', async () => {
    crowd()
    for (let at = 0; at < 20; at++) defence.add(`waits ${at}`, undefined, BLINDED_KEY)
    clock.advance(EFFORT_PERIOD)
    expect([asked().effort, changes]).to.deep.equal([1, 1])
    while (ends.length > 0) await endOne()
    clock.advance(2 * EFFORT_PERIOD)
    expect([asked().effort, changes]).to.deep.equal([0, 2])
  })

  it('meets those first who have worked most, and those who have done nothing last', async () => {
    const [little, more] = [await proof(1), await proof(2)]
    crowd()
    defence.add('nothing', undefined, BLINDED_KEY)
    defence.add('little', little, BLINDED_KEY)
    defence.add('more', more, BLINDED_KEY)
    expect(defence.waiting).to.equal(3)
    expect([await endOne(), await endOne(), await endOne()]).to.deep.equal(['more', 'little', 'nothing'])
  })

  for (const [what, change] of [
    ['that it has taken', (bytes: Uint8Array) => bytes],
    ['with another effort', (bytes: Uint8Array) => bytes.with(20, bytes[20]! ^ 3)],
    ['for a seed that nobody gave out', (bytes: Uint8Array) => bytes.with(21, bytes[21]! ^ 1)],
    ['with another solution', (bytes: Uint8Array) => bytes.with(25, bytes[25]! ^ 1)],
    ['of a scheme that is not known', (bytes: Uint8Array) => bytes.with(0, 2)],
    ['cut short', (bytes: Uint8Array) => bytes.subarray(0, -1)],
    ['with a byte more', (bytes: Uint8Array) => new Uint8Array([...bytes, 0])],
    ['of no bytes', () => new Uint8Array()],
  ] as const) {
    it(`passes over a proof ${what}`, async () => {
      const good = await proof(1)
      defence.add('good', good, BLINDED_KEY)
      defence.add('bad', change(good), BLINDED_KEY)
      expect([met, forgotten]).to.deep.equal([['good'], ['bad']])
      expect(defence.waiting).to.equal(0)
    })
  }

  it('passes over a proof that was made for another descriptor', async () => {
    defence.add('bad', await proof(1, new Uint8Array(32).fill(8)), BLINDED_KEY)
    expect(met).to.deep.equal([])
  })

  it('gives out another seed within two hours, tells it, and takes proofs for the last one as long again', async () => {
    const old = await proof(1)
    const { seed, expires } = asked()
    expect(expires - clock.now()).to.be.within(6_299_000, 7_200_000)
    clock.advance(2 * HOUR)
    expect(changes).to.equal(1)
    expect(asked().seed).to.not.deep.equal(seed)
    defence.add('late', old, BLINDED_KEY)
    expect(met).to.deep.equal(['late'])
    clock.advance(2 * HOUR)
    defence.add('too late', old, BLINDED_KEY)
    expect(met).to.deep.equal(['late'])
  })

  it('forgets whoever has waited for so long that he has given up', async () => {
    crowd()
    defence.add('gone', undefined, BLINDED_KEY)
    clock.advance(16_000)
    defence.add('there', undefined, BLINDED_KEY)
    expect(await endOne()).to.equal('there')
    expect(forgotten).to.deep.equal(['gone'])
  })

  it('meets nobody any more once it is closed', async () => {
    crowd()
    defence.add('waits', undefined, BLINDED_KEY)
    defence.close()
    await endOne()
    defence.add('comes', undefined, BLINDED_KEY)
    expect(met).to.have.length(MAX_MET)
    expect(forgotten).to.deep.equal(['waits', 'comes'])
  })
})
