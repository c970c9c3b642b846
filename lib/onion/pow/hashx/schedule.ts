/**
 * The machine that HashX programs are made for: a processor with three ports, on which each instruction takes its place
 * in time.
 *
 * @module
 */

/** The instructions. */
export const Op = {
  MUL: 0,
  UMULH: 1,
  SMULH: 2,
  /** Adds another register, shifted. */
  ADDSHIFT: 3,
  /** Adds a constant. */
  ADDC: 4,
  SUB: 5,
  XOR: 6,
  XORC: 7,
  ROR: 8,
  /** Where a branch leads to. */
  TARGET: 9,
  BRANCH: 10,
} as const

const P5 = 1
const P0 = 2
const P1 = 4
const ANY = P5 | P0 | P1

/** Of each instruction, by its number: the ports of its one or two micro-operations, in whose order they are tried. */
const PORTS: readonly (readonly number[])[] = [
  [P1],
  [P1, P5],
  [P1, P5],
  [P0 | P1],
  [ANY],
  [ANY],
  [ANY],
  [ANY],
  [P5 | P0],
  [ANY, ANY],
  [ANY, ANY],
]

/** After how many cycles the result of each instruction is there. */
const LATENCIES = [3, 4, 4, 1, 1, 1, 1, 1, 1, 1, 1] as const

/** A program ends where an instruction would begin in this cycle. */
const END = 192

/** Ports are looked at up to here. */
const LAST = END + 4

/** How many micro-operations may begin in a cycle. */
const A_CYCLE = 3

/** How many micro-operations an instruction has. */
export const sizeOf = (op: number): number => (PORTS[op] as readonly number[]).length

/** After how many cycles its result is there. */
export const latencyOf = (op: number): number => LATENCIES[op] as number

/** When an instruction begins, and what it occupies. */
export interface Plan {
  readonly cycle: number
  readonly ports: readonly number[]
}

/** The time that passes while a program is made, and what is occupied when. */
export class Schedule {
  /** One third of a cycle each. */
  step = 0
  readonly #busy: readonly Uint8Array[] = [new Uint8Array(LAST), new Uint8Array(LAST), new Uint8Array(LAST)]

  /** Which cycle it is. */
  get cycle(): number {
    return Math.floor(this.step / A_CYCLE)
  }

  /** Goes on. False when the end is reached. */
  advance(steps: number): boolean {
    if (this.step + steps >= END * A_CYCLE) return false
    this.step += steps
    return true
  }

  /** The first time from now on at which an instruction could begin; undefined when there is none. */
  plan(op: number): Plan | undefined {
    const [first = 0, second] = PORTS[op] as readonly number[]
    for (let cycle = this.cycle; cycle < LAST; cycle++) {
      const one = this.#free(cycle, first)
      if (one === -1) continue
      if (second === undefined) return { cycle, ports: [one] }
      const two = this.#free(cycle, second)
      if (two !== -1) return { cycle, ports: [one, two] }
    }
    return undefined
  }

  /** Keeps that time for it. */
  take({ cycle, ports }: Plan): void {
    for (const port of ports) (this.#busy[port] as Uint8Array)[cycle] = 1
  }

  /** The first free port among some, or -1. */
  #free(cycle: number, ports: number): number {
    return this.#busy.findIndex((busy, port) => (ports & (1 << port)) !== 0 && busy[cycle] === 0)
  }
}
