/**
 * Whether a consensus is what the authorities agreed on: more than half of those that are known must have signed it
 * (dir-spec section 3.4.1, "directory-signature"; section 5.1).
 *
 * @module
 */
import { signsDigest } from '../crypto/rsa-signature.ts'
import { TorError } from '../base/errors.ts'
import type { Platform } from '../platform/platform.ts'
import type { Consensus, ConsensusSignature } from './consensus.ts'
import {
  isCertificateFor,
  type KeyCertificate,
  type KeyCertificateName,
  verifyKeyCertificate,
} from './key-certificate.ts'
import type { Authority } from './network/network-config.ts'
import { pauseForTasks, type SliceOptions } from '../base/waiting/slices.ts'

/** What a consensus is checked against. */
export interface ConsensusCheck {
  readonly authorities: readonly Pick<Authority, 'v3Identity'>[]
  /** Certificates of the authorities, and whatever else: each is verified before it is used. */
  readonly certificates: readonly KeyCertificate[]
  /** In ms since the epoch. */
  readonly now: number
  readonly platform: Pick<Platform, 'rsaPublic'>
}

/**
 * Checks that more than half of `authorities`, each counted once, signed the consensus with a key that a certificate of
 * theirs certifies now; other tasks have their turn before each. It says nothing of the consensus's own time: that is for `checkLifetime`.
 *
 * @returns the identities of those that signed
 * @throws TorError `DIRECTORY_SIGNATURES`, as rejection; its cause is the `DIRECTORY_CERTIFICATE` of the first certificate that was
 * no good, if there was one
 */
export async function verifyConsensus(
  consensus: Consensus,
  check: ConsensusCheck,
  { pause = pauseForTasks }: SliceOptions = {},
): Promise<string[]> {
  const known = identitiesOf(check.authorities)
  const required = Math.floor(known.size / 2) + 1
  const good = new Set<string>()
  let uncertified = 0
  let wrong = 0
  let cause: unknown
  for (const signature of countedSignatures(consensus, known)) {
    const digest = consensus.digests.get(signature.algorithm)
    if (good.has(signature.identity) || digest === undefined) continue
    await pause() // with its certificate each is three of RSA
    const certificates = check.certificates.filter((certificate) => isCertificateFor(certificate, signature))
    const certificate = certificates.find((each) => {
      try {
        verifyKeyCertificate(each, { identity: signature.identity, now: check.now, platform: check.platform })
        return true
      } catch (error) {
        cause ??= error
        return false
      }
    })
    if (certificate === undefined) uncertified++
    else if (signsDigest(signature.signature, digest, certificate.signingKey, check.platform))
      good.add(signature.identity)
    else wrong++
  }
  if (good.size < required) {
    const found = `${good.size} of ${known.size} known authorities signed it, ${required} must have`
    const others = `${uncertified} signatures without a certificate, ${wrong} wrong ones`
    throw new TorError(
      'DIRECTORY_SIGNATURES',
      `Cannot trust the consensus: ${found} (${others})`,
      cause === undefined ? {} : { cause },
    )
  }
  return [...good]
}

/**
 * Which certificates are to be fetched before {@link verifyConsensus} can check every signature of a known authority:
 * those that are not among `certificates`, or have expired at `now`. At most two for each authority.
 */
export function missingCertificates(
  consensus: Consensus,
  check: Omit<ConsensusCheck, 'platform'>,
): KeyCertificateName[] {
  const missing = new Map<string, KeyCertificateName>()
  for (const { identity, signingKeyDigest } of countedSignatures(consensus, identitiesOf(check.authorities))) {
    const name = { identity, signingKeyDigest }
    const isThere = check.certificates.some((each) => isCertificateFor(each, name) && check.now <= each.expires)
    if (!isThere) missing.set(`${identity}-${signingKeyDigest}`, name)
  }
  return [...missing.values()]
}

const identitiesOf = (authorities: ConsensusCheck['authorities']): ReadonlySet<string> =>
  new Set(authorities.map(({ v3Identity }) => v3Identity))

/**
 * The signatures that can count: of known authorities, and only the first of each by each algorithm. So what a hostile
 * document costs does not grow with its length.
 */
function countedSignatures(consensus: Consensus, known: ReadonlySet<string>): ConsensusSignature[] {
  const first = new Map<string, ConsensusSignature>()
  for (const signature of consensus.signatures) {
    const key = `${signature.algorithm} ${signature.identity}`
    if (known.has(signature.identity) && !first.has(key)) first.set(key, signature)
  }
  return [...first.values()]
}
