/**
 * Where a command reads from and writes to.
 *
 * @module
 */

import type { Clock } from '../../base/waiting/clock.ts'

/** One standard stream that is written to. */
export interface Output {
  /** True for a terminal, which can show what changes. */
  readonly isTTY?: boolean
  /** Columns of a terminal; 0 when it does not say. */
  readonly columns?: number
  /** Its rows, likewise. */
  readonly rows?: number
  write(data: string | Uint8Array, done?: (error?: Error | null) => void): boolean
  on?(event: 'resize', listener: () => void): unknown
  off?(event: 'resize', listener: () => void): unknown
}

/** The standard stream that is read from, where keys come from. */
export interface Input {
  readonly isTTY?: boolean
  /** Keys at once, and Ctrl-C as a key; or lines again. */
  setRawMode?(isRaw: boolean): unknown
  on(event: 'data', listener: (data: Uint8Array) => void): unknown
  off(event: 'data', listener: (data: Uint8Array) => void): unknown
  resume(): unknown
  pause(): unknown
}

/** What of the process a program that keeps running has to do with. */
export interface ProcessEvents {
  /** False for a program that a shell has put into the background: a terminal is not its to read or to set. */
  readonly isForeground: boolean
  /** Calls back for the signal that asks for a new identity. Returns what ends that. */
  onIdentity(callback: () => void): () => void
  /** Calls back when the program goes on after {@link suspend}, or after SIGCONT. Returns what ends that. */
  onContinue(callback: () => void): () => void
  /** Calls back when the process ends, however it comes to that. Returns what ends that. */
  onExit(callback: () => void): () => void
  /** Stops the program as Ctrl-Z does. */
  suspend(): void
}

/** The standard streams, and what ends a command early. */
export interface Terminal {
  readonly stdout: Output
  readonly stderr: Output
  /** Where keys come from; none are read without it. */
  readonly stdin?: Input | undefined
  /** What is asked for: `NO_COLOR` and `TERM`. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
  readonly events?: ProcessEvents | undefined
  /** The system's unless given. */
  readonly clock?: Clock | undefined
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal
  /** The folder of the modules that draw the dashboard. */
  readonly drawing?: URL | undefined
}

/** Writes, and waits until there is room for more. */
export function write(output: Output, data: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => void output.write(data, (error) => (error ? reject(error) : resolve())))
}

/** A line on a terminal that is written over and over; nothing where there is no terminal. */
export class StatusLine {
  readonly #output: Output
  readonly #isShown: boolean
  #length = 0

  constructor(output: Output, isQuiet: boolean) {
    this.#output = output
    this.#isShown = output.isTTY === true && !isQuiet
  }

  /** Shows this instead. */
  show(text: string): void {
    if (!this.#isShown) return
    const cut = text.slice(0, (this.#output.columns || 80) - 1)
    this.#output.write(`\r${cut}${' '.repeat(Math.max(0, this.#length - cut.length))}`)
    this.#length = cut.length
  }

  /** Leaves an empty line. */
  clear(): void {
    this.show('')
    if (this.#isShown) this.#output.write('\r')
  }
}
