/**
 * The first layer's plain text (rend-spec-v3, "First layer plaintext format"): which clients may read on, and the second
 * layer. A service that lets everybody read it has lines for made-up clients, so that nobody can tell.
 *
 * @module
 */
import { constantTimeEqual } from '../../cell/bytes.ts'
import { aesCtr } from '../../crypto/aes-ctr.ts'
import { DocumentReader } from '../../directory/text/document.ts'
import { decodeBase64 } from '../../directory/text/encoding.ts'
import type { X25519 } from '../../platform/crypto/curves/x25519.ts'
import { clientCredential } from '../identity/client-key.ts'

const ID_SIZE = 8
const IV_SIZE = 16
const COOKIE_SIZE = 16
const EPHEMERAL_KEY_SIZE = 32

/** One client's line. */
interface AuthClient {
  readonly id: Uint8Array
  readonly iv: Uint8Array
  readonly cookie: Uint8Array
}

/** The first layer. */
export interface MiddleLayer {
  readonly ephemeralKey: Uint8Array
  readonly clients: readonly AuthClient[]
  /** The second layer, still encrypted. */
  readonly encrypted: Uint8Array
}

/**
 * Reads a decrypted first layer, padding and all.
 *
 * @throws TorError `DIRECTORY_MALFORMED`
 */
export function parseMiddle(plain: Uint8Array): MiddleLayer {
  const end = plain.indexOf(0)
  const text = new TextDecoder('latin1').decode(end < 0 ? plain : plain.subarray(0, end))
  // C tor's last line has no end.
  const reader = new DocumentReader(text.endsWith('\n') ? text : `${text}\n`, 'first layer of a descriptor')
  let type: string | undefined
  let ephemeralKey: Uint8Array | undefined
  let encrypted: Uint8Array | undefined
  const clients: AuthClient[] = []
  const once = (value: unknown): void => {
    if (value !== undefined) reader.fail(`"${reader.keyword}" is there twice`)
  }
  while (reader.next()) {
    if (reader.is('desc-auth-type')) {
      once(type)
      type = reader.words(1)[0]
      if (type !== 'x25519') reader.fail('its clients are authorized in another way')
    } else if (reader.is('desc-auth-ephemeral-key')) {
      once(ephemeralKey)
      ephemeralKey = bytesOf(reader, reader.words(1)[0], EPHEMERAL_KEY_SIZE)
    } else if (reader.is('auth-client')) {
      const [id, iv, cookie] = reader.words(3)
      clients.push({
        id: bytesOf(reader, id, ID_SIZE),
        iv: bytesOf(reader, iv, IV_SIZE),
        cookie: bytesOf(reader, cookie, COOKIE_SIZE),
      })
    } else if (reader.is('encrypted')) {
      once(encrypted)
      encrypted = reader.object('MESSAGE')
    }
  }
  if (type === undefined || !ephemeralKey || clients.length === 0 || !encrypted)
    return reader.fail('something in it is missing')
  return { ephemeralKey, clients, encrypted }
}

/** The cookie that the service has for the client with this secret; undefined when it has none. */
export async function cookieFor(
  { ephemeralKey, clients }: MiddleLayer,
  secret: Uint8Array,
  subcredential: Uint8Array,
  x25519: X25519,
): Promise<Uint8Array | undefined> {
  const credential = await clientCredential(secret, ephemeralKey, subcredential, x25519)
  if (credential === undefined) return undefined
  const own = clients.find(({ id }) => constantTimeEqual(id, credential.id))
  return own && (await aesCtr(credential.key, own.iv, own.cookie))
}

function bytesOf(reader: DocumentReader, text: string | undefined, size: number): Uint8Array {
  const bytes = decodeBase64(text ?? '')
  return bytes?.length === size ? bytes : reader.fail(`"${reader.keyword}" has a value of another size`)
}
