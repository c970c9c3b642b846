/**
 * The certificates by which authorities say which keys they sign with: kept from the last run or fetched, and checked
 * before they take the place of any other (dir-spec section 4.3).
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import { nearestUse } from '../../directory/consensus-lifetime.ts'
import { missingCertificates, verifyConsensus } from '../../directory/consensus-signatures.ts'
import type { Consensus } from '../../directory/consensus.ts'
import {
  newestCertificates,
  readKeyCertificates,
  verifyKeyCertificate,
  type KeyCertificate,
  type KeyCertificateName,
} from '../../directory/key-certificate.ts'
import type { NetworkConfig } from '../../directory/network/network-config.ts'
import { pauseForTasks } from '../../base/waiting/slices.ts'
import type { Platform } from '../../platform/platform.ts'
import type { ClientStore } from './client-store.ts'
import type { Wait } from './sources/attempts.ts'
import type { DocumentSource } from './sources/document-source.ts'

const MAX_CERTIFICATES = 1_000_000

/**
 * How many servers are asked for the certificates of a first consensus. As soon as the first has failed C tor asks another, for
 * those of the keys that signed (`connection_dir_download_cert_failed`, called as the connection is closed). From then on it does so
 * once a minute, for twenty minutes, and asks nobody for another consensus (`networkstatus_consensus_is_bootstrapping`,
 * `check_consensus_waiting_for_certs`): a server that names keys which nobody has would keep the client from a directory for so long.
 * Here that server's consensus has failed then, and the next server is asked for one.
 */
const SERVERS_AT_FIRST = 2

/** What a store needs. */
export interface CertificateStoreOptions {
  readonly network: NetworkConfig
  readonly source: Pick<DocumentSource, 'fetch'>
  readonly kept: Pick<ClientStore, 'use' | 'keep'>
  readonly clock: Clock
  readonly platform: Platform
}

export class CertificateStore {
  readonly #options: CertificateStoreOptions
  #certificates: readonly KeyCertificate[] = []

  constructor(options: CertificateStoreOptions) {
    this.#options = options
  }

  /** Takes over what the last run kept. */
  async load(): Promise<void> {
    const { kept, clock } = this.#options
    await kept.use('certificates', async (text) => {
      const parsed = await read(text)
      // When all have expired nothing is wrong with them, and nothing is to be had from them.
      if (parsed.some(({ expires }) => clock.now() <= expires)) this.#certificates = await this.#goodOnes(parsed)
    })
  }

