/**
 * How servers are asked for one document: one after the other, or several at a time, which is in several-at-once.ts.
 *
 * @module
 */
import type { DirectoryServer } from '../../../relay.ts'

/** A server that is asked, and to whom it matters what became of it. */
export interface ServerPick {
  readonly server: DirectoryServer
  /** It answered, or it did not; undefined when it was not waited for. Not called for an answer that is no good. */
  settled?(reachable: boolean | undefined): void
}

/** How far it has come with one. */
export interface Progress {
  /** When its circuit opened, or something came of it last, by the clock's monotonic time. */
  movedAt?: number
  /** It was waited for in vain. */
  wasSilent?: boolean
}

/**
 * Waits before another server is asked, or gives false: then none is. `isLate`: the one before was silent, and was given up before C
 * tor would have.
 */
export type Wait = (isLate: boolean) => Promise<boolean | void>

/** What asking a server came to; undefined when another is to be asked. */
export type Outcome<T> = { readonly value: T } | undefined

/** How servers are asked for one document. */
export interface Asking<T> {
  /** The next of them; undefined when no more are asked. */
  next(servers: Iterator<ServerPick>): ServerPick | undefined
  /** Nobody else is asked: that is not waited for. */
  isOver(): boolean
  /** Asks one. Rejects with what ends it all. */
  ask(pick: ServerPick, wanted: AbortSignal, progress: Progress): Promise<Outcome<T>>
}

/** Asks one after the other, with a wait between them. */
export async function inTurn<T>(
  servers: Iterator<ServerPick>,
  asking: Asking<T>,
  signal: AbortSignal,
  between?: Wait,
): Promise<Outcome<T>> {
  for (let pick = asking.next(servers); pick !== undefined; pick = asking.next(servers)) {
    const progress: Progress = {}
    const outcome = await asking.ask(pick, signal, progress)
    if (outcome !== undefined) return outcome
    if (asking.isOver() || (await between?.(progress.wasSilent === true)) === false) return undefined
  }
  return undefined
}
