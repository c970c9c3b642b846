/** Authorities of a spec's own: certificates and signatures, right ones and wrong ones. */
import { sha1 } from '@noble/hashes/legacy.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import { generateRsaKey, type RsaKey } from '../../../lib/testing/identity/rsa-key.ts'

/** What an authority has to sign with, and what it claims. */
export interface Signer {
  readonly identityKey: RsaKey
  readonly signingKey: RsaKey
  /** The fingerprints of both in hex digits. */
  readonly identity: string
  readonly signingKeyDigest: string
}

/** A signer with fresh keys. */
export async function generateSigner(): Promise<Signer> {
  const identityKey = await generateRsaKey()
  const signingKey = await generateRsaKey()
  return {
    identityKey,
    signingKey,
    identity: encodeHex(identityKey.fingerprint),
    signingKeyDigest: encodeHex(signingKey.fingerprint),
  }
}

/** What differs from an honest certificate. */
export interface CertificateChange {
  readonly fingerprint?: string
  readonly published?: string
  readonly expires?: string
  /** Who signs for the signing key, and who for the identity key. */
  readonly certifier?: RsaKey
  readonly crossSigner?: RsaKey
  readonly publishedKey?: RsaKey
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** An object of a document. */
function objectOf(name: string, bytes: Uint8Array): string {
  const lines = btoa(String.fromCharCode(...bytes)).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${name}-----\n${lines.join('\n')}\n-----END ${name}-----\n`
}

/** The certificate of a signer, from January 2026 to January 2027. */
export function certificateOf(signer: Signer, change: CertificateChange = {}): string {
  const { identityKey, signingKey } = signer
  const text = `dir-key-certificate-version 3
fingerprint ${change.fingerprint ?? signer.identity}
dir-key-published ${change.published ?? '2026-01-01 00:00:00'}
dir-key-expires ${change.expires ?? '2027-01-01 00:00:00'}
dir-identity-key
${objectOf('RSA PUBLIC KEY', (change.publishedKey ?? identityKey).publicKey)}dir-signing-key
${objectOf('RSA PUBLIC KEY', signingKey.publicKey)}dir-key-crosscert
${objectOf('ID SIGNATURE', (change.crossSigner ?? signingKey).signRaw(sha1(identityKey.publicKey)))}dir-key-certification
`
  return text + objectOf('SIGNATURE', (change.certifier ?? identityKey).signRaw(sha1(bytesOf(text))))
}

/** A consensus without signatures, signed with these keys in turn. */
export function signedBy(signers: readonly Signer[], text: string, algorithm: 'sha1' | 'sha256' = 'sha256'): string {
  const unsigned = text.slice(0, text.indexOf('directory-signature'))
  const digest = (algorithm === 'sha1' ? sha1 : sha256)(bytesOf(`${unsigned}directory-signature `))
  const signatures = signers.map(
    ({ identity, signingKeyDigest, signingKey }) =>
      `directory-signature ${algorithm} ${identity} ${signingKeyDigest}\n${objectOf('SIGNATURE', signingKey.signRaw(digest))}`,
  )
  return unsigned + signatures.join('')
}
