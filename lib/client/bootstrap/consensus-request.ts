/**
 * The request for a newer consensus, as a tor client makes it (C tor, `directory_get_consensus_url` and
 * `dir_consensus_request_set_additional_headers`): unless there is a newer one, and as a diff from the one that is kept. Whatever is
 * wrong with a diff, the whole consensus is asked for instead.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import type { LongHash } from '../../platform/crypto/digests/running-digest.ts'
import type { DiffBase } from '../../directory/consensus-diff.ts'
import type { Consensus } from '../../directory/consensus.ts'
import type { NetworkConfig } from '../../directory/network/network-config.ts'
import type { Platform } from '../../platform/platform.ts'
import type { ClientStore } from './client-store.ts'
import { NOT_MODIFIED, type RequestHeaders } from './sources/directory-request.ts'
import { severalAtOnce } from './sources/several-at-once.ts'

/** The most bytes of a consensus, as C tor (`MAX_DIR_DL_SIZE`). The public network's has about 3 MB. */
export const MAX_CONSENSUS = 10_485_760

/** How many hex digits of an authority's identity the path has (`CONDITIONAL_CONSENSUS_FPR_LEN` bytes). */
const PREFIX_DIGITS = 6

/** How much newer than the known one a consensus has to be, in ms: at most half of the time between two. */
const MARGIN = 180_000

/** How old a consensus may be to be a base, in hours (param-spec). */
const DIFF_HOURS = { name: 'try-diff-for-consensus-newer-than', usual: 72, most: 8192 }
const HOUR = 3_600_000

/** What a request is made of. */
export interface ConsensusRequestOptions {
  readonly network: NetworkConfig
  readonly kept: Pick<ClientStore, 'useBytes'>
  readonly platform: Pick<Platform, 'sha3Hash'>
  /** The newest consensus that was verified. */
  readonly known: Consensus | undefined
  /** In ms since the epoch. */
  readonly now: number
}

export class ConsensusRequest {
  readonly path: string
  /** How several servers are asked at a time by a client that has no consensus of use. */
  readonly race: typeof severalAtOnce = severalAtOnce
  readonly #options: ConsensusRequestOptions
  readonly #base: DiffBase | undefined
  #refused = false

  private constructor(options: ConsensusRequestOptions, base: DiffBase | undefined) {
    this.#options = options
    this.#base = base
    const prefixes = options.network.authorities.map(({ v3Identity }) => v3Identity.slice(0, PREFIX_DIGITS)).sort()
    this.path = `/tor/status-vote/current/consensus-microdesc/${prefixes.join('+')}.z`
  }

  /** Makes it; what is kept is the base of a diff when it is not too old for that. */
  static async make(options: ConsensusRequestOptions): Promise<ConsensusRequest> {
    const { known, now } = options
    const { name, usual, most } = DIFF_HOURS
    const hours = Math.min(Math.max(known?.params.get(name) ?? usual, 0), most)
    const isNewEnough = known !== undefined && known.validAfter >= now - hours * HOUR
    return new ConsensusRequest(options, isNewEnough ? await keptBase(options) : undefined)
  }

  /** A server sent a diff that was no good: none is asked for any more. */
  get hasRefused(): boolean {
    return this.#refused
  }

  /** What the next server is told. */
  headers(): RequestHeaders {
    const { known } = this.#options
    if (known === undefined) return {}
    const { validAfter, freshUntil } = known
    const margin = freshUntil > validAfter ? Math.min(MARGIN, (freshUntil - validAfter) / 2) : MARGIN
    const since = { 'If-Modified-Since': new Date(validAfter + margin).toUTCString() }
    if (this.#base === undefined || this.#refused) return since
    return { ...since, 'X-Or-Diff-From-Consensus': this.#base.digest }
  }

  /**
   * The consensus that an answer is or comes to; undefined when it says that there is none that is newer.
   *
   * @throws TorError `DIRECTORY_MALFORMED`, as rejection, for a diff that is no good
   */
  async consensusOf(answer: string): Promise<string | Uint8Array | undefined> {
    if (answer === NOT_MODIFIED && this.#options.known !== undefined) return undefined
    const base = this.#base
    if (base === undefined) return answer
    const { applyConsensusDiff, isConsensusDiff } = await import('../../directory/consensus-diff.ts')
    if (!isConsensusDiff(answer)) return answer
    if (this.#refused) throw new TorError('DIRECTORY_MALFORMED', 'the answer is a diff, which nobody asked for')
    try {
      const newHash = (): LongHash => this.#options.platform.sha3Hash()
      return await applyConsensusDiff(answer, base, { newHash, limit: MAX_CONSENSUS })
    } catch (error) {
      this.#refused = true
      throw error
    }
  }
}

/** What is kept, which may be newer than what is known: others share the storage. */
async function keptBase({ kept, platform }: ConsensusRequestOptions): Promise<DiffBase | undefined> {
  let base: DiffBase | undefined
  await kept.useBytes('consensus', async (bytes) => {
    if (bytes.length > MAX_CONSENSUS) return
    const { digestAsSigned } = await import('../../directory/consensus-diff.ts')
    const digest = await digestAsSigned(bytes, () => platform.sha3Hash())
    if (digest !== undefined) base = { bytes, digest }
  })
  return base
}
