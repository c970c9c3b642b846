/**
 * Descriptors as a service writes them (rend-spec-v3, "Hidden service descriptors: encryption format"), apart from what the
 * library reads them with but for its ciphers, and with lies.
 *
 * @module
 */
import { x25519 } from '@noble/curves/ed25519.js'
import { joinBytes } from '../../base/bytes/join-bytes.ts'
import { asciiBytes } from '../../cell/bytes.ts'
import { aesCtr } from '../../crypto/aes-ctr.ts'
import { encodeBase64 } from '../../directory/text/encoding.ts'
import { asEd25519, type LinkTarget } from '../../onion/descriptor/intro-point.ts'
import { encryptLayer } from '../../onion/descriptor/layer.ts'
import { shake } from '../../onion/hashing.ts'
import type { BlindedIdentity } from '../../onion/identity/key-blinding.ts'
import type { RandomSource } from '../identity/random.ts'
import type { DescriptorLies } from './onion-lies.ts'
import { freshSigner, type OnionSigner } from './service-keys.ts'

const HOUR = 3_600_000

/** The kinds of certificates that a descriptor has. */
const SIGNING_KEY = 8
const AUTH_KEY = 9
const ENCRYPTION_KEY = 11

/** Lines of clients come by sixteens, so that nobody sees how many there are. */
const CLIENT_LINES = 16

/** The first layer's text is filled up to a multiple of this. */
const PADDING = 10_000

/** An introduction point that a descriptor lists. */
export interface ListedPoint {
  /** How clients extend to it. */
  readonly target: LinkTarget
  /** An Ed25519 key, by which it knows the service. */
  readonly authKey: Uint8Array
  /** An X25519 key. */
  readonly encryptionKey: Uint8Array
}

/** What a service asks of clients that shall work for it. */
export interface TestPuzzle {
  /** 32 bytes. */
  readonly seed: Uint8Array
  /** What it suggests; 0 for none. */
  readonly effort: number
  /** Until when the seed holds, in ms since the epoch. */
  readonly expires: number
}

/** What a descriptor says. */
export interface DescriptorContent {
  readonly identity: BlindedIdentity
  /** Who signs in the period of {@link identity}. */
  readonly signer: OnionSigner
  readonly points: readonly ListedPoint[]
  /** Those who may read it, by their X25519 keys; everybody if undefined. */
  readonly clients: readonly Uint8Array[] | undefined
  readonly proofOfWork: TestPuzzle | undefined
  /** How many cells a SENDME stands for under congestion control; undefined without. */
  readonly sendmeIncrement: number | undefined
  /** In ms since the epoch. */
  readonly now: number
  readonly random: RandomSource
  readonly lies: DescriptorLies
}

const base64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes))

/** The text of a descriptor. */
export async function writeDescriptor(content: DescriptorContent): Promise<string> {
  const { identity, signer, now, random, lies } = content
  const { key, subcredential } = identity
  const { revision = 1n, expires = now + 54 * HOUR } = lies
  const signing = freshSigner(random)
  const secrets = { subcredential, revision }
  const { lines, cookie } = await clientLines(content)
  const inner = innerText(content, signing, expires)
  const second = await encryptLayer(
    asciiBytes(lies.inner?.(inner) ?? inner),
    { ...secrets, secret: cookie === undefined ? [key] : [key, cookie], purpose: 'hsdir-encrypted-data' },
    random(16),
  )
  const middle = `${lines}encrypted\n${object('MESSAGE', second).trimEnd()}`
  const plain = asciiBytes(lies.middle?.(middle) ?? middle)
  const padded = new Uint8Array(Math.ceil(plain.length / PADDING) * PADDING)
  padded.set(plain)
  const first = await encryptLayer(
    padded,
    { ...secrets, secret: [key], purpose: 'hsdir-superencrypted-data' },
    random(16),
  )
  const text =
    `hs-descriptor 3\ndescriptor-lifetime 180\ndescriptor-signing-key-cert\n` +
    certificate(SIGNING_KEY, signing.publicKey, lies.signedBy ?? signer, expires) +
    `revision-counter ${revision}\nsuperencrypted\n${object('MESSAGE', first)}`
  const signed = lies.signed?.(text) ?? text
  const signature = signing.sign(asciiBytes(`Tor onion service descriptor sig v3${signed}`))
  const whole = `${signed}signature ${encodeBase64(signature)}\n`
  return lies.outer?.(whole) ?? whole
}

function innerText(
  { points, proofOfWork, sendmeIncrement }: DescriptorContent,
  by: OnionSigner,
  expires: number,
): string {
  const work =
    proofOfWork &&
    `pow-params v1 ${base64(proofOfWork.seed)} ${proofOfWork.effort} ${new Date(proofOfWork.expires).toISOString().slice(0, 19)}\n`
  const listed = points.map(
    ({ target, authKey, encryptionKey }) =>
      `introduction-point ${base64(target.linkSpecifiers)}\nonion-key ntor ${base64(target.ntorOnionKey)}\n` +
      `auth-key\n${certificate(AUTH_KEY, authKey, by, expires)}enc-key ntor ${base64(encryptionKey)}\n` +
      `enc-key-cert\n${certificate(ENCRYPTION_KEY, asEd25519(encryptionKey) ?? new Uint8Array(32), by, expires)}`,
  )
  const flow = sendmeIncrement === undefined ? '' : `flow-control 1-2 ${sendmeIncrement}\n`
  return `create2-formats 2\n${flow}${work ?? ''}${listed.join('')}`
}

/** Who may read the second layer (rend-spec-v3, appendix G), and what they find out to do so. */
async function clientLines({
  clients,
  identity,
  random,
}: DescriptorContent): Promise<{ lines: string; cookie?: Uint8Array }> {
  const ephemeral = x25519.keygen(random(32))
  const cookie = random(16)
  const lines = await Promise.all(
    (clients ?? []).map(async (client) => {
      const keys = shake(40, identity.subcredential, x25519.getSharedSecret(ephemeral.secretKey, client))
      const iv = random(16)
      const encrypted = await aesCtr(keys.subarray(8), iv, cookie)
      return [keys.subarray(0, 8), iv, encrypted]
    }),
  )
  const count = CLIENT_LINES * Math.max(1, Math.ceil(lines.length / CLIENT_LINES))
  while (lines.length < count) lines.push([random(8), random(16), random(16)])
  const text =
    `desc-auth-type x25519\ndesc-auth-ephemeral-key ${base64(ephemeral.publicKey)}\n` +
    lines.map((parts) => `auth-client ${parts.map(encodeBase64).join(' ')}\n`).join('')
  return { lines: text, ...(clients && { cookie }) }
}

function certificate(type: number, key: Uint8Array, signer: OnionSigner, expires: number): string {
  const head = new Uint8Array(7)
  head.set([1, type])
  new DataView(head.buffer).setUint32(2, Math.ceil(expires / HOUR))
  head[6] = 1
  const body = joinBytes([head, key, Uint8Array.of(1, 0, 32, 4, 0), signer.publicKey])
  return object('ED25519 CERT', joinBytes([body, signer.sign(body)]))
}

function object(name: string, bytes: Uint8Array): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  const lines = btoa(binary).match(/.{1,64}/g) ?? []
  return `-----BEGIN ${name}-----\n${lines.join('\n')}\n-----END ${name}-----\n`
}
