/**
 * Who is asked for directory documents, and what happens when somebody does not have one, or has a bad one: the next is
 * asked (dir-spec, "Client operation").
 *
 * Each server is asked over a circuit of one hop, several documents over the same one (directory-circuits.ts).
 *
 * @module
 */
import { isClockFault } from '../../../base/clock-fault.ts'
import { monotonicTime, startTimer } from '../../../base/waiting/clock.ts'
import { deferred } from '../../../base/waiting/deferred.ts'
import { encodeHex } from '../../../directory/text/encoding.ts'
import { SocketError, TorError } from '../../../base/errors.ts'
import { DestroyReason } from '../../../cell/reasons.ts'
import type { DirectoryServer } from '../../../relay.ts'
import { inTurn, type Asking, type Outcome, type Progress, type ServerPick, type Wait } from './attempts.ts'
import { DirectoryCircuits, type DirectoryCircuitsOptions } from './directory-circuits.ts'
import type { requestDocument, RequestHeaders } from './directory-request.ts'
import type { severalAtOnce } from './several-at-once.ts'

/** How long a server may take for one document, connecting included, in ms. */
const REQUEST_TIMEOUT = 20_000

/** How many servers are asked for one document. */
const MAX_SERVERS = 6

/**
 * How many servers' documents or certificates must not hold now before nobody else is asked, and the clock is told to be wrong. One
 * alone may show what is old; so may a client's guards, which it asks first each time, and which count as one.
 */
const WITNESSES = 3

/** In place of a guard's fingerprint, among those. */
const GUARDS = 'guards'

/** What a source needs. */
export interface DocumentSourceOptions extends DirectoryCircuitsOptions {
  /** The servers to ask, best first; asked anew for each document. Or of those the authorities alone. */
  servers(onlyAuthorities?: boolean): Iterable<ServerPick>
  /** Whether a request leaves before the server has agreed to be asked. */
  isOptimistic(): boolean
}

/** A document that is wanted. */
export interface DocumentRequest {
  /** What each server is asked for. */
  readonly path: string | (() => string)
  /** What each server is told beside. */
  readonly headers?: (() => RequestHeaders) | undefined
  /** The most bytes, decompressed. */
  readonly limit: number
  /**
   * Requests at the same time go to servers of their own where they have different lanes.
   *
   * @defaultValue 0
   */
  readonly lane?: number | undefined
  /** A server answered, but did not have it, or not as it should be. */
  readonly lacked?: (() => void) | undefined
  /** See leisure.ts. By default none waits. */
  readonly between?: Wait | undefined
  /** Asks several servers at a time. By default one after the other. */
  readonly race?: typeof severalAtOnce | undefined
  /**
   * How many are asked.
   *
   * @defaultValue 6
   */
  readonly most?: number | undefined
}

export class DocumentSource {
  readonly #options: DocumentSourceOptions
  readonly #circuits: DirectoryCircuits
  /** Of this round, and of those that are asked at random: by lane who served a document, and who did not answer. */
  readonly #good = new Map<number, DirectoryServer>()
  readonly #silent = new Set<DirectoryServer>()
  /** By fingerprint: who did not have what others had. These are asked last, as long as the client lives. */
  readonly #outdone = new Set<string>()
  #lastFailure: unknown

  constructor(options: DocumentSourceOptions) {
    this.#options = options
    this.#circuits = new DirectoryCircuits(options)
  }

  /** What the last request that failed came to, for whoever waits in vain. */
  get lastFailure(): unknown {
    return this.#lastFailure
  }

  /** True for a server that did not have what another one had: it is asked after the others of its kind. */
  isOutdone(fingerprint: string): boolean {
    return this.#outdone.has(fingerprint)
  }

