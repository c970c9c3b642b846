/**
 * Descriptors as a service writes them, apart from what the library reads them with but for its ciphers, and with lies.
 *
 * @module
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat } from 'uint8arrays/concat'
import { encodeBase64 } from '../../../lib/directory/text/encoding.ts'
import { asEd25519, type LinkTarget } from '../../../lib/onion/descriptor/intro-point.ts'
import { encryptLayer } from '../../../lib/onion/descriptor/layer.ts'
import { blindedIdentity, blindingFactor } from '../../../lib/onion/identity/key-blinding.ts'
import type { TimePeriod } from '../../../lib/onion/ring/time-period.ts'

const ORDER = ed25519.Point.Fn.ORDER
const random = (size: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(size))
const ascii = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

function number(bytes: Uint8Array): bigint {
  return [...bytes].reverse().reduce((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function littleEndian(value: bigint): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: 32 }, (_, at) => Number((value >> BigInt(8 * at)) & 255n))
}

/** A secret scalar with its public key, which signs. */
export interface Signer {
  readonly publicKey: Uint8Array<ArrayBuffer>
  sign(message: Uint8Array): Uint8Array<ArrayBuffer>
}

function signerOf(secret: bigint): Signer {
  const publicKey = new Uint8Array(ed25519.Point.BASE.multiply(secret).toBytes())
  return {
    publicKey,
    sign(message) {
      const nonce = number(random(64)) % ORDER
      const point = ed25519.Point.BASE.multiply(nonce).toBytes()
      const challenge = number(sha512(concat([point, publicKey, message]))) % ORDER
      return concat([point, littleEndian((nonce + challenge * secret) % ORDER)])
    },
  }
}

const freshScalar = (): bigint => (number(random(64)) % (ORDER - 1n)) + 1n

/** A service's identity, and its keys in any period. */
export class WrittenService {
  readonly #secret = freshScalar()
  readonly identity: Uint8Array<ArrayBuffer> = signerOf(this.#secret).publicKey

  blinded(period: TimePeriod): Signer {
    return signerOf((this.#secret * number(blindingFactor(this.identity, period))) % ORDER)
  }
}

/** An introduction point that a descriptor lists. */
export interface WrittenPoint {
  readonly target: LinkTarget
  readonly authKey: Uint8Array
  readonly encryptionKey: Uint8Array
}

function certificate(type: number, key: Uint8Array, signer: Signer, expires: number): string {
  const head = new Uint8Array(7)
  head.set([1, type])
  new DataView(head.buffer).setUint32(2, Math.ceil(expires / 3_600_000))
  head[6] = 1
  const body = concat([head, key, Uint8Array.of(1, 0, 32, 4, 0), signer.publicKey])
  return object('ED25519 CERT', concat([body, signer.sign(body)]))
}

function object(name: string, bytes: Uint8Array): string {
  const lines = btoa(String.fromCharCode(...bytes)).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${name}-----\n${lines.join('\n')}\n-----END ${name}-----\n`
}

/** What may be otherwise than it should. */
export interface DescriptorLies {
  readonly revision?: bigint
  readonly expires?: number
  /** Another service's key in the certificate. */
  readonly signedBy?: Signer
  /** Changes the second layer's text. */
  readonly inner?: (text: string) => string
  /** Changes the whole text. */
  readonly outer?: (text: string) => string
}

/** The text of a descriptor. */
export async function writeDescriptor(
  service: WrittenService,
  period: TimePeriod,
  points: readonly WrittenPoint[],
  now: number,
  lies: DescriptorLies = {},
): Promise<string> {
  const { revision = 1n, expires = now + 54 * 3_600_000 } = lies
  const { key, subcredential } = blindedIdentity(service.identity, period)
  const signing = signerOf(freshScalar())
  const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))
  const listed = points.map(
    ({ target, authKey, encryptionKey }) =>
      `introduction-point ${base64(target.linkSpecifiers)}\nonion-key ntor ${base64(target.ntorOnionKey)}\n` +
      `auth-key\n${certificate(9, authKey, signing, expires)}enc-key ntor ${base64(encryptionKey)}\n` +
      `enc-key-cert\n${certificate(11, asEd25519(encryptionKey) ?? new Uint8Array(32), signing, expires)}`,
  )
  const text = `create2-formats 2\nflow-control 1-2 31\n${listed.join('')}`
  const secrets = { secret: [key], subcredential, revision }
  const second = await encryptLayer(
    ascii(lies.inner?.(text) ?? text),
    { ...secrets, purpose: 'hsdir-encrypted-data' },
    random(16),
  )
  const clients = Array.from(
    { length: 16 },
    () => `auth-client ${encodeBase64(random(8))} ${encodeBase64(random(16))} ${encodeBase64(random(16))}\n`,
  )
  const middle = ascii(
    `desc-auth-type x25519\ndesc-auth-ephemeral-key ${base64(random(32))}\n${clients.join('')}encrypted\n${object('MESSAGE', second)}`,
  )
  const padded = new Uint8Array(Math.ceil(middle.length / 10_000) * 10_000)
  padded.set(middle)
  const first = await encryptLayer(padded, { ...secrets, purpose: 'hsdir-superencrypted-data' }, random(16))
  const signed =
    `hs-descriptor 3\ndescriptor-lifetime 180\ndescriptor-signing-key-cert\n` +
    certificate(8, signing.publicKey, lies.signedBy ?? service.blinded(period), expires) +
    `revision-counter ${revision}\nsuperencrypted\n${object('MESSAGE', first)}`
  const signature = signing.sign(ascii(`Tor onion service descriptor sig v3${signed}`))
  const whole = `${signed}signature ${encodeBase64(signature)}\n`
  return lies.outer?.(whole) ?? whole
}
