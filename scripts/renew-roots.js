/**
 * Renews the authorities of the web that TLS trusts where the runtime has no list of its own, from the list of Mozilla that
 * this Node was built with:
 *
 *     node scripts/renew-roots.js
 *
 * writes lib/webpki/root-list.ts: of each certificate its subject and its public key.
 *
 * @module
 */
import { X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { ROOT } from './files.js'

const roots = rootCertificates.map((pem) => new X509Certificate(pem))
const lines = roots
  .map((root) => ({ subject: subjectOf(root.raw), spki: root.publicKey.export({ format: 'der', type: 'spki' }) }))
  .map(({ subject, spki }) => `${base64(subject)} ${base64(spki)}`)
  .sort()

writeFileSync(
  join(ROOT, 'lib', 'webpki', 'root-list.ts'),
  `/**
 * The authorities of the web. Made by scripts/renew-roots.js; not to be edited.
 *
 * Origin: the list of Mozilla's root program as Node ${process.version} has it (\`tls.rootCertificates\`, ${roots.length} certificates). It
 * is under the Mozilla Public License 2.0 (https://mozilla.org/MPL/2.0/); what stands here are the names and the keys.
 *
 * @module
 */

/** One authority a line: its subject (a Name as DER) and its public key (SubjectPublicKeyInfo as DER), in base64. */
export const ROOT_LIST: string = \`
${lines.join('\n')}
\`
`,
)
console.log(`${roots.length} authorities, ${lines.join('\n').length} bytes`)

/**
 * The subject of a certificate, as DER.
 *
 * @param {Buffer} der
 * @returns {Buffer}
 */
function subjectOf(der) {
  let at = contentsAt(der, contentsAt(der, 0)) // Certificate, TBSCertificate
  if (der[at] === 0xa0) at = endOf(der, at) // version
  for (let field = 0; field < 4; field++) at = endOf(der, at) // serialNumber, signature, issuer, validity
  return der.subarray(at, endOf(der, at))
}

/**
 * @param {Buffer} der
 * @param {number} at
 */
function contentsAt(der, at) {
  const first = /** @type {number} */ (der[at + 1])
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f)
}

/**
 * @param {Buffer} der
 * @param {number} at
 */
function endOf(der, at) {
  const first = /** @type {number} */ (der[at + 1])
  const length = first < 0x80 ? first : der.readUIntBE(at + 2, first & 0x7f)
  return contentsAt(der, at) + length
}

/** @param {Buffer} bytes */
function base64(bytes) {
  return bytes.toString('base64').replaceAll('=', '')
}
