/**
 * The key schedule (RFC 8446, section 7): from the shared secret and the transcript to the secrets of each direction.
 * No resumption and no pre-shared keys: those would tie one visit to another.
 *
 * @module
 */
import { markHandled } from '../../base/waiting/deferred.ts'
import { ByteWriter, asciiBytes } from '../../cell/bytes.ts'
import { digestOf, macOf, type SuiteHash } from './suite-hash.ts'

type Bytes = Uint8Array<ArrayBuffer>

const NOTHING: Bytes = new Uint8Array(0)

/** `HKDF-Expand-Label` (7.1), of no more bytes than a digest has: so HKDF-Expand is one HMAC (RFC 5869, section 2.3). */
export async function expandLabel(
  hash: SuiteHash,
  secret: Bytes,
  label: string,
  context: Uint8Array,
  length: number,
): Promise<Bytes> {
  const name = asciiBytes(`tls13 ${label}`)
  const info = new ByteWriter().u16(length).u8(name.length).bytes(name).u8(context.length).bytes(context).u8(1)
  return (await macOf(hash, secret, info.finish())).slice(0, length)
}

/** The secrets of both directions in one phase. */
export interface TrafficSecrets {
  readonly client: Bytes
  readonly server: Bytes
}

/** What goes into the secret that follows `before`. */
async function saltAfter(hash: SuiteHash, before: Bytes): Promise<Bytes> {
  return expandLabel(hash, before, 'derived', await digestOf(hash, NOTHING), hash.size)
}

/** What goes into the first secret of every connection with this hash: there is no pre-shared key. */
async function firstSalt(hash: SuiteHash): Promise<Bytes> {
  const zeros = new Uint8Array(hash.size)
  return saltAfter(hash, await macOf(hash, zeros, zeros))
}

/** The secrets of one connection, as far as it has come. */
export class KeySchedule {
  readonly #hash: SuiteHash
  /** It is made while the shared secret is. */
  readonly #salt: Promise<Bytes>
  #master: Promise<Bytes> | undefined

  constructor(hash: SuiteHash) {
    this.#hash = hash
    this.#salt = firstSalt(hash)
    markHandled(this.#salt) // who asks for secrets is told
  }

  /** @param helloHash - of the transcript up to the ServerHello */
  async handshakeSecrets(sharedSecret: Uint8Array, helloHash: Uint8Array): Promise<TrafficSecrets> {
    const hash = this.#hash
    const secret = await macOf(hash, await this.#salt, new Uint8Array(sharedSecret))
    this.#master = saltAfter(hash, secret).then((salt) => macOf(hash, salt, new Uint8Array(hash.size)))
    markHandled(this.#master) // as above
    return this.#secretsOf('hs', secret, helloHash)
  }

  /**
   * Not before {@link handshakeSecrets}.
   *
   * @param finishedHash - of the transcript up to the server's Finished
   */
  async applicationSecrets(finishedHash: Uint8Array): Promise<TrafficSecrets> {
    return this.#secretsOf('ap', await (this.#master as Promise<Bytes>), finishedHash)
  }

  /** What a Finished says (4.4.4). */
  async finished(secret: Bytes, transcriptHash: Bytes): Promise<Bytes> {
    const hash = this.#hash
    return macOf(hash, await expandLabel(hash, secret, 'finished', NOTHING, hash.size), transcriptHash)
  }

  async #secretsOf(phase: 'hs' | 'ap', secret: Bytes, transcriptHash: Uint8Array): Promise<TrafficSecrets> {
    const hash = this.#hash
    const secretOf = (side: 'c' | 's'): Promise<Bytes> =>
      expandLabel(hash, secret, `${side} ${phase} traffic`, transcriptHash, hash.size)
    const [client, server] = await Promise.all([secretOf('c'), secretOf('s')])
    return { client, server }
  }
}

/** The secret of one direction after a KeyUpdate (7.2). */
export const nextSecret = (hash: SuiteHash, secret: Bytes): Promise<Bytes> =>
  expandLabel(hash, secret, 'traffic upd', NOTHING, hash.size)
