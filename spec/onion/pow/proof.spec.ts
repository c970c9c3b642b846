import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { clientEffort } from '../../../lib/onion/pow/client-effort.ts'
import { ProofJudge } from '../../../lib/onion/pow/defence/proof-judge.ts'
import { EquiXSolver } from '../../../lib/onion/pow/equix.ts'
import { compilingMaker, interpretingMaker, type TableMaker } from '../../../lib/onion/pow/hashx/table-maker.ts'
import {
  challengeOf,
  decodeProof,
  encodeProof,
  isWorth,
  solutionBytes,
  type ProofOfWork,
  type Puzzle,
} from '../../../lib/onion/pow/puzzle.ts'
import { solvePuzzle } from '../../../lib/onion/pow/solve.ts'
import { proofFault } from '../../../lib/onion/pow/verify.ts'
import { failureOf } from '../../support/failures.ts'
import { seededRandom } from '../../client/support/seeded-random.ts'
import { fc, seed } from '../../support/seed.ts'
import { SOLVED, VERIFIED } from './vectors/proofs.ts'

const maker = compilingMaker()
const noPause = async (): Promise<void> => undefined

interface Vector {
  readonly blindedKey: string
  readonly seed: string
  readonly effort: number
}
const puzzleOf = ({ blindedKey, seed, effort }: Vector): Puzzle => ({
  blindedKey: hexToBytes(blindedKey),
  seed: hexToBytes(seed),
  effort,
})

/** All solutions of a nonce that are worth the effort. */
async function worthOf(puzzle: Puzzle, nonce: Uint8Array): Promise<string[]> {
  const challenge = challengeOf(puzzle, nonce)
  const table = await maker.make(challenge, noPause)
  const all = table ? new EquiXSolver().solve(table).map(solutionBytes) : []
  return all.filter((solution) => isWorth(challenge, solution, puzzle.effort)).map(bytesToHex)
}

