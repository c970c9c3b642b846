/**
 * HashX programs (proposal 327, by reference to Equi-X): 512 instructions that a seed draws, so that they are as much
 * work on any machine as on the one that they are made for. A few seeds have no program.
 *
 * @module
 */
import { HashXRandom } from './random.ts'
import { latencyOf, Op, Schedule, sizeOf } from './schedule.ts'
import type { Words } from './words.ts'

/** Instructions of a program. */
export const PROGRAM_SIZE = 512

/** A program has so many multiplications, and its last result is there in this cycle, or it is none. */
const MULTIPLICATIONS = 192
const LAST_RESULT = 194

const REGISTERS = [0, 1, 2, 3, 4, 5, 6, 7] as const

/** The register that no instruction of this kind may write to, as the processor has a longer form of it then. */
const NO_ADDSHIFT_TO = 5

/** Which instruction is drawn where nothing else is due: at first, and once it had no place. */
const USUAL = [Op.ROR, Op.XORC, Op.ADDC, Op.ADDC, Op.SUB, Op.XOR, Op.XORC, Op.ADDSHIFT] as const
const RETRY = [Op.ROR, Op.XORC, Op.ADDC, Op.ADDC] as const
const WIDE = [Op.SMULH, Op.UMULH] as const

/** Every twelve cycles the same kinds of instruction come again, one third of a cycle each. */
const ROUND = 36
const TARGET_AT = 1
const BRANCH_AT = 19
const WIDE_AT = [12, 24] as const
const MULTIPLY_EVERY = 3

/** How many bits of the last wide product a branch looks at. */
const BRANCH_BITS = 4

/** Whole programs, one array for each part of an instruction. */
export interface HashXProgram {
  readonly ops: Uint8Array
  /** Registers, 0 to 7. */
  readonly sources: Uint8Array
  readonly destinations: Uint8Array
  /** Constants, shifts, masks. */
  readonly immediates: Int32Array
}

/** What wrote a register last, as a number: what must not write to it again. The low 32 bits tell with what. */
const Writer = { MUL: 1, ADD: 2, XOR: 3, ADDC: 4, XORC: 5, ROR: 6, SMULH: 7, UMULH: 8 } as const
const KIND = 0x1_0000_0000
const writer = (kind: number, detail = 0): number => kind * KIND + detail
const isMultiplication = (tag: number): boolean => Math.floor(tag / KIND) === Writer.MUL

interface Instruction {
  readonly op: number
  readonly source: number
  readonly destination: number
  readonly immediate: number
  readonly writer: number
}

/** The program of a seed, given its key; undefined when the seed has none. */
export function makeProgram(key: Words): HashXProgram | undefined {
  return new ProgramMaker(key).make()
}

class ProgramMaker {
  readonly #random: HashXRandom
  readonly #schedule = new Schedule()
  /** Of each register: in which cycle its value is there, and what made it. */
  readonly #ready = new Uint8Array(REGISTERS.length)
  readonly #writers = new Float64Array(REGISTERS.length)
  #lastDrawn: number = Op.TARGET

  constructor(key: Words) {
    this.#random = new HashXRandom(key)
  }

  make(): HashXProgram | undefined {
    const program = {
      ops: new Uint8Array(PROGRAM_SIZE),
      sources: new Uint8Array(PROGRAM_SIZE),
      destinations: new Uint8Array(PROGRAM_SIZE),
      immediates: new Int32Array(PROGRAM_SIZE),
    }
    let multiplications = 0
    for (let at = 0; at < PROGRAM_SIZE; at++) {
      const instruction = this.#next()
      if (instruction === undefined) return undefined
      const { op, source, destination, immediate } = instruction
      program.ops[at] = op
      program.sources[at] = source
      program.destinations[at] = destination
      program.immediates[at] = immediate
      if (op === Op.MUL || op === Op.UMULH || op === Op.SMULH) multiplications += 1
      if (!this.#schedule.advance(sizeOf(op)) && at < PROGRAM_SIZE - 1) return undefined
    }
    const isWhole = multiplications === MULTIPLICATIONS && Math.max(...this.#ready) === LAST_RESULT
    return isWhole ? program : undefined
  }

  /** The next instruction that has a place; the time goes on until there is one. Undefined at the end of time. */
  #next(): Instruction | undefined {
    for (;;) {
      const found = this.#attempt(false) ?? this.#attempt(true)
      if (found !== undefined) return found
      if (!this.#schedule.advance(MULTIPLY_EVERY)) return undefined
    }
  }

  #attempt(isRetry: boolean): Instruction | undefined {
    const op = this.#drawOp(isRetry)
    const plan = this.#schedule.plan(op)
    if (plan === undefined) return undefined
    const operands = this.#operands(op, plan.cycle, isRetry)
    if (operands === undefined) return undefined
    this.#schedule.take(plan)
    const { destination } = operands
    if (op !== Op.TARGET && op !== Op.BRANCH) {
      this.#ready[destination] = plan.cycle + latencyOf(op)
      this.#writers[destination] = operands.writer
    }
    return { op, ...operands }
  }

  /** Some may not follow on one of their own kind, whatever became of that. */
  #drawOp(isRetry: boolean): number {
    for (;;) {
      const op = this.#dueOp(isRetry)
      const last = this.#lastDrawn
      const follows =
        op === Op.SUB || op === Op.ADDSHIFT
          ? last === Op.SUB || last === Op.ADDSHIFT
          : op === last && (op === Op.ADDC || op === Op.XOR || op === Op.XORC || op === Op.ROR)
      if (follows) continue
      this.#lastDrawn = op
      return op
    }
  }

