/**
 * That the server holds the key of the certificate which it showed (RFC 8446, section 4.4.3).
 *
 * @module
 */
import { SocketError, TorError } from '../../base/errors.ts'
import { asciiBytes } from '../../cell/bytes.ts'
import { publicKeyInfoOf, type PublicKeyInfo, type PublicKeyKind } from '../../crypto/public-key-info.ts'
import { verifySignature, type SignatureAlgorithm } from '../../crypto/signature.ts'
import { Alert, SignatureScheme } from '../protocol/registry.ts'
import { TlsFault, illegal } from '../protocol/tls-fault.ts'

/** The schemes that may sign a handshake: PKCS #1 v1.5 is not among them, whatever was offered for certificates. */
const SCHEMES: ReadonlyMap<number, SignatureAlgorithm & { readonly key: PublicKeyKind }> = new Map([
  [SignatureScheme.ECDSA_SECP256R1_SHA256, { kind: 'ecdsa', hash: 'SHA-256', key: 'P-256' }],
  [SignatureScheme.ECDSA_SECP384R1_SHA384, { kind: 'ecdsa', hash: 'SHA-384', key: 'P-384' }],
  [SignatureScheme.RSA_PSS_RSAE_SHA256, { kind: 'rsa-pss', hash: 'SHA-256', key: 'rsa' }],
  [SignatureScheme.RSA_PSS_RSAE_SHA384, { kind: 'rsa-pss', hash: 'SHA-384', key: 'rsa' }],
  [SignatureScheme.RSA_PSS_RSAE_SHA512, { kind: 'rsa-pss', hash: 'SHA-512', key: 'rsa' }],
])

const CONTEXT = /* @__PURE__ */ asciiBytes('TLS 1.3, server CertificateVerify')

/**
 * Checks the proof.
 *
 * @param certificate - the server's own, as DER
 * @param transcriptHash - of the transcript up to the Certificate message
 * @throws TlsFault (as a rejection) when it does not prove it
 */
export async function checkCertificateVerify(
  certificate: Uint8Array,
  { scheme, signature }: { readonly scheme: number; readonly signature: Uint8Array },
  transcriptHash: Uint8Array,
): Promise<void> {
  const algorithm = SCHEMES.get(scheme)
  if (algorithm === undefined) throw illegal('the server signed with a scheme that is not allowed')
  const key = keyOf(certificate)
  if (key.kind !== algorithm.key) throw illegal("the server signed with a scheme that is not its key's")
  const message = new Uint8Array(64 + CONTEXT.length + 1 + transcriptHash.length).fill(0x20, 0, 64)
  message.set(CONTEXT, 64)
  message.set(transcriptHash, 64 + CONTEXT.length + 1)
  if (await verifySignature(algorithm, key, signature, message)) return
  throw unproven(Alert.DECRYPT_ERROR, 'the server did not prove that it holds the key of its certificate')
}

function keyOf(certificate: Uint8Array): PublicKeyInfo {
  try {
    return publicKeyInfoOf(certificate)
  } catch (error) {
    if (error instanceof TorError) throw unproven(Alert.BAD_CERTIFICATE, "the server's certificate is malformed")
    throw error
  }
}

const unproven = (alert: number, problem: string): TlsFault =>
  new TlsFault(alert, problem, new SocketError('TLS_CERTIFICATE', problem))
