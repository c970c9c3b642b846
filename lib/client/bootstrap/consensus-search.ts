/**
 * How a newer consensus is looked for: asked of one server after the other, verified, and never believed to be the newest because one
 * server says so. It is loaded with the first search.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import { ageOf } from '../../directory/consensus-lifetime.ts'
import { parseConsensus, type Consensus } from '../../directory/consensus.ts'
import type { DirectorySnapshot } from '../../directory/snapshot.ts'
import type { HashOptions } from '../../directory/text/hash-text.ts'
import { pauseForTasks } from '../../base/waiting/slices.ts'
import type { CertificateStore } from './certificate-store.ts'
import { ConsensusRequest, MAX_CONSENSUS } from './consensus-request.ts'
import type { DirectoryKeeperOptions } from './keeper-options.ts'
import type { Patience } from './patience.ts'
import { isAnswer } from './sources/document-source.ts'

/** What a search needs. */
export interface ConsensusSearchOptions extends DirectoryKeeperOptions {
  /** The newest that was verified. */
  readonly known: Consensus | undefined
  readonly hashing: HashOptions
  readonly certificates: CertificateStore
  readonly patience: Patience
  /** One has come, and is about to be judged. */
  judging(): void
  /**
   * More than half of the authorities signed it, it is of this day, and this client may take part.
   *
   * @param problem - why certificates are missing, if some are
   */
  verify(consensus: Consensus, problem: unknown): Promise<void>
}

/**
 * A consensus that holds now; the known one where nobody has a newer one.
 *
 * @param snapshot - what is looked at before relays are asked: one more server, that is believed no more than they are
 * @throws TorError `DIRECTORY_…`, `CLIENT_OBSOLETE`, `LINK_FORBIDDEN`, `ABORTED`
 */
export async function searchConsensus(
  options: ConsensusSearchOptions,
  snapshot: DirectorySnapshot | undefined,
  signal: AbortSignal,
): Promise<Consensus> {
  const { source, snapshots, kept, clock, known, hashing, certificates, patience } = options
  const request = await ConsensusRequest.make({ ...options, now: clock.now() })
  let behind: Consensus | undefined
  const accept = async (answer: string, outdo: () => void): Promise<Consensus> => {
    const document = await request.consensusOf(answer)
    if (document === undefined) {
      // What is known may have become useless meanwhile.
      if (behind !== undefined && ageOf(behind, clock.now())) return behind
      behind ??= known
      throw new TorError('DIRECTORY_EXPIRED', 'there may be a newer consensus')
    }
    const parsed = await parseConsensus(document, hashing)
    // Nobody can take the client back to an older one than it has, as long as that one may be used.
    if (known && parsed.validAfter < known.validAfter && ageOf(known, clock.now()))
      throw new TorError('DIRECTORY_EXPIRED', 'the consensus is older than the one that is there')
    options.judging()
    if (snapshot) await certificates.offer(parsed, snapshot.certificates)
    const problem = await certificates.fetch(parsed, signal, patience.ofCertificates(signal))
    await options.verify(parsed, problem)
    await pauseForTasks()
    const before = behind
    // One server alone cannot keep a newer one from the client: another is asked whether there is one.
    const isBehind = parsed.validAfter <= (known?.validAfter ?? 0) || ageOf(parsed, clock.now())?.phase === 'stale'
    if (isBehind && before === undefined) {
      behind = parsed
      await kept.keep('consensus', document)
      throw new TorError('DIRECTORY_EXPIRED', 'there may be a newer consensus')
    }
    if (before && parsed.validAfter <= before.validAfter) return before
    if (before) outdo()
    await kept.keep('consensus', document)
    return parsed
  }
  if (snapshot !== undefined && snapshot.consensus.length <= MAX_CONSENSUS) {
    try {
      return await accept(snapshot.consensus, () => undefined)
    } catch (error) {
      if (signal.aborted || !isAnswer(error)) throw error
      snapshots?.refuse(error)
    }
  }
  const { path } = request
  const between = patience.ofConsensus(signal)
  const race = known && ageOf(known, clock.now()) ? undefined : request.race
  const fetch = (): Promise<Consensus> =>
    source.fetch({ path, headers: () => request.headers(), limit: MAX_CONSENSUS, race, between }, accept, signal)
  try {
    return await fetch().catch((error: unknown) => {
      // Each that was left after a diff that was no good may have failed: now all of them are asked for the whole.
      if (!request.hasRefused || behind !== undefined || signal.aborted || !isAnswer(error)) throw error
      return fetch()
    })
  } catch (error) {
    // Nobody else had one. That this client is too old for a newer one is to be said all the same.
    if (behind === undefined || signal.aborted || !isAnswer(error) || !ageOf(behind, clock.now())) throw error
    return behind
  }
}
