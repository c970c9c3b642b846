/**
 * From a server's certificate to an authority that is trusted (RFC 5280, section 6; path building as RFC 4158 has it): every
 * candidate is tried, within bounds that no honest chain comes near.
 *
 * @module
 */
import { equals } from 'uint8arrays/equals'
import { verifySignature } from '../crypto/signature.ts'
import { isSelfIssued, type Certificate } from './certificate.ts'
import { KeyUsage, Purpose } from './certificate-extensions.ts'
import { CertificateFault } from './certificate-fault.ts'
import type { GeneralName } from './general-name.ts'
import { isAllowed, type NameConstraints } from './name-constraints.ts'
import { isStrongKey } from './signature-algorithm.ts'
import type { TrustAnchor } from './trust-anchor.ts'

/** The most intermediate certificates of a path. */
const MAX_INTERMEDIATES = 8

/** The most signatures that are verified, and the most names that are compared, for one server. */
const MAX_SIGNATURES = 100
const MAX_COMPARISONS = 250_000

/** What a path is looked for with. */
export interface PathSearch {
  /** The certificates that the server sent beside its own, in any order. */
  readonly intermediates: readonly Certificate[]
  readonly anchors: readonly TrustAnchor[]
  /** In ms since the epoch. */
  readonly now: number
}

/**
 * Resolves when there is a path from `leaf` to one of the anchors.
 *
 * @throws CertificateFault (as a rejection) when there is none: of the candidate that came nearest
 */
export async function findPath(leaf: Certificate, search: PathSearch): Promise<void> {
  const finder = new PathFinder(search)
  if (await finder.extend([leaf])) return
  throw finder.fault
}

class PathFinder {
  readonly #search: PathSearch
  #signatures = 0
  #comparisons = 0
  #nearest: { readonly depth: number; readonly fault: CertificateFault } | undefined

  constructor(search: PathSearch) {
    this.#search = search
  }

  /** Why there is no path. */
  get fault(): CertificateFault {
    return this.#nearest?.fault ?? new CertificateFault('issuer')
  }

  /** @param path - the leaf first; everything that it needs of issuers so far holds */
  async extend(path: readonly Certificate[]): Promise<boolean> {
    const last = path.at(-1) as Certificate
    for (const anchor of this.#search.anchors) {
      if (equals(anchor.subject, last.issuer) && (await this.#endsAt(anchor, path))) return true
    }
    if (path.length > MAX_INTERMEDIATES) return false
    for (const issuer of this.#candidates(last)) {
      // Each key under each name once in a path, so that circles end.
      if (path.some((each) => isOfSameAuthority(each, issuer))) continue
      if ((await this.#mayFollow(issuer, path)) && (await this.extend([...path, issuer]))) return true
    }
    return false
  }

  /** By name; those that the certificate says to have its issuer's key come first. */
  #candidates({ issuer, authorityKeyId }: Certificate): readonly Certificate[] {
    const named = this.#search.intermediates.filter(({ subject }) => equals(subject, issuer))
    if (authorityKeyId === undefined) return named
    const isHinted = ({ subjectKeyId }: Certificate): boolean =>
      subjectKeyId !== undefined && equals(subjectKeyId, authorityKeyId)
    return [...named.filter(isHinted), ...named.filter((each) => !isHinted(each))]
  }

  async #endsAt({ publicKey, certificate }: TrustAnchor, path: readonly Certificate[]): Promise<boolean> {
    return this.#try(path.length + 1, async () => {
      if (certificate !== undefined) this.#checkIssuer(certificate, path)
      await this.#checkSignature(path.at(-1) as Certificate, publicKey)
    })
  }

  async #mayFollow(issuer: Certificate, path: readonly Certificate[]): Promise<boolean> {
    return this.#try(path.length, async () => {
      this.#checkIssuer(issuer, path)
      await this.#checkSignature(path.at(-1) as Certificate, issuer.publicKey)
    })
  }

  /** False when `check` finds a fault. A bound that is reached ends the search. */
  async #try(depth: number, check: () => Promise<void>): Promise<boolean> {
    try {
      await check()
      return true
    } catch (error) {
      if (!(error instanceof CertificateFault) || error.fault === 'too-complex') throw error
      if (this.#nearest === undefined || depth > this.#nearest.depth) this.#nearest = { depth, fault: error }
      return false
    }
  }

  /** What an issuer must be, with `path` below it. */
  #checkIssuer(issuer: Certificate, path: readonly Certificate[]): void {
    checkTime(issuer, this.#search.now)
    if (issuer.hasUnknownCritical) throw new CertificateFault('critical')
    if (issuer.isAuthority !== true) throw new CertificateFault('usage')
    if (issuer.keyUsage !== undefined && (issuer.keyUsage & KeyUsage.KEY_CERT_SIGN) === 0) {
      throw new CertificateFault('usage')
    }
    const { purposes } = issuer
    if (purposes && !purposes.includes(Purpose.SERVER) && !purposes.includes(Purpose.ANY)) {
      throw new CertificateFault('usage')
    }
    // Intermediates that name themselves do not count (section 4.2.1.9), and neither does the leaf.
    const intermediates = path.slice(1).filter((each) => !isSelfIssued(each)).length
    if (issuer.pathLength !== undefined && intermediates > issuer.pathLength) throw new CertificateFault('constraint')
    if (issuer.nameConstraints !== undefined) this.#checkNames(issuer.nameConstraints, path)
  }

  /** All names of all certificates below, but of intermediates that name themselves (section 6.1.3, b and c). */
  #checkNames(constraints: NameConstraints, path: readonly Certificate[]): void {
    const count = (): void => {
      this.#comparisons += 1
      if (this.#comparisons > MAX_COMPARISONS) throw new CertificateFault('too-complex')
    }
    for (const [index, certificate] of path.entries()) {
      if (index > 0 && isSelfIssued(certificate)) continue
      const names = [...(certificate.names ?? []), ...subjectNames(certificate)]
      if (!names.every((name) => isAllowed(name, constraints, count))) throw new CertificateFault('constraint')
    }
  }

  async #checkSignature(certificate: Certificate, key: TrustAnchor['publicKey']): Promise<void> {
    const { algorithm } = certificate
    if (algorithm === undefined || !isStrongKey(key)) throw new CertificateFault('signature')
    this.#signatures += 1
    if (this.#signatures > MAX_SIGNATURES) throw new CertificateFault('too-complex')
    if (!(await verifySignature(algorithm, key, certificate.signature, certificate.signed))) {
      throw new CertificateFault('signature')
    }
  }
}

/** The subject as a name that constraints apply to; an empty one is none (section 6.1.3, b). */
const subjectNames = ({ subjectParts: parts }: Certificate): GeneralName[] =>
  parts.length === 0 ? [] : [{ kind: 'directory', parts }]

const isOfSameAuthority = (a: Certificate, b: Certificate): boolean =>
  equals(a.subject, b.subject) && equals(a.publicKey.spki, b.publicKey.spki)

/**
 * Checks that a certificate holds now.
 *
 * @throws CertificateFault `expired` or `not-yet-valid`
 */
export function checkTime({ notBefore, notAfter }: Certificate, now: number): void {
  if (!(now >= notBefore)) throw new CertificateFault('not-yet-valid')
  if (!(now < notAfter + 1_000)) throw new CertificateFault('expired') // that last second is within
}
