/**
 * Names and addresses in errors. Whoever asks for them gets them, but nothing shows them that writes an error down:
 * `console.log`, the `inspect` of each runtime, JSON, the stack. So a log that holds errors does not tell who reached
 * what.
 *
 * @module
 */

/** What a code of a runtime looks like; names and addresses do not. */
const CODE = /^[A-Z][A-Z0-9_]{1,63}$/

/** What stands for an error that names a host or an address: of the runtime, or of a transport of the caller's. */
export class WithheldError extends Error {
  /** `WithheldError`. */
  override readonly name: string = 'WithheldError'
  /** The code of the original, such as `ECONNREFUSED`, where it has one. */
  readonly code: string | undefined
  readonly #original: unknown

  /** @param original - whatever was thrown */
  constructor(original: unknown) {
    super(describe(original))
    this.code = codeOf(original)
    this.#original = original
  }

  /** The error as it came, with whatever it names. */
  get original(): unknown {
    return this.#original
  }
}

/**
 * The error without names and addresses, as the `cause` of one of ours.
 *
 * @returns a {@link WithheldError}; an error of ours as it is, as it names nothing
 */
export function withheld(error: unknown): unknown {
  return error instanceof WithheldError || isOurs(error) ? error : new WithheldError(error)
}

/**
 * Adds what a caller gave to an error about it, as `input`, where only those see it who ask for it.
 *
 * @returns the same error
 */
export function withInput<Failure extends Error>(error: Failure, input: unknown): Failure {
  return Object.defineProperty(error, 'input', { value: input, configurable: true, writable: true })
}

/** The code of a runtime's error; undefined where there is none that is sure to name nothing. */
export function codeOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' && CODE.test(code) ? code : undefined
}

/** True for a TorError and a SocketError, of any copy of this library. */
function isOurs(error: unknown): boolean {
  const brands = error as Record<symbol, unknown> | null
  if (typeof error !== 'object' || brands === null) return false
  return ['TorError', 'SocketError'].some((name) => brands[Symbol.for(`tor-streams.${name}`)] === true)
}

function describe(original: unknown): string {
  const kind = original instanceof Error ? 'an error' : `a value of type ${typeof original}`
  const code = codeOf(original)
  return `${code === undefined ? kind : `${kind} ${code}`}, which may name a host: its property original has it in full`
}
