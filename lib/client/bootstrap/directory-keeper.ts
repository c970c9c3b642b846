/**
 * The client's directory: kept from the last run or fetched, always verified, renewed in time (dir-spec section 5).
 *
 * @module
 */
import type { Clock } from '../../base/clock.ts'
import { checkClientProtocols } from '../../directory/client-protocols.ts'
import { checkLifetime, nextFetch, type ConsensusAge } from '../../directory/consensus-lifetime.ts'
import { missingCertificates, verifyConsensus } from '../../directory/consensus-signatures.ts'
import { parseConsensus, type Consensus } from '../../directory/consensus.ts'
import {
  isCertificateFor,
  newestCertificates,
  parseKeyCertificates,
  verifyKeyCertificate,
  type KeyCertificate,
} from '../../directory/key-certificate.ts'
import { parseMicrodescriptors, type Microdescriptor } from '../../directory/microdescriptor.ts'
import type { NetworkConfig } from '../../directory/network/network-config.ts'
import { isUsable, NetworkDirectory } from '../../directory/network-directory.ts'
import { markHandled } from '../../base/deferred.ts'
import { TorError } from '../../base/errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { DocumentSource } from './document-source.ts'
import type { ClientStore } from './client-store.ts'
import { unlessAborted } from '../../base/pause.ts'
import type { ClientPhase } from './status.ts'

/** The most bytes of each kind of document. The public network's consensus has about 3 MB. */
const MAX_CONSENSUS = 16_000_000
const MAX_CERTIFICATES = 1_000_000
const MAX_MICRODESCRIPTORS = 2_000_000

/** How many microdescriptors are asked for at a time, and how many such requests are under way. */
const BATCH = 200
const PARALLEL = 3

/** Of how many relays the microdescriptor must be there, of those that may be used. */
const ENOUGH = 0.6

/** How soon the directory is renewed anew because it is stale, in ms. */
const STALE_RETRY = 60_000

/** What a keeper needs. */
export interface DirectoryKeeperOptions {
  readonly network: NetworkConfig
  readonly source: DocumentSource
  readonly kept: ClientStore
  readonly clock: Clock
  readonly platform: Platform
  /** Aborts when the client is closed. */
  readonly closing: AbortSignal
  /** From 0 up to and without 1. */
  random(): number
  /** What is being done; `done` is from 0 to 1. */
  progress(phase: ClientPhase, done: number): void
  /** There is a new directory. */
  changed(directory: NetworkDirectory): void
  /** Something that the user should know. */
  warn(warning: string | undefined): void
}

export class DirectoryKeeper {
  readonly #options: DirectoryKeeperOptions
  #directory: NetworkDirectory | undefined
  #certificates: KeyCertificate[] = []
  #microdescriptors = new Map<string, { readonly parsed: Microdescriptor; readonly text: string }>()
  #refreshing: Promise<NetworkDirectory> | undefined
  #refreshedAt = -Infinity
  #isQuiet = false

  constructor(options: DirectoryKeeperOptions) {
    this.#options = options
  }

  /** The newest directory, usable or not. */
  get directory(): NetworkDirectory | undefined {
    return this.#directory
  }

  /** When the next consensus should be fetched, in ms since the epoch. */
  get nextFetch(): number {
    const { clock, random } = this.#options
    return this.#directory ? nextFetch(this.#directory.consensus, clock.now(), random) : clock.now()
  }

