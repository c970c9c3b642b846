/**
 * The key schedule (RFC 8446, section 7): from the shared secret and the transcript to the secrets of each direction.
 * No resumption and no pre-shared keys: those would tie one visit to another.
 *
 * @module
 */
import { hmac } from '@noble/hashes/hmac.js'
import { ByteWriter, asciiBytes } from '../../cell/bytes.ts'
import { expand, extract } from '../../crypto/hkdf.ts'
import type { SuiteHash } from './cipher-suites.ts'

const NOTHING = new Uint8Array(0)

/** `HKDF-Expand-Label` (7.1). */
export function expandLabel(
  hash: SuiteHash,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array<ArrayBuffer> {
  const name = asciiBytes(`tls13 ${label}`)
  const info = new ByteWriter().u16(length).u8(name.length).bytes(name).u8(context.length).bytes(context).finish()
  return expand(hash, secret, info, length)
}

/** The secrets of both directions in one phase. */
export interface TrafficSecrets {
  readonly client: Uint8Array
  readonly server: Uint8Array
}

/** The secrets of one connection, as far as it has come. */
export class KeySchedule {
  readonly #hash: SuiteHash
  #secret: Uint8Array

  constructor(hash: SuiteHash) {
    this.#hash = hash
    const zeros = new Uint8Array(hash.outputLen)
    this.#secret = extract(hash, zeros, zeros) // the Early Secret, of no pre-shared key
  }

  /** @param helloHash - of the transcript up to the ServerHello */
  handshakeSecrets(sharedSecret: Uint8Array, helloHash: Uint8Array): TrafficSecrets {
    this.#secret = extract(this.#hash, sharedSecret, this.#derived())
    return this.#secretsOf('hs', helloHash)
  }

  /** @param finishedHash - of the transcript up to the server's Finished */
  applicationSecrets(finishedHash: Uint8Array): TrafficSecrets {
    this.#secret = extract(this.#hash, new Uint8Array(this.#hash.outputLen), this.#derived())
    return this.#secretsOf('ap', finishedHash)
  }

  /** What a Finished says (4.4.4). */
  finished(secret: Uint8Array, transcriptHash: Uint8Array): Uint8Array<ArrayBuffer> {
    const hash = this.#hash
    return new Uint8Array(hmac(hash, expandLabel(hash, secret, 'finished', NOTHING, hash.outputLen), transcriptHash))
  }

  #derived(): Uint8Array {
    const hash = this.#hash
    return expandLabel(hash, this.#secret, 'derived', hash(NOTHING), hash.outputLen)
  }

  #secretsOf(phase: 'hs' | 'ap', transcriptHash: Uint8Array): TrafficSecrets {
    const hash = this.#hash
    const secretOf = (side: 'c' | 's'): Uint8Array =>
      expandLabel(hash, this.#secret, `${side} ${phase} traffic`, transcriptHash, hash.outputLen)
    return { client: secretOf('c'), server: secretOf('s') }
  }
}

/** The secret of one direction after a KeyUpdate (7.2). */
export const nextSecret = (hash: SuiteHash, secret: Uint8Array): Uint8Array =>
  expandLabel(hash, secret, 'traffic upd', NOTHING, hash.outputLen)
