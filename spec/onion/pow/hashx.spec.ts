import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { HashXInterpreter } from '../../../lib/onion/pow/hashx/interpreter.ts'
import { makeProgram } from '../../../lib/onion/pow/hashx/program.ts'
import { HashXRandom } from '../../../lib/onion/pow/hashx/random.ts'
import { hashXKeys, sipRounds } from '../../../lib/onion/pow/hashx/sip.ts'
import { compilingMaker, interpretingMaker } from '../../../lib/onion/pow/hashx/table-maker.ts'
import { multiply, multiplyHigh, subtract, type Words } from '../../../lib/onion/pow/hashx/words.ts'
import { fc } from '../../support/seed.ts'
import { HASHES, KEYS, NO_PROGRAM, PROGRAM, RANDOM, ROUNDS } from './vectors/hashx.ts'

const go = async (): Promise<void> => undefined

/** Numbers of 64 bits as words, and back. */
const words = (numbers: readonly bigint[]): Words =>
  Int32Array.from(
    numbers.flatMap((value) => [Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n))]),
  )
const numbers = (given: Words): bigint[] =>
  Array.from({ length: given.length / 2 }, (_, index) =>
    BigInt.asUintN(64, (BigInt(given[2 * index + 1] as number) << 32n) | BigInt((given[2 * index] as number) >>> 0)),
  )

function hashOf(seed: string, input: bigint): string {
  const keys = hashXKeys(hexToBytes(seed))
  const program = makeProgram(keys.program)
  if (program === undefined) throw new Error('the seed has no program')
  const [low, high] = words([input])
  const bytes = new DataView(new ArrayBuffer(32))
  for (const [index, word] of new HashXInterpreter(program, keys).hash(low as number, high).entries())
    bytes.setInt32(4 * index, word, true)
  return bytesToHex(new Uint8Array(bytes.buffer))
}

describe('HashX', () => {
  it('has the published round of SipHash, keys of seeds, and random numbers', () => {
    const state = words(ROUNDS.before)
    sipRounds(state, 2)
    expect(numbers(state)).to.deep.equal(ROUNDS.after)
    for (const { seed, program, registers } of KEYS) {
      const keys = hashXKeys(hexToBytes(seed))
      expect([numbers(keys.program), numbers(keys.registers)]).to.deep.equal([program, registers])
    }
    const random = new HashXRandom(hashXKeys(hexToBytes('616263')).program)
    expect(RANDOM.map(([size]) => [size, random[size]()])).to.deep.equal(RANDOM)
  })

  for (const [seed, input, hash] of HASHES) {
    it(`has the published hash of ${input} for the seed ${seed}`, () => {
      expect(hashOf(seed, input)).to.equal(hash)
    })
  }

  it('has no program for a few seeds', () => {
    for (const seed of NO_PROGRAM) expect(makeProgram(hashXKeys(hexToBytes(seed)).program), seed).to.equal(undefined)
    for (const seed of PROGRAM) expect(makeProgram(hashXKeys(hexToBytes(seed)).program), seed).to.not.equal(undefined)
  })

  it('calculates with halves of 32 bits as with whole numbers', () => {
    const edge = fc.constantFrom(
      0n,
      1n,
      2n ** 31n,
      2n ** 32n - 1n,
      2n ** 32n,
      2n ** 63n - 1n,
      2n ** 63n,
      2n ** 64n - 1n,
    )
    const number = fc.oneof(edge, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }))
    const signed = (value: bigint): bigint => BigInt.asIntN(64, value)
    fc.assert(
      fc.property(number, number, (a, b) => {
        const outcome = (operate: (given: Words) => void): bigint => {
          const given = words([a, b])
          operate(given)
          return numbers(given)[0] as bigint
        }
        expect(outcome((given) => multiply(given, 0, 2))).to.equal(BigInt.asUintN(64, a * b))
        expect(outcome((given) => multiplyHigh(given, 0, 2, false))).to.equal((a * b) >> 64n)
        const high = BigInt.asUintN(64, (signed(a) * signed(b)) >> 64n)
        expect(outcome((given) => multiplyHigh(given, 0, 2, true))).to.equal(high)
        const [, , low = 0, rest = 0] = words([a, b])
        expect(outcome((given) => subtract(given, 0, low, rest))).to.equal(BigInt.asUintN(64, a - b))
      }),
    )
  })

  it('makes the same hashes compiled and interpreted', async function () {
    const [compiled, interpreted] = [compilingMaker(), interpretingMaker()]
    for (const seed of ['', '00', '6c6c6f6d706d62']) {
      const one = await compiled.make(hexToBytes(seed), go)
      const other = await interpreted.make(hexToBytes(seed), go)
      expect(one).to.deep.equal(other)
    }
    expect(await compiled.make(hexToBytes(NO_PROGRAM[0]), go)).to.equal(undefined)
    expect(await interpreted.make(hexToBytes(NO_PROGRAM[0]), go)).to.equal(undefined)
  })
})
