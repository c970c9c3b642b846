/**
 * Lines of a log, each with its time and how much it matters. They name no host and no address, and relays only where
 * everything is asked for.
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import type { Output } from '../terminal/terminal.ts'

/** From what matters most, as C tor has them. */
export const LOG_LEVELS = ['error', 'warn', 'notice', 'info', 'debug'] as const

/** How much a line matters. */
export type LogLevel = (typeof LOG_LEVELS)[number]

export class Log {
  readonly #output: Output
  readonly #clock: Clock
  readonly #most: number

  /** @param level - the least that is written */
  constructor(output: Output, clock: Clock, level: LogLevel) {
    this.#output = output
    this.#clock = clock
    this.#most = LOG_LEVELS.indexOf(level)
  }

  /** True for what is written. */
  writes(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) <= this.#most
  }

  /** Writes one line, unless it matters less than what is asked for. */
  write(level: LogLevel, text: string): void {
    if (!this.writes(level)) return
    const time = new Date(this.#clock.now()).toISOString().replace(/\.\d+Z$/, 'Z')
    this.#output.write(`${time} ${level}: ${text.replaceAll(/\p{Cc}+/gu, ' ')}\n`)
  }
}