  /**
   * Fetches a document and gives what `accept` makes of it. A server that has it not, or whose document `accept` throws
   * at, is passed over.
   *
   * @param accept - calls `outdo` when the document has what the servers before lacked
   * @throws TorError `DIRECTORY_…`, the last server's failure, a document's before a connection's; `LINK_FORBIDDEN`; or what else
   * `accept` throws than `DIRECTORY_…`
   */
  async fetch<T>(
    request: DocumentRequest,
    accept: (text: string, outdo: () => void) => Promise<T> | T,
    signal: AbortSignal,
  ): Promise<T> {
    const { lane = 0, lacked, most = MAX_SERVERS } = request
    const { requestDocument } = await import('./directory-request.ts')
    let failure: unknown
    let asked = 0
    let judging: Promise<void> = Promise.resolve()
    const lacking: DirectoryServer[] = []
    const witnesses = new Set<string>()
    const outdo = (): void => {
      for (const server of lacking) this.#outdone.add(encodeHex(server.rsaIdentity))
    }
    /** What it fails with when nobody else is asked. */
    const reason = (): unknown => {
      if (failure instanceof TorError && failure.code.startsWith('DIRECTORY_')) return failure
      // Why is said at once: it may be the gateway, the page's own rules, or the clock.
      const known = failure instanceof TorError || failure instanceof SocketError ? failure : undefined
      const why = known?.message.replace(/^SocketError: /, '')
      if (why !== undefined && isForbidden(known)) return new TorError('LINK_FORBIDDEN', why, { cause: failure })
      const sentence = ['no directory server could be asked', why ?? []].flat().join(': ')
      return new TorError('DIRECTORY_UNAVAILABLE', sentence, { cause: failure })
    }
    const failed = ({ server, settled }: ServerPick, error: unknown): void => {
      if (settled === undefined && this.#good.get(lane) === server) this.#good.delete(lane)
      failure = isAnswer(error) || !isAnswer(failure) ? error : failure
      this.#lastFailure = failure
      if (isFromServer(error)) {
        lacking.push(server)
        lacked?.()
      }
      const isOfClock = isClockFault(error)
      if (isOfClock) witnesses.add(settled ? GUARDS : encodeHex(server.rsaIdentity))
      // Nobody else can help: the clock is this machine's, and the page's rules are the same for all.
      if (!(isOfClock && witnesses.size >= WITNESSES) && !isForbidden(error)) return
      failure = error
      throw reason()
    }
    /** Asks one server. Gives nothing when another is to be asked, and rejects with what ends it all. */
    const ask = async (pick: ServerPick, wanted: AbortSignal, progress: Progress): Promise<Outcome<T>> => {
      let text: string
      try {
        text = await this.#request(requestDocument, pick.server, request, wanted, progress)
        if (pick.settled) pick.settled(true)
        else this.#good.set(lane, pick.server)
      } catch (error) {
        if (wanted.aborted) {
          pick.settled?.(undefined)
          return undefined
        }
        const reached = isFromServer(error)
        if (pick.settled) pick.settled(reached)
        else if (!reached) this.#silent.add(pick.server)
        failed(pick, error)
        return undefined
      }
      // From now on it is not the server that is waited for.
      progress.movedAt = Infinity
      // What one brought is judged before what the next did.
      const before = judging
      const own = deferred<void>()
      judging = own.promise
      await before
      try {
        return wanted.aborted ? undefined : { value: await accept(text, outdo) }
      } catch (error) {
        if (signal.aborted) return undefined
        // Only a document that is no good speaks for another server: one of the future has been proved, and the clock to be wrong.
        if (!isAnswer(error) || (error as TorError).code === 'DIRECTORY_FUTURE') throw error
        failed(pick, error)
        return undefined
      } finally {
        own.resolve()
      }
    }
    /** Nobody else is asked: that is not waited for. */
    const isOver = (): boolean => asked >= most
    const seen = new Set<DirectoryServer>()
    const next = (servers: Iterator<ServerPick>): ServerPick | undefined => {
      if (signal.aborted || isOver()) return undefined
      asked += 1
      let pick = servers.next().value as ServerPick | undefined
      while (pick !== undefined && seen.has(pick.server)) pick = servers.next().value as ServerPick | undefined
      if (pick !== undefined) seen.add(pick.server)
      return pick
    }
    const asking: Asking<T> = { next, isOver, ask }
    const servers = this.#servers(lane)
    const authorities = this.#options.servers(true)[Symbol.iterator]()
    const outcome = request.race
      ? await request.race(servers, authorities, asking, this.#options, signal)
      : await inTurn(servers, asking, signal, request.between)
    if (outcome !== undefined) return outcome.value
    if (signal.aborted) throw new TorError('ABORTED', 'the directory is not wanted any more', { cause: signal.reason })
    throw reason()
  }

  /**
   * Guards first; then who has served a document in this round; then the others that are not known to be silent, those
   * of other lanes and those that were outdone last.
   */
  *#servers(lane: number): Generator<ServerPick, undefined> {
    const good = this.#good.get(lane)
    const ofOthers = new Set(this.#good.values())
    const later: ServerPick[] = []
    const last: ServerPick[] = []
    let hasGuards = true
    for (const pick of this.#options.servers()) {
      const { server, settled } = pick
      if (settled) {
        yield pick
        continue
      }
      if (hasGuards && good && !this.#silent.has(good)) yield { server: good }
      hasGuards = false
      if (server === good || this.#silent.has(server)) continue
      if (this.isOutdone(encodeHex(server.rsaIdentity))) last.push(pick)
      else if (ofOthers.has(server)) later.push(pick)
      else yield pick
    }
    // Whatever they turned out to be meanwhile.
    for (const pick of [...later, ...last]) if (!this.#silent.has(pick.server)) yield pick
  }

  /** A round is over: the next one asks as if nothing had been learned of who serves. */
  release(): void {
    this.#good.clear()
    this.#silent.clear()
  }

  async #request(
    from: typeof requestDocument,
    server: DirectoryServer,
    { path, headers, limit }: DocumentRequest,
    signal: AbortSignal,
    progress: Progress,
  ): Promise<string> {
    const { clock, isOptimistic } = this.#options
    const asked = typeof path === 'string' ? path : path()
    const moved = (): void => void (progress.movedAt = monotonicTime(clock))
    const told = { server, headers: headers?.(), moved }
    const timeout = new AbortController()
    const stopTimer = startTimer(clock, REQUEST_TIMEOUT, () =>
      timeout.abort(new TorError('DIRECTORY_UNAVAILABLE', `no answer within ${REQUEST_TIMEOUT} ms`)),
    )
    const options = {
      signal: AbortSignal.any([signal, timeout.signal]),
      timeout: Infinity,
      optimistic: isOptimistic(),
      clock,
    }
    const ask = async (): Promise<string> => {
      const kept = this.#circuits.take(server, REQUEST_TIMEOUT)
      kept.circuit.opened.then(moved, () => undefined) // whoever asks is told
      try {
        return await from(kept.circuit.connectDirectory(options), asked, limit, told)
      } catch (error) {
        // What was not answered here may not be answered again.
        progress.wasSilent = timeout.signal.aborted
        if (progress.wasSilent) kept.end()
        throw error
      } finally {
        kept.release()
      }
    }
    try {
      return await ask().catch((error: unknown) => {
        if (!isTakenForIdle(error) || options.signal.aborted) throw error
        return ask()
      })
    } finally {
      stopTimer()
    }
  }
}

/** True for an answer of the server's that is no document, as opposed to no answer. */
export const isAnswer = (error: unknown): boolean => error instanceof TorError && error.code.startsWith('DIRECTORY_')

/** True where the page's own rules forbid the gateway. */
const isForbidden = (error: unknown): boolean =>
  (error instanceof TorError || error instanceof SocketError) && error.code === 'LINK_FORBIDDEN'

/** True for whatever only a server that was reached can bring about. */
const isFromServer = (error: unknown): boolean =>
  isAnswer(error) || (error instanceof SocketError && error.code.startsWith('END_'))

/**
 * True when the relay closed the circuit for being idle, which says nothing of its directory. A relay does so to a circuit of one
 * hop when no cell has left for the client for a minute, or none ever: to the first on a link as well, while its own answer waits
 * to be sent.
 */
const isTakenForIdle = (error: unknown): boolean =>
  error instanceof SocketError &&
  error.code === 'CIRCUIT_DESTROYED' &&
  error.cause instanceof TorError &&
  error.cause.reason === DestroyReason.FINISHED
