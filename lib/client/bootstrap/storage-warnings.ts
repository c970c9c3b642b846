/**
 * What a client's user should know of its storage, in sentences that do not change from one release to the next but for
 * the reason in them. They hold no path: paths name the user.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'

/** What is kept. */
export type KeptName = 'consensus' | 'certificates' | 'microdescriptors' | 'guards' | 'build-times'

const NAMES: readonly KeptName[] = ['consensus', 'certificates', 'microdescriptors', 'guards', 'build-times']

/** The warnings about one storage. */
export class StorageWarnings {
  /** By name: why it cannot be read or written now. */
  readonly #unread = new Map<KeptName, string>()
  readonly #unwritten = new Map<KeptName, string>()
  readonly #damaged = new Set<KeptName>()

  /** One sentence for each kind of trouble and each reason for it. */
  get texts(): readonly string[] {
    const unread = byReason(this.#unread).map(
      ([names, reason]) =>
        `Storage cannot be read (${names}): ${reason}. What is in it stays as it is, and the client goes on without`,
    )
    const unwritten = byReason(this.#unwritten).map(
      ([names, reason]) => `Storage cannot be written (${names}): ${reason}. The client keeps this in memory only`,
    )
    const damaged = NAMES.filter((name) => this.#damaged.has(name)).map(
      (name) =>
        `Storage was damaged or is of another network (${name}): what was there is kept as ${name}-damaged, and is replaced`,
    )
    return [...unread, ...unwritten, ...damaged]
  }

  /** A read failed. */
  cannotRead(name: KeptName, failure: unknown): void {
    this.#unread.set(name, reasonOf(failure))
  }

  /** A read succeeded. */
  read(name: KeptName): void {
    this.#unread.delete(name)
  }

  /** A write failed. */
  cannotWrite(name: KeptName, failure: unknown): void {
    this.#unwritten.set(name, reasonOf(failure))
  }

  /** A write succeeded. */
  wrote(name: KeptName): void {
    this.#unwritten.delete(name)
  }

  /** What was read is no good. That it has been replaced since is no reason not to tell. */
  damaged(name: KeptName): void {
    this.#damaged.add(name)
  }
}

/** The names of each reason, in a fixed order. */
function byReason(reasons: ReadonlyMap<KeptName, string>): [names: string, reason: string][] {
  const names = new Map<string, KeptName[]>()
  for (const name of NAMES) {
    const reason = reasons.get(name)
    if (reason !== undefined) names.set(reason, [...(names.get(reason) ?? []), name])
  }
  return [...names].map(([reason, list]) => [list.join(', '), reason])
}

/** The storage did not answer in time. */
export const NO_ANSWER: unique symbol = Symbol('no answer')

/**
 * Why, without anything that the storage wrote itself, which may name files: a word that is a code such as `ENOSPC`, or
 * the name of an error such as `QuotaExceededError`.
 */
function reasonOf(failure: unknown): string {
  if (failure === NO_ANSWER) return 'no answer in time'
  if (failure instanceof TorError) return failure.message
  const { code, name } = (typeof failure === 'object' && failure !== null ? failure : {}) as Record<string, unknown>
  for (const word of [code, name]) {
    if (typeof word === 'string' && word !== 'Error' && /^[A-Za-z][A-Za-z0-9_]{0,40}$/.test(word))
      return `it failed with ${word}`
  }
  return 'it failed'
}
