/**
 * Looking at promises without waiting for them.
 *
 * @module
 */
import { expect } from 'chai'
import { SocketError, TorError } from '../../../lib/base/errors.ts'
import { turn } from '../../support/turn.ts'

/** What became of a promise so far. */
export type Outcome = 'pending' | { readonly value: unknown } | { readonly reason: unknown }

/** Promises by name, and what became of each. */
export class Watch {
  readonly #outcomes = new Map<string, Outcome>()

  /** Adds a promise; its rejection counts as handled. */
  add<T>(name: string, promise: Promise<T>): Promise<T> {
    this.#outcomes.set(name, 'pending')
    promise.then(
      (value) => this.#outcomes.set(name, { value }),
      (reason: unknown) => this.#outcomes.set(name, { reason }),
    )
    return promise
  }

  /** Adds to this watch, under names that begin with `prefix`. */
  under(prefix: string): Watch {
    const view = new Watch()
    view.add = (name, promise) => this.add(prefix + name, promise)
    return view
  }

  /** The promise's outcome so far. */
  of(name: string): Outcome {
    const outcome = this.#outcomes.get(name)
    if (outcome === undefined) throw new Error(`no promise is called ${name}`)
    return outcome
  }

  /** True for a name that was added. */
  has(name: string): boolean {
    return this.#outcomes.has(name)
  }

  /** `pending`, `yes`, or the error: its code if it is ours, else its name. */
  word(name: string): string {
    const outcome = this.of(name)
    if (outcome === 'pending') return 'pending'
    return 'value' in outcome ? 'yes' : errorWord(outcome.reason)
  }

  /** The names of those that are pending. */
  get pending(): string[] {
    return [...this.#outcomes].filter(([, outcome]) => outcome === 'pending').map(([name]) => name)
  }

  /** Fails unless everything has settled within a few turns. */
  async allSettled(): Promise<void> {
    await turn(4)
    expect(this.pending, 'promises left pending').to.deep.equal([])
  }
}

/** An error in one word: its code if it is ours, else its name. */
function errorWord(error: unknown): string {
  if (error instanceof SocketError || error instanceof TorError) return error.code
  return error instanceof Error ? error.name : String(error)
}