  #dueOp(isRetry: boolean): number {
    const at = this.#schedule.step % ROUND
    if (at === TARGET_AT) return Op.TARGET
    if (at === BRANCH_AT) return Op.BRANCH
    if (at === WIDE_AT[0] || at === WIDE_AT[1]) return WIDE[this.#random.u8() % WIDE.length] as number
    if (at % MULTIPLY_EVERY === 0) return Op.MUL
    const choice = isRetry ? RETRY : USUAL
    return choice[this.#random.u8() % choice.length] as number
  }

  /** What it works with, drawn in an order that is part of the definition; undefined when no register fits. */
  #operands(op: number, cycle: number, isRetry: boolean): Omit<Instruction, 'op'> | undefined {
    const random = this.#random
    const to = (tag: number, source: number, immediate: number): Omit<Instruction, 'op'> | undefined => {
      const isDistinct = op === Op.MUL || op === Op.SUB || op === Op.XOR || op === Op.ADDSHIFT
      const destination = this.#choose(
        (register) =>
          (this.#ready[register] as number) <= cycle &&
          !(op === Op.ADDSHIFT && register === NO_ADDSHIFT_TO) &&
          !(isDistinct && register === source) &&
          !(!isRetry && isMultiplication(tag) && isMultiplication(this.#writers[register] as number)) &&
          this.#writers[register] !== tag,
      )
      return destination === undefined
        ? undefined
        : { source: Math.max(source, 0), destination, immediate, writer: tag }
    }
    const from = (kind: number, immediate = 0, detail?: number): Omit<Instruction, 'op'> | undefined => {
      const source = this.#source(op, cycle)
      return source === undefined ? undefined : to(writer(kind, detail ?? source), source, immediate)
    }
    switch (op) {
      case Op.MUL:
        return from(Writer.MUL)
      case Op.UMULH:
        return from(Writer.UMULH, 0, random.u32())
      case Op.SMULH:
        return from(Writer.SMULH, 0, random.u32())
      case Op.ADDSHIFT:
        return from(Writer.ADD, random.u32() & 3)
      case Op.SUB:
        return from(Writer.ADD)
      case Op.XOR:
        return from(Writer.XOR)
      case Op.ADDC:
        return to(writer(Writer.ADDC), -1, random.nonzero(0xffff_ffff))
      case Op.XORC:
        return to(writer(Writer.XORC), -1, random.nonzero(0xffff_ffff))
      case Op.ROR:
        return to(writer(Writer.ROR), -1, random.nonzero(63))
      case Op.BRANCH:
        return { source: 0, destination: 0, immediate: this.#branchMask(), writer: 0 }
      default:
        return { source: 0, destination: 0, immediate: 0, writer: 0 }
    }
  }

  /** Where only two could be, and one of them is all that could never be written to, it is that one. */
  #source(op: number, cycle: number): number | undefined {
    const isReady = (register: number): boolean => (this.#ready[register] as number) <= cycle
    if (op === Op.ADDSHIFT && isReady(NO_ADDSHIFT_TO) && REGISTERS.filter(isReady).length === 2) return NO_ADDSHIFT_TO
    return this.#choose(isReady)
  }

  /** One of those that fit; where only one does, nothing is drawn. */
  #choose(fits: (register: number) => boolean): number | undefined {
    const fitting = REGISTERS.filter(fits)
    return fitting.length < 2 ? fitting[0] : fitting[this.#random.u32() % fitting.length]
  }

  #branchMask(): number {
    let mask = 0
    for (let bits = 0; bits < BRANCH_BITS;) {
      const bit = 1 << (this.#random.u8() % 32)
      if ((mask & bit) !== 0) continue
      mask |= bit
      bits += 1
    }
    return mask
  }
}
