/**
 * HashX without a compiler: each instruction is looked at and done. It is what verifies, where eight hashes are enough,
 * and what solves where a page forbids WebAssembly, some twenty times slower.
 *
 * @module
 */
import { PROGRAM_SIZE, type HashXProgram } from './program.ts'
import { Op } from './schedule.ts'
import { sipRound, sipRounds, STATE_WORDS, type HashXKeys } from './sip.ts'
import { add, exclusiveOr, multiply, multiplyHigh, rotateLeft, subtract, type Words } from './words.ts'

const REGISTERS = 8

export class HashXInterpreter {
  readonly #program: HashXProgram
  readonly #key: Words
  readonly #state: Words = new Int32Array(2 * STATE_WORDS)
  readonly #registers: Words = new Int32Array(2 * REGISTERS)

  constructor(program: HashXProgram, { registers }: Pick<HashXKeys, 'registers'>) {
    this.#program = program
    this.#key = registers
  }

  /**
   * The hash of a number of 64 bits: four words, of which Equi-X takes the first. They hold until the next one is made.
   */
  hash(low: number, high = 0): Words {
    const registers = this.#registers
    const key = this.#key
    this.#begin(low, high)
    this.#run()
    add(registers, 0, key[0] as number, key[1] as number)
    add(registers, 2, key[2] as number, key[3] as number)
    add(registers, 12, key[4] as number, key[5] as number)
    add(registers, 14, key[6] as number, key[7] as number)
    sipRound(registers, 0, 2, 4, 6)
    sipRound(registers, 8, 10, 12, 14)
    for (let at = 0; at < 2 * STATE_WORDS; at += 2) exclusiveOr(registers, at, at + 2 * STATE_WORDS)
    return registers.subarray(0, 2 * STATE_WORDS)
  }

  /** What the registers are before the first instruction. */
  #begin(low: number, high: number): void {
    const v = this.#state
    v.set(this.#key)
    v[2] = (v[2] as number) ^ 0xee
    v[6] = (v[6] as number) ^ low
    v[7] = (v[7] as number) ^ high
    sipRounds(v, 2)
    v[0] = (v[0] as number) ^ low
    v[1] = (v[1] as number) ^ high
    v[4] = (v[4] as number) ^ 0xee
    sipRounds(v, 4)
    this.#registers.set(v, 0)
    v[2] = v[2] ^ 0xdd
    sipRounds(v, 4)
    this.#registers.set(v, 2 * STATE_WORDS)
  }

  #run(): void {
    const r = this.#registers
    const { ops, sources, destinations, immediates } = this.#program
    let mayBranch = true
    let target = 0
    let product = 0
    for (let at = 0; at < PROGRAM_SIZE; at++) {
      const to = 2 * (destinations[at] as number)
      const from = 2 * (sources[at] as number)
      const immediate = immediates[at] as number
      switch (ops[at] as number) {
        case Op.MUL:
          multiply(r, to, from)
          break
        case Op.UMULH:
        case Op.SMULH:
          multiplyHigh(r, to, from, ops[at] === Op.SMULH)
          product = r[to] as number
          break
        case Op.ADDSHIFT: {
          const low = r[from] as number
          const high = r[from + 1] as number
          if (immediate === 0) add(r, to, low, high)
          else add(r, to, low << immediate, (high << immediate) | (low >>> (32 - immediate)))
          break
        }
        case Op.ADDC:
          add(r, to, immediate, immediate >> 31)
          break
        case Op.SUB:
          subtract(r, to, r[from] as number, r[from + 1] as number)
          break
        case Op.XOR:
          exclusiveOr(r, to, from)
          break
        case Op.XORC:
          r[to] = (r[to] as number) ^ immediate
          r[to + 1] = (r[to + 1] as number) ^ (immediate >> 31)
          break
        case Op.ROR:
          rotateLeft(r, to, 64 - immediate)
          break
        case Op.TARGET:
          target = at
          break
        case Op.BRANCH:
          if (mayBranch && (immediate & product) === 0) {
            mayBranch = false
            at = target
          }
          break
      }
    }
  }
}
