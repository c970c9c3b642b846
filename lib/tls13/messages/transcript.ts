/**
 * The hash of all messages of the handshake so far (RFC 8446, section 4.4.1).
 *
 * @module
 */
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { digestOf, type SuiteHash } from '../keys/suite-hash.ts'
import { handshakeMessage } from './handshake-message.ts'
import { HandshakeType } from '../protocol/registry.ts'

export class Transcript {
  #messages: Uint8Array[]
  #hash: SuiteHash | undefined

  constructor(clientHello: Uint8Array) {
    this.#messages = [clientHello]
  }

  /** The server has chosen. With `retried` the first ClientHello is replaced by its hash. */
  async start(hash: SuiteHash, retried: boolean): Promise<void> {
    if (this.#hash !== undefined) return
    this.#hash = hash
    if (retried) this.#messages = [handshakeMessage(HandshakeType.MESSAGE_HASH, await this.digest())]
  }

  /** Adds a message, which must stay as it is. */
  add(message: Uint8Array): void {
    this.#messages.push(message)
  }

  /** The hash as it stands. Not before {@link start}. */
  digest(): Promise<Uint8Array<ArrayBuffer>> {
    return digestOf(this.#hash as SuiteHash, joinBytes(this.#messages))
  }

  /** Lets go of the messages: nobody asks any more. */
  forget(): void {
    this.#messages = []
  }
}
