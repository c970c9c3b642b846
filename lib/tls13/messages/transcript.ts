/**
 * The hash of all messages of the handshake so far (RFC 8446, section 4.4.1).
 *
 * @module
 */
import type { SuiteHash } from '../keys/cipher-suites.ts'
import { handshakeMessage } from './handshake-message.ts'
import { HandshakeType } from '../protocol/registry.ts'

export class Transcript {
  /** The first ClientHello, until the server has chosen the hash. */
  #first: Uint8Array | undefined
  #hash: ReturnType<SuiteHash['create']> | undefined

  constructor(clientHello: Uint8Array) {
    this.#first = clientHello
  }

  /** The server has chosen. With `retried` the first ClientHello is replaced by its hash. */
  start(hash: SuiteHash, retried: boolean): void {
    if (this.#first === undefined) return
    const first = retried ? handshakeMessage(HandshakeType.MESSAGE_HASH, hash(this.#first)) : this.#first
    this.#hash = hash.create().update(first)
    this.#first = undefined
  }

  add(message: Uint8Array): void {
    this.#hash?.update(message)
  }

  /** The hash as it stands. Not before {@link start}. */
  digest(): Uint8Array {
    return (this.#hash as ReturnType<SuiteHash['create']>).clone().digest()
  }
}
