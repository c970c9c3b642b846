/**
 * A descriptor from what it says to its text: both layers encrypted, and the outer wrapper signed (rend-spec-v3, "Hidden
 * service descriptors: encryption format" and "Outer wrapper").
 *
 * @module
 */
import { asciiBytes } from '../../../cell/bytes.ts'
import { encodeBase64 } from '../../../directory/text/encoding.ts'
import type { Platform } from '../../../platform/platform.ts'
import { OnionCertType } from '../../descriptor/certificates.ts'
import { MAX_DESCRIPTOR_SIZE } from '../../descriptor/descriptor.ts'
import { encryptLayer } from '../../descriptor/layer.ts'
import { SIGNATURE_PREFIX } from '../../descriptor/outer.ts'
import { certificateText, type Signer } from './certificate.ts'
import { innerText, type InnerContent } from './inner-writer.ts'
import { middleBytes, type Readers } from './middle-writer.ts'
import { objectText } from './text.ts'

const SALT_SIZE = 16

/** How long directories keep it, in minutes. */
const LIFETIME = 180

/** What a descriptor is made of. */
export interface DescriptorContent extends InnerContent {
  readonly subcredential: Uint8Array
  readonly revision: bigint
  /** Who may read it; undefined for everybody. */
  readonly readers: Readers | undefined
}

/** The keys of a descriptor: the service's own in its period, and the one that it certifies. */
export interface DescriptorSigners {
  readonly blinded: Signer
  readonly signing: Signer
}

/**
 * The text of a descriptor.
 *
 * @throws RangeError when it would be too long for directories: too many clients
 */
export async function descriptorText(
  content: DescriptorContent,
  { blinded, signing }: DescriptorSigners,
  platform: Pick<Platform, 'x25519'>,
): Promise<string> {
  const { subcredential, revision, readers, expires } = content
  const secrets = { subcredential, revision }
  const secret = readers === undefined ? [blinded.publicKey] : [blinded.publicKey, readers.cookie]
  const second = await encryptLayer(
    asciiBytes(innerText(content, signing)),
    { ...secrets, secret, purpose: 'hsdir-encrypted-data' },
    salt(),
  )
  const first = await encryptLayer(
    await middleBytes(readers, second, subcredential, platform),
    { ...secrets, secret: [blinded.publicKey], purpose: 'hsdir-superencrypted-data' },
    salt(),
  )
  const certificate = { type: OnionCertType.DESCRIPTOR_SIGNING, key: signing.publicKey, expires }
  const signed =
    `hs-descriptor 3\ndescriptor-lifetime ${LIFETIME}\n` +
    `descriptor-signing-key-cert\n${certificateText(certificate, blinded)}` +
    `revision-counter ${revision}\nsuperencrypted\n${objectText('MESSAGE', first)}`
  const signature = signing.sign(asciiBytes(`${SIGNATURE_PREFIX}${signed}`))
  const text = `${signed}signature ${encodeBase64(signature)}\n`
  if (text.length >= MAX_DESCRIPTOR_SIZE)
    throw new RangeError(`Cannot publish a descriptor of ${text.length} bytes: the service has too many clients`)
  return text
}

const salt = (): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(SALT_SIZE))
