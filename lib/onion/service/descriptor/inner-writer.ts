/**
 * The second layer's plain text, as a service writes it (rend-spec-v3, "Second layer plaintext format").
 *
 * @module
 */
import { OnionCertType } from '../../descriptor/certificates.ts'
import { asEd25519, type IntroPoint } from '../../descriptor/intro-point.ts'
import { certificateText, type Signer } from './certificate.ts'
import { paddedBase64 } from './text.ts'

/** What the second layer says. */
export interface InnerContent {
  readonly introPoints: readonly IntroPoint[]
  /** How many cells a SENDME stands for; undefined where the service has no congestion control. */
  readonly sendmeIncrement: number | undefined
  /** Lines about what the service wants of its clients when it has too many (proposal 327), each with its end. */
  readonly proofOfWork?: string | undefined
  /** When its certificates end, in ms since the epoch. */
  readonly expires: number
}

/** The text, whose certificates are signed with the key that signs the descriptor. */
export function innerText(content: InnerContent, signing: Signer): string {
  const { introPoints, sendmeIncrement, proofOfWork = '', expires } = content
  const flowControl = sendmeIncrement === undefined ? '' : `flow-control 1-2 ${sendmeIncrement}\n`
  const points = introPoints.map((point) => pointText(point, expires, signing))
  return `create2-formats 2\n${proofOfWork}${flowControl}${points.join('')}`
}

function pointText({ target, authKey, encryptionKey }: IntroPoint, expires: number, signing: Signer): string {
  const certified = asEd25519(encryptionKey)
  if (certified === undefined) throw new RangeError('Cannot write an introduction point whose key is none')
  const certificate = (type: number, key: Uint8Array): string => certificateText({ type, key, expires }, signing)
  return (
    `introduction-point ${paddedBase64(target.linkSpecifiers)}\n` +
    `onion-key ntor ${paddedBase64(target.ntorOnionKey)}\n` +
    `auth-key\n${certificate(OnionCertType.INTRO_AUTH, authKey)}` +
    `enc-key ntor ${paddedBase64(encryptionKey)}\n` +
    `enc-key-cert\n${certificate(OnionCertType.INTRO_ENCRYPTION, certified)}`
  )
}
