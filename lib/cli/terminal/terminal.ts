/**
 * Where a command reads from and writes to.
 *
 * @module
 */

/** One standard stream that is written to. */
export interface Output {
  /** True for a terminal, which can show what changes. */
  readonly isTTY?: boolean
  /** Columns of a terminal; 0 when it does not say. */
  readonly columns?: number
  write(data: string | Uint8Array, done?: (error?: Error | null) => void): boolean
}

/** The standard streams, and what ends a command early. */
export interface Terminal {
  readonly stdout: Output
  readonly stderr: Output
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
