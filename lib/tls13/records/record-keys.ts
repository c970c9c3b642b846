/**
 * The keys of one direction, and the protection of its records (RFC 8446, sections 5.2 to 5.5).
 *
 * @module
 */
import { markHandled } from '../../base/waiting/deferred.ts'
import {
  importAeadKey,
  NONCE_SIZE,
  TAG_SIZE,
  type AeadKey,
  type CipherSuite,
  type Opened,
} from '../keys/cipher-suites.ts'
import { expandLabel, nextSecret } from '../keys/key-schedule.ts'
import { ContentType, LEGACY_VERSION } from '../protocol/registry.ts'

const NOTHING = new Uint8Array(0)

/** The most bytes of content in a record (5.1). */
export const MAX_CONTENT: number = 2 ** 14

/** The most bytes of a protected record's body (5.2). */
export const MAX_BODY: number = MAX_CONTENT + 256

/** Bytes ahead of a record's body. */
export const RECORD_HEADER_SIZE = 5

/** After so many records a key is worn: AES-GCM keeps its margin up to about 2^24.5 full ones (5.5). */
const RECORDS_PER_KEY: number = 2 ** 23

/** The first bytes of a record: type, version and length. */
export const recordHeader = (type: number, length: number, version: number = LEGACY_VERSION): Uint8Array<ArrayBuffer> =>
  Uint8Array.of(type, version >>> 8, version & 0xff, length >>> 8, length & 0xff)

/** What a secret becomes. */
interface DerivedKeys {
  readonly key: AeadKey
  readonly iv: Uint8Array<ArrayBuffer>
}

/** One direction's keys, until the next KeyUpdate. */
export class RecordKeys {
  readonly suite: CipherSuite
  readonly #secret: Promise<Uint8Array<ArrayBuffer>>
  readonly #deriving: Promise<DerivedKeys>
  /** The same, once it is there: so that no record waits for a promise that has been kept. */
  #derived: DerivedKeys | undefined
  /** The number of the next record. */
  #sequence = 0

  /** @param secret - the direction's, perhaps before it is there */
  constructor(suite: CipherSuite, secret: Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>) {
    this.suite = suite
    this.#secret = Promise.resolve(secret)
    this.#deriving = this.#derive()
    markHandled(this.#deriving) // who opens or seals is told
  }

  async #derive(): Promise<DerivedKeys> {
    const { hash, cipher, keySize } = this.suite
    const secret = await this.#secret
    const [iv, key] = await Promise.all([
      expandLabel(hash, secret, 'iv', NOTHING, NONCE_SIZE),
      expandLabel(hash, secret, 'key', NOTHING, keySize).then((bytes) => importAeadKey(cipher, bytes)),
    ])
    return (this.#derived = { key, iv })
  }

  /** True when it is time for a KeyUpdate. */
  get isWorn(): boolean {
    return this.#sequence >= RECORDS_PER_KEY
  }

  /** The keys after a KeyUpdate. */
  next(): RecordKeys {
    const { hash } = this.suite
    return new RecordKeys(
      this.suite,
      this.#secret.then((secret) => nextSecret(hash, secret)),
    )
  }

  /** A whole record with this content, whose number is taken now: records must leave in the order of these calls. */
  async seal(type: number, content: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
    const number = this.#sequence++
    const inner = new Uint8Array(content.length + 1)
    inner.set(content)
    inner[content.length] = type
    const header = recordHeader(ContentType.APPLICATION_DATA, inner.length + TAG_SIZE)
    const { key, iv } = this.#derived ?? (await this.#deriving)
    const sealed = await key.seal(nonceOf(iv, number), header, inner)
    const record = new Uint8Array(header.length + sealed.length)
    record.set(header)
    record.set(sealed, header.length)
    return record
  }

  /**
   * What is inside a record, padding included, if it is the one `ahead` after the next. Takes no number: see
   * {@link opened}. Undefined when it is not that record.
   *
   * @param record - the whole record
   */
  open(record: Uint8Array<ArrayBuffer>, ahead: number): Opened {
    const number = this.#sequence + ahead
    const open = ({ key, iv }: DerivedKeys): Opened =>
      key.open(nonceOf(iv, number), record.subarray(0, RECORD_HEADER_SIZE), record.subarray(RECORD_HEADER_SIZE))
    if (this.#derived !== undefined) return open(this.#derived)
    const opening = this.#deriving.then(open)
    markHandled(opening) // a record before it may be the last that is looked at
    return opening
  }

  /** The next record has been opened. */
  opened(): void {
    this.#sequence += 1
  }
}

/** The number, big-endian and as long as the IV, XORed with the IV (5.3). A number has 53 bits at most here. */
function nonceOf(iv: Uint8Array<ArrayBuffer>, sequence: number): Uint8Array<ArrayBuffer> {
  const nonce = new Uint8Array(iv)
  for (let at = NONCE_SIZE - 1, rest = sequence; rest > 0; at--, rest = Math.floor(rest / 256)) {
    nonce[at] = (nonce[at] as number) ^ (rest & 0xff)
  }
  return nonce
}