  /** Takes over what the last run kept, as far as it is still good. All of it is read at once. */
  async load(): Promise<void> {
    const { kept, clock } = this.#options
    const certificates = kept.use('certificates', (text) => {
      const parsed = parseKeyCertificates(text)
      if (parsed.some(({ expires }) => clock.now() <= expires)) this.#certificates = this.#goodOnes(parsed)
    })
    const microdescriptors = kept.use('microdescriptors', (text) => this.#takeMicrodescriptors(text))
    const consensus = kept.use('consensus', async (text) => {
      const parsed = await parseConsensus(text)
      await Promise.all([certificates, microdescriptors])
      if (this.#isGood(parsed)) this.#replaceBy(this.#directoryOf(parsed))
    })
    await Promise.all([certificates, microdescriptors, consensus])
  }

  /**
   * A directory that may be used now: the one that is there, or a new one. One that is stale is renewed beside, and
   * what is missing of it fetched.
   *
   * @throws TorError `DIRECTORY_…`, `CLIENT_OBSOLETE`, `ABORTED`
   */
  async usable(signal: AbortSignal): Promise<NetworkDirectory> {
    const directory = this.#directory
    if (directory === undefined || !this.#isComplete(directory)) return this.refresh(signal)
    const { clock, warn } = this.#options
    const age = ageOf(directory.consensus, clock.now())
    if (age === undefined) return this.refresh(signal) // too old by now, or the clock was set
    warn(age.warning)
    const isWanting = age.phase === 'stale' || directory.missing.length > 0
    if (isWanting && Math.abs(clock.now() - this.#refreshedAt) >= STALE_RETRY) markHandled(this.refresh(signal, true))
    return directory
  }

  /**
   * Fetches a newer consensus, if there should be one by now, and what is missing for it. Calls at the same time share
   * one round, which goes on when one of them is given up.
   *
   * @param quiet - nobody is told of its progress
   */
  refresh(signal: AbortSignal, quiet = false): Promise<NetworkDirectory> {
    if (this.#refreshing === undefined) {
      this.#isQuiet = quiet
      this.#refreshedAt = this.#options.clock.now()
      this.#refreshing = this.#refresh(this.#options.closing).finally(async () => {
        await this.#options.source.release()
        this.#refreshing = undefined
      })
      markHandled(this.#refreshing)
    }
    return unlessAborted(this.#refreshing, signal)
  }

  /** Resolves when no round is under way. */
  async settled(): Promise<void> {
    await this.#refreshing?.catch(() => undefined) // whoever wanted it has been told
  }

  async #refresh(signal: AbortSignal): Promise<NetworkDirectory> {
    const known = this.#directory?.consensus
    const isFresh = known !== undefined && ageOf(known, this.#options.clock.now())?.phase === 'fresh'
    const consensus = isFresh ? known : await this.#fetchConsensus(signal)
    await this.#fetchMicrodescriptors(consensus, signal)
    const directory = this.#directoryOf(consensus)
    if (!this.#isComplete(directory)) {
      throw new TorError(
        'DIRECTORY_UNAVAILABLE',
        `only ${directory.relays.length} relays have a description that could be fetched`,
      )
    }
    this.#replaceBy(directory)
    return directory
  }

  async #fetchConsensus(signal: AbortSignal): Promise<Consensus> {
    const { network, source, kept } = this.#options
    this.#progress('consensus', 0)
    const wanted = network.authorities.map(({ v3Identity }) => v3Identity).sort()
    const path = `/tor/status-vote/current/consensus-microdesc/${wanted.join('+')}.z`
    const accept = async (text: string): Promise<Consensus> => {
      const parsed = await parseConsensus(text)
      this.#expectNewer(parsed)
      const problem = await this.#fetchCertificates(parsed, signal)
      this.#verify(parsed, problem)
      await kept.keep('consensus', text)
      return parsed
    }
    return source.fetch(path, MAX_CONSENSUS, accept, signal)
  }

  /**
   * Verifies a kept consensus. False when it is of no use now, or when what would prove it is not there.
   *
   * @throws TorError when it is not what was signed
   */
  #isGood(consensus: Consensus): boolean {
    const { network, clock, closing } = this.#options
    const check = { authorities: network.authorities, certificates: this.#certificates, now: clock.now() }
    if (closing.aborted || ageOf(consensus, check.now) === undefined) return false
    try {
      this.#verify(consensus)
      return true
    } catch (error) {
      const isObsolete = error instanceof TorError && error.code === 'CLIENT_OBSOLETE'
      if (isObsolete || missingCertificates(consensus, check).length > 0) return false
      throw error
    }
  }

  /** Nobody can take the client back to an older consensus than it has, as long as that one may be used. */
  #expectNewer(consensus: Consensus): void {
    const known = this.#directory?.consensus
    if (known && consensus.validAfter < known.validAfter && ageOf(known, this.#options.clock.now())) {
      throw new TorError('DIRECTORY_EXPIRED', 'the consensus is older than the one that is there')
    }
  }

  /**
   * More than half of the authorities signed it, it is of this day, and this client may take part.
   *
   * @param problem - why certificates are missing, if some are: then that is what is told
   */
  #verify(consensus: Consensus, problem?: unknown): void {
    const { network, clock, platform, warn } = this.#options
    const now = clock.now()
    try {
      verifyConsensus(consensus, { authorities: network.authorities, certificates: this.#certificates, now, platform })
    } catch (error) {
      throw problem ?? error
    }
    warn(checkLifetime(consensus, now).warning)
    checkClientProtocols(consensus)
  }

  /**
   * Fetches the certificates that are missing. When some cannot be had, perhaps the others will do: gives the reason.
   */
  async #fetchCertificates(consensus: Consensus, signal: AbortSignal): Promise<unknown> {
    const { network, source, kept, clock } = this.#options
    this.#progress('certificates', 0)
    const check = { authorities: network.authorities, certificates: this.#certificates, now: clock.now() }
    const missing = missingCertificates(consensus, check)
    if (missing.length === 0) return undefined
    const names = missing.map(({ identity, signingKeyDigest }) => `${identity}-${signingKeyDigest}`)
    const accept = (text: string): void => {
      const asked = parseKeyCertificates(text).filter((certificate) =>
        missing.some((name) => isCertificateFor(certificate, name)),
      )
      this.#certificates = newestCertificates([...this.#certificates, ...this.#goodOnes(asked)])
    }
    try {
      await source.fetch(`/tor/keys/fp-sk/${names.join('+')}.z`, MAX_CERTIFICATES, accept, signal)
    } catch (error) {
      return error
    }
    await kept.keep('certificates', this.#certificates.map(({ text }) => text).join(''))
    return undefined
  }

  /**
   * Those of the certificates that hold: a forged one must not take the place of a true one.
   *
   * @throws TorError `DIRECTORY_CERTIFICATE` when there are none
   */
  #goodOnes(certificates: readonly KeyCertificate[]): KeyCertificate[] {
    const { network, clock, platform } = this.#options
    let problem: unknown = new TorError('DIRECTORY_CERTIFICATE', 'none of the certificates is one that was asked for')
    const good = certificates.filter((certificate) => {
      const { identity } = certificate
      if (!network.authorities.some(({ v3Identity }) => v3Identity === identity)) return false
      try {
        verifyKeyCertificate(certificate, { identity, now: clock.now(), platform })
        return true
      } catch (error) {
        problem = error
        return false
      }
    })
    if (good.length === 0) throw problem
    return good
  }

  async #fetchMicrodescriptors(consensus: Consensus, signal: AbortSignal): Promise<void> {
    const { source, kept } = this.#options
    const wanted = new Set(consensus.relays.filter(isUsable).map(({ microdescriptorDigest }) => microdescriptorDigest))
    const missing = [...wanted].filter((digest) => !this.#microdescriptors.has(digest))
    const batches = Array.from({ length: Math.ceil(missing.length / BATCH) }, (_, index) =>
      missing.slice(index * BATCH, (index + 1) * BATCH),
    )
    const total = batches.length
    let failure: TorError | undefined
    let taken = 0
    this.#progress('microdescriptors', 0)
    const worker = async (): Promise<void> => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        const asked = new Set(batch)
        const accept = async (text: string): Promise<void> => {
          const good = await this.#takeMicrodescriptors(text, asked)
          taken += good
          if (good === 0) throw new TorError('DIRECTORY_DIGEST', 'none of the descriptions is one that was asked for')
        }
        await source
          .fetch(`/tor/micro/d/${batch.join('-')}.z`, MAX_MICRODESCRIPTORS, accept, signal)
          .catch((error: unknown) => {
            if (!(error instanceof TorError)) throw error
            failure = error
          })
        this.#progress('microdescriptors', 1 - batches.length / total)
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, worker))
    for (const digest of this.#microdescriptors.keys()) if (!wanted.has(digest)) this.#microdescriptors.delete(digest)
    if (taken > 0)
      await kept.keep('microdescriptors', [...this.#microdescriptors.values()].map(({ text }) => text).join(''))
    // Some may be missing; none may not.
    if (failure !== undefined && this.#microdescriptors.size < ENOUGH * wanted.size) throw failure
  }

  /** Takes the microdescriptors of a text, of those that were asked for; returns how many. */
  async #takeMicrodescriptors(text: string, asked?: ReadonlySet<string>): Promise<number> {
    let taken = 0
    for (const { digest, microdescriptor, text: own } of await parseMicrodescriptors(text)) {
      if (microdescriptor === undefined || (asked && !asked.has(digest))) continue
      this.#microdescriptors.set(digest, { parsed: microdescriptor, text: own })
      taken += 1
    }
    return taken
  }

  #progress(phase: ClientPhase, done: number): void {
    if (!this.#isQuiet) this.#options.progress(phase, done)
  }

  #directoryOf(consensus: Consensus): NetworkDirectory {
    return new NetworkDirectory(
      consensus,
      new Map([...this.#microdescriptors].map(([digest, { parsed }]) => [digest, parsed])),
    )
  }

  #replaceBy(directory: NetworkDirectory): void {
    this.#directory = directory
    this.#options.changed(directory)
  }

  #isComplete({ relays, missing }: NetworkDirectory): boolean {
    return relays.length > 0 && relays.length >= ENOUGH * (relays.length + missing.length)
  }
}

/** How old a consensus is; undefined when it may not be used. */
function ageOf(consensus: Consensus, now: number): ConsensusAge | undefined {
  try {
    return checkLifetime(consensus, now)
  } catch {
    return undefined // that is what it throws for
  }
}
