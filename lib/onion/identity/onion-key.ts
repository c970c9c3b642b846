/**
 * The key of an onion service, which its address is made of, in the forms that C tor has it in (rend-spec-v3, "Persistent
 * keys"; C tor's `HiddenServiceDir` and `ADD_ONION`).
 *
 * @module
 */
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { asciiBytes, constantTimeEqual } from '../../cell/bytes.ts'
import { decodeBase64, encodeBase64 } from '../../directory/text/encoding.ts'
import { formatOnionAddress } from './address.ts'
import { EXPANDED_SIZE, expandSeed, publicKeyOf } from './expanded-key.ts'

const HEADER_SIZE = 32
const SEED_SIZE = 32
const SECRET_HEADER = '== ed25519v1-secret: type0 =='
const PUBLIC_HEADER = '== ed25519v1-public: type0 =='
const CONTROL_PORT_PREFIX = 'ED25519-V3:'

/** The files of a `HiddenServiceDir` of C tor, by their names. */
export interface TorKeyFiles {
  /** 96 bytes. Whoever has it is the service. */
  readonly hs_ed25519_secret_key: Uint8Array<ArrayBuffer>
  /** 64 bytes. */
  readonly hs_ed25519_public_key: Uint8Array<ArrayBuffer>
  /** The address, and the end of the line. */
  readonly hostname: string
}

/**
 * The secret key of an onion service. It is in the 64 bytes of {@link OnionKey.secret} and nowhere else: neither
 * `String(key)` nor `JSON.stringify(key)` has it.
 *
 * ```ts
 * const key = OnionKey.generate()
 * await writeFile('hs_ed25519_secret_key', key.toTor().hs_ed25519_secret_key, { mode: 0o600 })
 * const same = OnionKey.fromTor(await readFile('hs_ed25519_secret_key'))
 * ```
 */
export class OnionKey {
  readonly #expanded: Uint8Array<ArrayBuffer>
  /** The Ed25519 key that clients know the service by: 32 bytes. */
  readonly publicKey: Uint8Array<ArrayBuffer>
  /** The address: `<56 letters>.onion`. */
  readonly hostname: string

  private constructor(expanded: Uint8Array<ArrayBuffer>) {
    this.#expanded = expanded
    this.publicKey = publicKeyOf(expanded)
    this.hostname = formatOnionAddress(this.publicKey)
  }

  /** A new key, from the runtime's source of randomness. */
  static generate(): OnionKey {
    return OnionKey.fromTor(crypto.getRandomValues(new Uint8Array(SEED_SIZE)))
  }

  /**
   * Reads a key: the file `hs_ed25519_secret_key` of C tor; the text `ED25519-V3:<base64>` of its control port; the 64
   * bytes of an expanded secret; or the 32 of a seed (RFC 8032).
   *
   * @throws TypeError for anything else
   */
  static fromTor(key: Uint8Array | string): OnionKey {
    const expanded = typeof key === 'string' ? fromControlPort(key.trim()) : fromBytes(key)
    if (expanded === undefined) throw new TypeError('Cannot use the key of an onion service as it has no known form')
    return new OnionKey(expanded)
  }

  /** The expanded secret: a scalar and a prefix, 64 bytes. */
  get secret(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#expanded)
  }

  /** The files in which C tor keeps it. The folder has to be readable for its owner only, or C tor does not take it. */
  toTor(): TorKeyFiles {
    return {
      hs_ed25519_secret_key: withHeader(SECRET_HEADER, this.#expanded),
      hs_ed25519_public_key: withHeader(PUBLIC_HEADER, this.publicKey),
      hostname: `${this.hostname}\n`,
    }
  }

  /** The text that C tor's control port has for it (`ADD_ONION`): `ED25519-V3:` and base64. */
  toControlPort(): string {
    return `${CONTROL_PORT_PREFIX}${padded(encodeBase64(this.#expanded))}`
  }

  /** The address, so that a log has no secret. */
  toString(): string {
    return this.hostname
  }

  /** As {@link toString}. */
  toJSON(): string {
    return this.hostname
  }
}

function fromControlPort(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = text.startsWith(CONTROL_PORT_PREFIX) ? decodeBase64(text.slice(CONTROL_PORT_PREFIX.length)) : undefined
  return bytes?.length === EXPANDED_SIZE ? checked(bytes) : undefined
}

function fromBytes(bytes: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined
  if (bytes.length === SEED_SIZE) return expandSeed(bytes)
  if (bytes.length === EXPANDED_SIZE) return checked(new Uint8Array(bytes))
  if (bytes.length !== HEADER_SIZE + EXPANDED_SIZE) return undefined
  const isSecret = constantTimeEqual(bytes.subarray(0, HEADER_SIZE), header(SECRET_HEADER))
  return isSecret ? checked(bytes.slice(HEADER_SIZE)) : undefined
}

/** A scalar that is not clamped may be none: a multiple of the order would make no key at all. */
function checked(expanded: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const isClamped = ((expanded[0] as number) & 7) === 0 && ((expanded[31] as number) & 192) === 64
  return isClamped ? new Uint8Array(expanded) : undefined
}

/** A text of 29 letters in 32 bytes. */
function header(text: string): Uint8Array<ArrayBuffer> {
  return joinBytes([asciiBytes(text), new Uint8Array(HEADER_SIZE - text.length)])
}

const withHeader = (text: string, key: Uint8Array): Uint8Array<ArrayBuffer> => joinBytes([header(text), key])

const padded = (base64: string): string => base64.padEnd(Math.ceil(base64.length / 4) * 4, '=')
