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

/** Whoever read what a command puts out has had enough, as `head` does. */
export class HadEnough extends Error {
  override readonly name: string = 'HadEnough'
}

/** What a write fails with whose reader is gone; the second where the first one has been told already. */
const GONE: readonly unknown[] = ['EPIPE', 'ERR_STREAM_DESTROYED']

/**
 * Writes what a command is for, and waits until there is room for more.
 *
 * @throws HadEnough when nobody reads it any more; what writing fails with otherwise
 */
export async function write(stdout: Output, data: string | Uint8Array): Promise<void> {
  try {
    await written(stdout, data)
  } catch (error) {
    throw GONE.includes((error as { readonly code?: unknown }).code) ? new HadEnough('', { cause: error }) : error
  }
}

/**
 * Says where something is that keeps running, which it does too when nobody reads that any more.
 *
 * @throws what writing fails with otherwise
 */
export async function announce(stdout: Output, text: string): Promise<void> {
  try {
    await write(stdout, `${text}\n`)
  } catch (error) {
    if (!(error instanceof HadEnough)) throw error
  }
}

/** Says something beside what a command is for. It never fails: that would stand in the place of what there is to say. */
export async function tell(stderr: Output, text: string): Promise<void> {
  try {
    await written(stderr, `${text}\n`)
  } catch {
    // there is nobody who could be told
  }
}

const written = (output: Output, data: string | Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => void output.write(data, (error) => (error ? reject(error) : resolve())))

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