  /**
   * Checks that more than half of the authorities signed, at the time nearest to now at which the consensus may be used.
   *
   * @throws TorError `DIRECTORY_SIGNATURES`, as rejection
   */
  async verify(consensus: Consensus): Promise<void> {
    const { network, clock, platform } = this.#options
    const { authorities } = network
    const now = nearestUse(consensus, clock.now())
    await verifyConsensus(consensus, { authorities, certificates: this.#certificates, now, platform })
  }

  /** Takes those of a text that are missing for this consensus, as far as they hold; nobody is asked for those again. */
  async offer(consensus: Consensus, text: string): Promise<void> {
    const missing = this.#missing(consensus)
    if (missing.length === 0 || text.length > MAX_CERTIFICATES) return
    try {
      const good = await this.#goodOnes(await read(text, missing), consensus)
      this.#certificates = newestCertificates([...this.#certificates, ...good])
    } catch {
      return // there is none among them: relays are asked
    }
    await this.#keep()
  }

  /**
   * Fetches the certificates that are missing. What a server leaves out is asked of the next, as long as there are too
   * few for this consensus. When some cannot be had, perhaps the others will do: gives the reason.
   */
  async fetch(consensus: Consensus, signal: AbortSignal, between?: Wait): Promise<unknown> {
    const { source } = this.#options
    const { clock } = this.#options
    // Such as those of a consensus that held no more.
    this.#certificates = this.#certificates.filter(({ expires }) => clock.now() <= expires)
    let missing = this.#missing(consensus)
    if (missing.length === 0) return undefined
    let isFirst = true
    const path = (): string => {
      const unknown = isFirst ? this.#unknown() : []
      isFirst = false
      const named = missing.filter(({ identity }) => !unknown.includes(identity))
      if (named.length === 0) return `/tor/keys/fp/${unknown.join('+')}`
      return `/tor/keys/fp-sk/${named.map((name) => `${name.identity}-${name.signingKeyDigest}`).join('+')}`
    }
    const accept = async (text: string, outdo: () => void): Promise<void> => {
      // By their identities those are asked for, too, that have not signed this consensus.
      const good = await this.#goodOnes(await read(text, missing, this.#options.network.authorities.length), consensus)
      this.#certificates = newestCertificates([...this.#certificates, ...good])
      outdo()
      missing = this.#missing(consensus)
      if (missing.length > 0 && !(await this.#isSigned(consensus)))
        throw new TorError('DIRECTORY_CERTIFICATE', 'some of the certificates were left out')
    }
    try {
      await source.fetch(
        { path, limit: MAX_CERTIFICATES, between, most: between ? undefined : SERVERS_AT_FIRST },
        accept,
        signal,
      )
    } catch (error) {
      return error
    }
    await this.#keep()
    return undefined
  }

  /** True when some that would prove the consensus are not there. */
  lackSome(consensus: Consensus): boolean {
    return this.#missing(consensus).length > 0
  }

  /** The authorities of which no certificate is there that holds: a tor client asks for those by their identities alone. */
  #unknown(): string[] {
    const { network, clock } = this.#options
    const now = clock.now()
    const known = new Set(this.#certificates.filter(({ expires }) => now < expires).map(({ identity }) => identity))
    return network.authorities.map(({ v3Identity }) => v3Identity).filter((identity) => !known.has(identity))
  }

  async #keep(): Promise<void> {
    await this.#options.kept.keep('certificates', this.#certificates.map(({ text }) => text).join(''))
  }

  #missing(consensus: Consensus): ReturnType<typeof missingCertificates> {
    const { network, clock } = this.#options
    const { authorities } = network
    const now = nearestUse(consensus, clock.now())
    return missingCertificates(consensus, { authorities, certificates: this.#certificates, now })
  }

  async #isSigned(consensus: Consensus): Promise<boolean> {
    try {
      await this.verify(consensus)
      return true
    } catch {
      return false // that is what it throws for
    }
  }

  /**
   * Those of the certificates that hold, now or when the consensus may be used: a forged one must not take the place of a true one.
   *
   * @throws TorError `DIRECTORY_CERTIFICATE`, as rejection, when there are none
   */
  async #goodOnes(certificates: readonly KeyCertificate[], consensus?: Consensus): Promise<KeyCertificate[]> {
    const { network, clock, platform } = this.#options
    let problem: unknown = new TorError('DIRECTORY_CERTIFICATE', 'none of the certificates is one that was asked for')
    const good: KeyCertificate[] = []
    const now = consensus ? nearestUse(consensus, clock.now()) : clock.now()
    for (const certificate of certificates) {
      const { identity } = certificate
      if (!network.authorities.some(({ v3Identity }) => v3Identity === identity)) continue
      await pauseForTasks()
      try {
        verifyKeyCertificate(certificate, { identity, now, platform })
        good.push(certificate)
      } catch (error) {
        problem = error
      }
    }
    if (good.length === 0) throw problem
    return good
  }
}

/**
 * The certificates of a text, each read in a task of its own.
 *
 * @throws TorError `DIRECTORY_MALFORMED`, as rejection
 */
async function read(text: string, asked?: readonly KeyCertificateName[], strangers = 0): Promise<KeyCertificate[]> {
  const certificates: KeyCertificate[] = []
  for (const certificate of readKeyCertificates(text, asked, strangers)) {
    certificates.push(certificate)
    await pauseForTasks()
  }
  return certificates
}
