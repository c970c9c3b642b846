/**
 * Equi-X (proposal 327): eight numbers of 16 bits whose hashes add up to nothing in their low 60 bits, in pairs in 15 and
 * in fours in 30. To find them takes all 65,536 hashes; to check them, eight.
 *
 * @module
 */
import { HASHES, type HashTable } from './hashx/hash-table.ts'
import { HashXInterpreter } from './hashx/interpreter.ts'
import { makeProgram } from './hashx/program.ts'
import { hashXKeys } from './hashx/sip.ts'
import { add, type Words } from './hashx/words.ts'

/** How many numbers a solution has. */
export const SOLUTION_SIZE = 8

/** Eight numbers of 16 bits, of which the left half of each pair, four and eight is not after the right one. */
export type EquiXSolution = readonly number[]

const BUCKETS = 32_768

/** How many pairs of each stage are kept. There are 65,536, give or take a few hundred. */
const MAX_PAIRS = 98_304

/** What is the matter with numbers that are no solution. */
export type EquiXFault = 'no program' | 'order' | 'sum'

/** Whether it is a solution to the challenge: undefined if so, otherwise why not. */
export function faultOf(challenge: Uint8Array, solution: EquiXSolution): EquiXFault | undefined {
  if (solution.length !== SOLUTION_SIZE || !isOrdered(solution)) return 'order'
  const keys = hashXKeys(challenge)
  const program = makeProgram(keys.program)
  if (program === undefined) return 'no program'
  const hashX = new HashXInterpreter(program, keys)
  const sums: Words = new Int32Array(2 * SOLUTION_SIZE)
  for (const [at, number] of solution.entries()) {
    const hash = hashX.hash(number)
    sums[2 * at] = hash[0] as number
    sums[2 * at + 1] = hash[1] as number
  }
  const isZero = [
    (low: number) => (low & 0x7fff) === 0,
    (low: number) => (low & 0x3fff_ffff) === 0,
    (low: number, high: number) => low === 0 && (high & 0x0fff_ffff) === 0,
  ]
  for (const [level, isNothing] of isZero.entries()) {
    const width = 2 << level
    for (let at = 0; at < 2 * SOLUTION_SIZE; at += 2 * width) {
      add(sums, at, sums[at + width] as number, sums[at + width + 1] as number)
      if (!isNothing(sums[at] as number, sums[at + 1] as number)) return 'sum'
    }
  }
  return undefined
}

/** Two halves, which are compared from the last number backwards. */
function isBefore(left: EquiXSolution, right: EquiXSolution): boolean {
  for (let at = left.length - 1; at >= 0; at--)
    if (left[at] !== right[at]) return (left[at] as number) < (right[at] as number)
  return true
}

function isOrdered(solution: EquiXSolution): boolean {
  for (let half = SOLUTION_SIZE / 2; half >= 1; half /= 2)
    for (let at = 0; at < SOLUTION_SIZE; at += 2 * half)
      if (!isBefore(solution.slice(at, at + half), solution.slice(at + half, at + 2 * half))) return false
  return true
}

/** Finds solutions. Its memory, some 3 MB, serves one table after the other. */
export class EquiXSolver {
  /** Pairs of numbers whose first 15 bits add up to nothing: both numbers, and of the sum the next 15 and 30 bits. */
  readonly #pairs = {
    left: new Uint16Array(MAX_PAIRS),
    right: new Uint16Array(MAX_PAIRS),
    next: new Uint16Array(MAX_PAIRS),
    rest: new Int32Array(MAX_PAIRS),
    count: 0,
  }
  /** Pairs of those, likewise. */
  readonly #fours = {
    left: new Int32Array(MAX_PAIRS),
    right: new Int32Array(MAX_PAIRS),
    next: new Uint16Array(MAX_PAIRS),
    rest: new Int32Array(MAX_PAIRS),
    count: 0,
  }
  readonly #starts = new Int32Array(BUCKETS + 1)
  readonly #ends = new Int32Array(BUCKETS)
  readonly #order = new Int32Array(MAX_PAIRS)

  /** Every solution, in no order. */
  solve({ first, second, third }: HashTable): EquiXSolution[] {
    const pairs = this.#pairs
    const fours = this.#fours
    pairs.count = fours.count = 0
    this.#matching(first, HASHES, (left, right) => {
      if (pairs.count === MAX_PAIRS) return
      const at = pairs.count++
      const carry = ((first[left] as number) + (first[right] as number)) >> 15
      const next = (second[left] as number) + (second[right] as number) + carry
      pairs.left[at] = left
      pairs.right[at] = right
      pairs.next[at] = next & 0x7fff
      pairs.rest[at] = (third[left] as number) + (third[right] as number) + (next >> 15)
    })
    this.#matching(pairs.next, pairs.count, (left, right) => {
      if (fours.count === MAX_PAIRS) return
      const at = fours.count++
      const carry = ((pairs.next[left] as number) + (pairs.next[right] as number)) >> 15
      const rest = (pairs.rest[left] as number) + (pairs.rest[right] as number) + carry
      fours.left[at] = left
      fours.right[at] = right
      fours.next[at] = rest & 0x7fff
      fours.rest[at] = rest
    })
    const found: EquiXSolution[] = []
    this.#matching(fours.next, fours.count, (left, right) => {
      if ((((fours.rest[left] as number) + (fours.rest[right] as number)) & 0x3fff_ffff) !== 0) return
      const solution = inOrder(this.#four(left), this.#four(right))
      if (new Set(solution).size === SOLUTION_SIZE) found.push(solution)
    })
    return found
  }

  /** Sorts by 15 bits, and calls with each two whose bits add up to nothing. */
  #matching(bits: Uint16Array, count: number, each: (left: number, right: number) => void): void {
    const starts = this.#starts.fill(0)
    const order = this.#order
    for (let at = 0; at < count; at++) {
      const bucket = (bits[at] as number) + 1
      starts[bucket] = (starts[bucket] as number) + 1
    }
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      starts[bucket + 1] = (starts[bucket + 1] as number) + (starts[bucket] as number)
    const ends = this.#ends
    ends.set(starts.subarray(0, BUCKETS))
    for (let at = 0; at < count; at++) {
      const bucket = bits[at] as number
      const place = ends[bucket] as number
      order[place] = at
      ends[bucket] = place + 1
    }
    for (let bucket = 0; bucket <= BUCKETS / 2; bucket++) {
      const other = (BUCKETS - bucket) % BUCKETS
      for (let left = starts[bucket] as number; left < (ends[bucket] as number); left++) {
        const from = other === bucket ? left + 1 : (starts[other] as number)
        for (let right = from; right < (ends[other] as number); right++)
          each(order[left] as number, order[right] as number)
      }
    }
  }

  #pair(at: number): EquiXSolution {
    return inOrder([this.#pairs.left[at] as number], [this.#pairs.right[at] as number])
  }

  #four(at: number): EquiXSolution {
    return inOrder(this.#pair(this.#fours.left[at] as number), this.#pair(this.#fours.right[at] as number))
  }
}

const inOrder = (one: EquiXSolution, other: EquiXSolution): EquiXSolution =>
  isBefore(one, other) ? [...one, ...other] : [...other, ...one]
