/**
 * Self-signed certificates of every kind, made when a spec needs them, and the keys to them.
 *
 * @module
 */
import {
  derBitString,
  derInteger,
  derNull,
  derObjectId,
  derSequence,
  derText,
  derTime,
  derValue,
} from '../../../lib/testing/identity/der.ts'

/** The kinds of keys. */
export type KeyKind = 'rsa' | 'P-256' | 'P-384'

/** A server's certificate and its key. */
export interface Identity {
  readonly kind: KeyKind
  /** As DER. */
  readonly certificate: Uint8Array<ArrayBuffer>
  readonly certificatePem: string
  readonly keyPem: string
  /** Signs as CertificateVerify does by default: RSA-PSS with SHA-256, or ECDSA with the curve's own hash, as DER. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

const YEAR = 365 * 86_400_000
const ECDSA_SHA256 = derSequence(derObjectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2))
const ECDSA_SHA384 = derSequence(derObjectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3))
const RSA_SHA256 = derSequence(derObjectId(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11), derNull)

const made = new Map<KeyKind, Promise<Identity>>()

/** The identity of this kind; one for all that ask. */
export function identityOf(kind: KeyKind): Promise<Identity> {
  let identity = made.get(kind)
  if (identity === undefined) made.set(kind, (identity = makeIdentity(kind)))
  return identity
}

/** Makes a fresh one. */
export async function makeIdentity(kind: KeyKind): Promise<Identity> {
  const { subtle } = crypto
  const rsa = { name: 'RSA-PSS', modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: 'SHA-256' }
  const algorithm = kind === 'rsa' ? rsa : { name: 'ECDSA', namedCurve: kind }
  const pair = await subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const spki = new Uint8Array(await subtle.exportKey('spki', pair.publicKey))
  const pkcs8 = new Uint8Array(await subtle.exportKey('pkcs8', pair.privateKey))
  const hash = kind === 'P-384' ? 'SHA-384' : 'SHA-256'
  const signWith = async (key: CryptoKey, message: Uint8Array): Promise<Uint8Array> => {
    const signer = { name: key.algorithm.name, hash, saltLength: 32 }
    const signature = new Uint8Array(await subtle.sign(signer, key, new Uint8Array(message)))
    return kind === 'rsa' ? signature : ecdsaDer(signature)
  }
  const pkcs1 = { name: 'RSASSA-PKCS1-v1_5', hash }
  const issuing = kind === 'rsa' ? await subtle.importKey('pkcs8', pkcs8, pkcs1, false, ['sign']) : pair.privateKey
  const signatureAlgorithm = kind === 'rsa' ? RSA_SHA256 : kind === 'P-256' ? ECDSA_SHA256 : ECDSA_SHA384
  const name = derSequence(derValue(0x31, derSequence(derObjectId(0x55, 4, 3), derText('target.test'))))
  const now = Date.now()
  const tbs = derSequence(
    derValue(0xa0, derInteger(Uint8Array.of(2))),
    derInteger(crypto.getRandomValues(new Uint8Array(8))),
    signatureAlgorithm,
    name,
    derSequence(derTime(now - YEAR), derTime(now + YEAR)),
    name,
    spki,
  )
  const certificate = derSequence(tbs, signatureAlgorithm, derBitString(await signWith(issuing, tbs)))
  return {
    kind,
    certificate,
    certificatePem: pem('CERTIFICATE', certificate),
    keyPem: pem('PRIVATE KEY', pkcs8),
    sign: (message) => signWith(pair.privateKey, message),
  }
}

/** r and s, as long as the curve, as TLS has them. */
function ecdsaDer(fixed: Uint8Array): Uint8Array {
  const half = fixed.length / 2
  return derSequence(derInteger(fixed.subarray(0, half)), derInteger(fixed.subarray(half)))
}

function pem(label: string, der: Uint8Array): string {
  const base64 = btoa(String.fromCharCode(...der))
  return `-----BEGIN ${label}-----\n${base64.replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`
}
