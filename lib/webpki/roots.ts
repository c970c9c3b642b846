/**
 * The authorities of the web as trust anchors. Loaded when a certificate is first checked against them: the list is what
 * is large.
 *
 * @module
 */
import { readPublicKeyInfo } from '../crypto/public-key-info.ts'
import { bytesOfBase64 } from './pem.ts'
import { ROOT_LIST } from './root-list.ts'
import type { TrustAnchor } from './trust-anchor.ts'

let anchors: readonly TrustAnchor[] | undefined

/** All of them; read once. */
export function webRoots(): readonly TrustAnchor[] {
  anchors ??= ROOT_LIST.trim()
    .split('\n')
    .map((line) => {
      const [subject = '', spki = ''] = line.split(' ')
      return { subject: bytesOfBase64(subject), publicKey: readPublicKeyInfo(bytesOfBase64(spki)) }
    })
  return anchors
}
