/**
 * Lines and the time in which cells move on them. The time is that of events: it stands while anything happens, and
 * jumps to what happens next.
 *
 * @module
 */
import type { Clock } from '../../../../lib/base/waiting/clock.ts'
import { Line, type Cell } from './line.ts'
import { seededRandom, type Random } from './random.ts'

export class SimulatedNetwork implements Clock {
  readonly #random: Random
  readonly #lines: Line[] = []
  /** What is to be done at set times, the next of it last. */
  #plans: { readonly at: number; readonly run: () => void }[] = []
  #now = 0

  constructor(seed = 1) {
    this.#random = seededRandom(seed)
  }

  /** Milliseconds since the simulation began. */
  now(): number {
    return this.#now
  }

  /** What is simulated reads the clock, and sets no timers. */
  after(): never {
    throw new Error('there are no timers in a simulation')
  }

  /** A line of `rate` cells per ms, and `latency` ms with up to `jitter` more. */
  line(options: { readonly rate: number; readonly latency: number; readonly jitter?: number }): Line {
    const line = new Line({ jitter: 0, ...options, random: this.#random })
    this.#lines.push(line)
    return line
  }

  /** Sends a cell on its way, or further on it. */
  forward(cell: Cell): void {
    const line = cell.route[cell.hop]
    if (line === undefined) cell.arrived()
    else line.send(cell, this.#now)
  }

  /** Plans something for `at` ms. */
  plan(at: number, run: () => void): void {
    this.#plans = [...this.#plans, { at, run }].sort((one, other) => other.at - one.at)
  }

  /** Lets everything happen that happens up to `end` ms. */
  run(end: number): void {
    for (;;) {
      const line = this.#lines.reduce((first, each) => (each.nextArrival < first.nextArrival ? each : first))
      const plan = this.#plans.at(-1)
      const at = Math.min(line.nextArrival, plan?.at ?? Infinity)
      if (at > end) break
      this.#now = at
      if (plan?.at === at) {
        this.#plans.pop()
        plan.run()
      } else {
        const cell = line.receive()
        cell.hop += 1
        this.forward(cell)
      }
    }
    this.#now = end
  }
}
