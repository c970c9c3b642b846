/**
 * The documents that a directory server has: the true ones, or those of a lie.
 *
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { strangerKeys } from './authority-keys.ts'
import type { AuthorityKeys } from './authority-keys.ts'
import type { ConsensusSigner } from './consensus-writer.ts'
import type { DocumentLie, TimeLie } from './directory-lies.ts'
import { base64Unpadded, textBytes } from './document-text.ts'
import type { TestDirectory } from './test-directory.ts'

const HOUR = 3_600_000

/** Beyond what clocks may be wrong by: clients use a consensus up to a day before and after its time. */
const BEYOND_TOLERANCE = 25 * HOUR

/** A key certificate, and under which names it is to be had. */
export interface ServedCertificate {
  /** The identity by which it is asked for. */
  readonly v3Identity: string
  /** The fingerprint of the signing key. */
  readonly signingKeyDigest: string
  readonly text: string
}

/** What a server serves. */
export interface DirectoryDocuments {
  /** The text with its signatures. */
  readonly consensus: string
  readonly certificates: readonly ServedCertificate[]
  /** A microdescriptor by its digest. */
  microdescriptor(digest: string): string | undefined
}

const consensusTime = (directory: TestDirectory, lie: DocumentLie | TimeLie | undefined, now: number): number => {
  if (typeof lie === 'object') return lie.consensusAt
  if (lie === 'expired') return now - directory.lifetime - BEYOND_TOLERANCE
  // It begins at most one interval before the time that is given.
  if (lie === 'future') return now + BEYOND_TOLERANCE + directory.interval
  return now
}

/** One stranger for each authority. */
const strangersFor = (directory: TestDirectory): Promise<AuthorityKeys[]> =>
  Promise.all(directory.authorities.map((_, index) => strangerKeys(index)))

/** What is served while `lie` is told. */
export async function documentsFor(
  directory: TestDirectory,
  lie: DocumentLie | TimeLie | undefined,
  now: number,
): Promise<DirectoryDocuments> {
  const { certified } = directory
  const certificates = directory.authorities.map(({ v3Identity, keys }) => {
    const expires = lie === 'expired-certificates' ? now - 48 * HOUR : certified.expires
    const forged =
      lie === 'forged-certificates' ? 'certification' : lie === 'uncrossed-certificates' ? 'crosscert' : undefined
    const text = directory.certify({
      keys,
      published: certified.published,
      expires,
      ...(forged === undefined ? {} : { forged }),
    })
    return { v3Identity, signingKeyDigest: keys.signingKeyDigest, text }
  })
  const usual: DirectoryDocuments = {
    consensus: directory.sign(directory.content(consensusTime(directory, lie, now)), signersFor(directory, lie)),
    certificates,
    microdescriptor: (digest) => directory.microdescriptor(digest),
  }
  switch (lie) {
    case 'altered':
      return { ...usual, consensus: usual.consensus.replace(/^w Bandwidth=/m, 'w Bandwidth=1') }
    case 'unknown-authorities':
      return unknownAuthorities(directory, usual, await strangersFor(directory), now)
    case 'impostors':
    case 'other-certificates':
      return impostors(directory, usual, await strangersFor(directory), lie, now)
    case 'altered-microdescriptors':
      return { ...usual, microdescriptor: (digest) => withOtherKey(directory.microdescriptor(digest)) }
    case 'swapped-microdescriptors':
      return { ...usual, microdescriptor: (digest) => ofNextRelay(directory, digest) }
    default:
      return usual
  }
}

function signersFor(directory: TestDirectory, lie: DocumentLie | TimeLie | undefined): readonly ConsensusSigner[] {
  const { signers } = directory
  if (lie === 'forged-signatures') return signers.map((signer) => ({ ...signer, forged: true }))
  if (lie === 'minority') return signers.slice(0, Math.floor(signers.length / 2))
  if (lie === 'repeated-signature') return signers.map(() => signers[0] as ConsensusSigner)
  return signers
}

/** Others sign in their own names. */
function unknownAuthorities(
  directory: TestDirectory,
  usual: DirectoryDocuments,
  strangers: readonly AuthorityKeys[],
  now: number,
): DirectoryDocuments {
  const sources = strangers.map(({ v3Identity }, index) => {
    const { nickname, relay } = directory.authorities[index] as TestDirectory['authorities'][0]
    return { nickname, v3Identity, address: relay.address }
  })
  const { certified } = directory
  return {
    ...usual,
    consensus: directory.sign(directory.content(now, sources), strangers),
    certificates: [
      ...usual.certificates,
      ...strangers.map((keys) => ({
        v3Identity: keys.v3Identity,
        signingKeyDigest: keys.signingKeyDigest,
        text: directory.certify({ keys, ...certified }),
      })),
    ],
  }
}

/** Others sign in the authorities' names. */
function impostors(
  directory: TestDirectory,
  usual: DirectoryDocuments,
  strangers: readonly AuthorityKeys[],
  lie: 'impostors' | 'other-certificates',
  now: number,
): DirectoryDocuments {
  const pairs = directory.authorities.map(({ v3Identity }, index) => ({
    v3Identity,
    keys: strangers[index] as AuthorityKeys,
  }))
  const { certified } = directory
  return {
    ...usual,
    consensus: directory.sign(
      directory.content(now),
      pairs.map(({ v3Identity, keys: { signing } }) => ({ v3Identity, signing })),
    ),
    certificates: pairs.map(({ v3Identity, keys }) => ({
      v3Identity,
      signingKeyDigest: keys.signingKeyDigest,
      text: directory.certify({ keys, ...certified, ...(lie === 'impostors' ? { fingerprint: v3Identity } : {}) }),
    })),
  }
}

const withOtherKey = (text: string | undefined): string | undefined =>
  text?.replace(/^ntor-onion-key .*$/m, (line) => `ntor-onion-key ${base64Unpadded(sha256(textBytes(line)))}`)

function ofNextRelay(directory: TestDirectory, digest: string): string | undefined {
  const all = directory.microdescriptors
  const index = all.findIndex((each) => each.digest === digest)
  return index === -1 ? undefined : all[(index + 1) % all.length]?.text
}
