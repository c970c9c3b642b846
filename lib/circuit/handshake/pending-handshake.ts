/**
 * The one answer that a circuit under construction waits for: each hop is made before the next is asked for.
 *
 * @module
 */
import { CellCommand } from '../../cell/commands.ts'
import { deferred, type Deferred } from '../../base/waiting/deferred.ts'

/**
 * What answers: a cell while the first hop is made (CREATE2, CREATE_FAST), or an EXTENDED2 of the hop with this index
 * while the circuit is extended.
 */
export type AnswerOfHandshake = 'CREATED2' | 'CREATED_FAST' | number

export class PendingHandshake {
  #pending: { readonly answer: AnswerOfHandshake; readonly body: Deferred<Uint8Array> } | undefined

  /** Resolves to the body of the answer. */
  expect(answer: AnswerOfHandshake): Promise<Uint8Array> {
    const body = deferred<Uint8Array>()
    this.#pending = { answer, body }
    return body.promise
  }

  /** A cell came. False when it answers nothing that was asked. */
  answeredByCell(command: number, body: Uint8Array): boolean {
    const expected = this.#pending?.answer
    return typeof expected === 'string' && CellCommand[expected] === command && this.#answered(body)
  }

  /** An EXTENDED2 came from the hop with this index. False when it was not asked to extend. */
  answeredByHop(index: number, body: Uint8Array): boolean {
    return this.#pending?.answer === index && this.#answered(body)
  }

  /** There will be no answer. */
  reject(failure: unknown): void {
    this.#pending?.body.reject(failure)
    this.#pending = undefined
  }

  #answered(body: Uint8Array): true {
    this.#pending?.body.resolve(new Uint8Array(body))
    this.#pending = undefined
    return true
  }
}
