import { expect } from 'chai'
import type { TableMaker } from '../../../lib/onion/pow/hashx/table-maker.ts'
import type { ProofOfWork } from '../../../lib/onion/pow/puzzle.ts'
import { Workbench } from '../../../lib/onion/pow/workbench.ts'
import { failureOf } from '../../support/failures.ts'

/** Where a challenge has the service's key. */
const KEY_AT = 16

describe('A bench on which puzzles are solved beside each other', function () {
  let makers: number
  /** The keys of the puzzles, in the order of the tries. */
  let tries: string[]
  /** Called before each try. */
  let before: () => void
  let bench: Workbench
  let ends: Map<string, AbortController>

  beforeEach(() => {
    makers = 0
    tries = []
    before = () => undefined
    ends = new Map()
    let busy = 0
    // No try has a solution.
    const maker: TableMaker = {
      isCompiled: true,
      async make(seed, pause) {
        expect(++busy, 'at a time').to.equal(1)
        before()
        tries.push(String.fromCharCode(seed[KEY_AT] as number))
        try {
          await pause()
        } finally {
          busy -= 1
        }
        return undefined
      },
    }
    bench = new Workbench(async () => {
      makers += 1
      return maker
    })
  })

  function begin(name: string): Promise<ProofOfWork> {
    const end = new AbortController()
    ends.set(name, end)
    const key = new Uint8Array(32).fill(name.charCodeAt(0))
    const solved = bench.solve({ blindedKey: key, seed: key, effort: 10_000 }, end.signal)
    solved.catch(() => undefined) // looked at by whoever began it
    return solved
  }

  /** Begins and ends puzzles before tries, by their numbers; the end is the end of all. */
  async function play(steps: Readonly<Record<number, () => void>>, last: number): Promise<void> {
    await new Promise<void>((resolve) => {
      before = () => {
        steps[tries.length]?.()
        if (tries.length < last) return
        for (const end of ends.values()) end.abort()
        resolve()
      }
    })
  }

  it('has a try for each in turn, for those who come later too, and none for those who have gone', async () => {
    const all = [begin('a'), begin('b')]
    const steps = { 4: () => void all.push(begin('c')), 8: () => ends.get('a')?.abort() }
    await play(steps, 14)
    for (const each of all) expect((await failureOf(each)).code).to.equal('ABORTED')
    // The third came before the fifth try, when the next of both were in line; the first has gone before the ninth.
    expect(tries.join('')).to.equal('abababcabcbcbcb')
  })

  it('has one memory for all of them, while there are any', async () => {
    const all = [begin('a'), begin('b')]
    await play({}, 6)
    await Promise.allSettled(all)
    expect(makers).to.equal(1)
    const again = begin('a')
    await play({}, tries.length + 3)
    await Promise.allSettled([again])
    expect(makers).to.equal(2)
  })
})