describe('A proof of work', function () {
  for (const { name, fault, seedHead, ...vector } of VERIFIED) {
    it(`is judged as published: ${name}`, () => {
      const proof = { nonce: hexToBytes(vector.nonce), effort: vector.effort, solution: hexToBytes(vector.solution) }
      const judge = new ProofJudge({
        now: () => 0,
        random: seededRandom(seed),
        randomBytes: () => hexToBytes(vector.seed),
      })
      const judged = judge.judge(hexToBytes(vector.blindedKey), { ...proof, seedHead: hexToBytes(seedHead) })
      expect(judged).to.equal(fault ?? 'good')
      if (fault !== 'seed') expect(proofFault(puzzleOf(vector), proof)).to.equal(fault)
    })
  }

  for (const vector of SOLVED) {
    it(`is made as published: effort ${vector.effort} from nonce ${vector.first}`, async () => {
      const puzzle = puzzleOf(vector)
      const proof = await solvePuzzle(puzzle, { nonce: hexToBytes(vector.first), maker, pause: noPause })
      expect([bytesToHex(proof.nonce), proof.effort]).to.deep.equal([vector.nonce, vector.effort])
      // Where several are worth the effort any of them will do.
      const all = await worthOf(puzzle, proof.nonce)
      expect(all).to.include(vector.solution).and.to.include(bytesToHex(proof.solution))
      expect(proofFault(puzzle, proof)).to.equal(undefined)
    })
  }

  it('is made without a compiler too, at no great effort', async () => {
    const [vector] = SOLVED.filter(({ effort }) => effort === 10)
    if (vector === undefined) throw new Error('there is none')
    const options = { nonce: hexToBytes(vector.nonce), maker: interpretingMaker(), pause: noPause }
    expect(bytesToHex((await solvePuzzle(puzzleOf(vector), options)).solution)).to.equal(vector.solution)
    const empty: TableMaker = { isCompiled: false, make: (_, pause) => pause().then(() => undefined) }
    const made: Uint8Array[] = []
    const abort = new AbortController()
    const watched: TableMaker = {
      ...empty,
      make: (challenge) => {
        made.push(challenge)
        abort.abort()
        return Promise.resolve(undefined)
      },
    }
    const given = solvePuzzle({ ...puzzleOf(vector), effort: 10_000 }, { maker: watched, signal: abort.signal })
    expect((await failureOf(given)).code).to.equal('ABORTED')
    expect([...(made[0] as Uint8Array).subarray(-4)]).to.deep.equal([0, 0, 0, 20])
  })

  it('goes on from the last nonce to the first', async () => {
    const [vector] = SOLVED.filter(({ first }) => /^f{32}$/.test(first))
    expect(vector?.nonce).to.equal(`01${'00'.repeat(15)}`)
  })

  it('lets other tasks have their turn, and ends when it is not wanted any more', async () => {
    for (const made of [maker, interpretingMaker()]) {
      const abort = new AbortController()
      let turns = 0
      const pause = async (): Promise<void> => {
        turns += 1
        if (turns === 3) abort.abort(new Error('not any more'))
      }
      const puzzle = { blindedKey: new Uint8Array(32), seed: new Uint8Array(32), effort: 0xffff_ffff }
      const failure = await failureOf(solvePuzzle(puzzle, { maker: made, signal: abort.signal, pause }))
      expect([failure.code, turns]).to.deep.equal(['ABORTED', 3])
    }
  })

  it('is made of puzzles only', async () => {
    const puzzle = { blindedKey: new Uint8Array(32), seed: new Uint8Array(32), effort: 1 }
    const wrong: unknown[] = [
      undefined,
      null,
      7,
      { ...puzzle, blindedKey: new Uint8Array(31) },
      { ...puzzle, seed: 'seed' },
      { ...puzzle, effort: -1 },
      { ...puzzle, effort: 2 ** 32 },
      { ...puzzle, effort: 1.5 },
    ]
    for (const each of wrong)
      expect(await solvePuzzle(each as Puzzle).catch((error: unknown) => error)).to.match(/Cannot solve a puzzle/)
  })

  it('fills an extension of 41 bytes, and nothing but such bytes is read', () => {
    const bytes = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length })
    fc.assert(
      fc.property(bytes(16), fc.nat({ max: 0xffff_ffff }), bytes(16), bytes(32), (nonce, effort, solution, seed) => {
        const proof: ProofOfWork = { nonce, effort, solution }
        const data = encodeProof(proof, seed)
        expect(data).to.have.length(41)
        expect(decodeProof(data)).to.deep.equal({ ...proof, seedHead: seed.subarray(0, 4) })
        expect(() => decodeProof(data.subarray(0, 40)))
          .to.throw()
          .with.property('code', 'CELL_MALFORMED')
        expect(() => decodeProof(Uint8Array.of(...data, 0)))
          .to.throw()
          .with.property('code', 'CELL_MALFORMED')
        data[0] = 2
        expect(decodeProof(data)).to.equal(undefined)
      }),
    )
  })
})

describe('The effort of a client', () => {
  it('is what the service suggests, up to what C tor makes and what the user allows', () => {
    expect([0, 1, 10_000, 0xffff_ffff].map((suggested) => clientEffort(suggested, 0))).to.deep.equal([
      0, 1, 10_000, 10_000,
    ])
    expect(clientEffort(500, 0, 100)).to.equal(100)
    expect(clientEffort(500, 3, 0)).to.equal(0)
  })

  it('is doubled below 1000 and half as much again above, each time that an introduction came to nothing', () => {
    const raised = (suggested: number): number[] => [1, 2, 3].map((failures) => clientEffort(suggested, failures))
    expect(raised(0)).to.deep.equal([8, 16, 32])
    expect(raised(3)).to.deep.equal([8, 16, 32])
    expect(raised(600)).to.deep.equal([1200, 1800, 2700])
    expect(raised(9000)).to.deep.equal([10_000, 10_000, 10_000])
    expect(clientEffort(7, 1_000_000)).to.equal(10_000)
  })
})
