/**
 * The first layer's plain text, as a service writes it (rend-spec-v3, "First layer plaintext format"): a line for each
 * client that may read on, among lines for made-up ones, in an order of chance. A service that lets everybody read has made-up
 * ones only, so that nobody can tell.
 *
 * @module
 */
import { asciiBytes } from '../../../cell/bytes.ts'
import { aesCtr } from '../../../crypto/aes-ctr.ts'
import { encodeBase64 } from '../../../directory/text/encoding.ts'
import type { Platform } from '../../../platform/platform.ts'
import { clientCredential } from '../../identity/client-key.ts'
import { objectText, paddedBase64 } from './text.ts'

const ID_SIZE = 8
const IV_SIZE = 16
const KEY_SIZE = 32

/** Bytes of what is encrypted to each client. */
export const DESCRIPTOR_COOKIE_SIZE = 16

/** How many lines there are a multiple of, and how many bytes the layer has a multiple of. */
const LINES = 16
const PADDING = 10_000

/** Who may read the second layer. */
export interface Readers {
  /** X25519 keys of 32 bytes. */
  readonly clients: readonly Uint8Array[]
  /** What the second layer is encrypted with beside what everybody knows: 16 bytes. */
  readonly cookie: Uint8Array
}

const random = (size: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(size))

/**
 * The plain text, padded.
 *
 * @param readers - undefined for everybody
 * @param encrypted - the second layer
 */
export async function middleBytes(
  readers: Readers | undefined,
  encrypted: Uint8Array,
  subcredential: Uint8Array,
  { x25519 }: Pick<Platform, 'x25519'>,
): Promise<Uint8Array<ArrayBuffer>> {
  const secret = random(KEY_SIZE)
  const secretKey = await x25519.secretKey(secret)
  const ephemeralKey = await x25519.publicKey(secretKey)
  secretKey.forget()
  const lines: string[] = []
  for (const client of readers?.clients ?? []) {
    const credential = await clientCredential(secret, client, subcredential, x25519)
    if (credential === undefined) continue // a key of small order: it is nobody's
    const iv = random(IV_SIZE)
    lines.push(line(credential.id, iv, await aesCtr(credential.key, iv, readers?.cookie ?? new Uint8Array(0))))
  }
  secret.fill(0)
  const count = Math.max(1, Math.ceil(lines.length / LINES)) * LINES
  while (lines.length < count) lines.push(line(random(ID_SIZE), random(IV_SIZE), random(DESCRIPTOR_COOKIE_SIZE)))
  const text =
    `desc-auth-type x25519\ndesc-auth-ephemeral-key ${paddedBase64(ephemeralKey)}\n` +
    // The last line has no end, as C tor has it.
    `${shuffled(lines).join('')}encrypted\n${objectText('MESSAGE', encrypted).slice(0, -1)}`
  const padded = new Uint8Array(Math.ceil(text.length / PADDING) * PADDING)
  padded.set(asciiBytes(text))
  return padded
}

const line = (id: Uint8Array, iv: Uint8Array, cookie: Uint8Array): string =>
  `auth-client ${encodeBase64(id)} ${encodeBase64(iv)} ${encodeBase64(cookie)}\n`

/** The lines in the order of random numbers: it must not tell which are real. */
function shuffled(lines: readonly string[]): string[] {
  const order = crypto.getRandomValues(new Uint32Array(lines.length))
  return lines
    .map((text, at) => ({ text, order: order[at] as number }))
    .sort((a, b) => a.order - b.order)
    .map(({ text }) => text)
}
