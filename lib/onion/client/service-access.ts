/**
 * One service, as the streams of one isolation reach it: its descriptor, its introduction points, and the circuit that
 * they share. One attempt to connect is under way at a time, and who comes meanwhile waits for it.
 *
 * @module
 */
import { unlessAborts } from '../../base/waiting/abort.ts'
import { markHandled } from '../../base/waiting/deferred.ts'
import { TorError } from '../../base/errors.ts'
import type { OnionDescriptor } from '../descriptor/descriptor.ts'
import type { IntroPoint } from '../descriptor/intro-point.ts'
import { DescriptorFetch, type DirectoryRings } from './descriptor-fetch.ts'
import type { ClientWork } from './client-work.ts'
import { introduce, IntroductionFailure, type IntroductionPlan } from './introduction.ts'
import { IntroPointRecord } from './intro-point-record.ts'
import { JoinedCircuit } from './joined-circuit.ts'
import type { OnionNetwork } from '../network/onion-network.ts'
import { Rendezvous } from './rendezvous.ts'

/** How many introductions one attempt makes: more would be many circuits in a short time, through few relays. */
const MAX_INTRODUCTIONS = 6

/** How many times a rendezvous that could not be established is tried. */
const MAX_RENDEZVOUS = 3

interface Attempt {
  readonly circuit: Promise<JoinedCircuit>
  readonly end: AbortController
  waiting: number
}

export class ServiceAccess {
  readonly #network: OnionNetwork
  readonly #fetch: DescriptorFetch
  readonly #record: IntroPointRecord
  readonly #work: ClientWork
  readonly #closing: AbortSignal
  #descriptor: OnionDescriptor | undefined
  #circuit: JoinedCircuit | undefined
  #attempt: Attempt | undefined
  /** When somebody was here last, in ms since the epoch. */
  lastUse = 0

  constructor(
    network: OnionNetwork,
    rings: DirectoryRings,
    identity: Uint8Array,
    { clientSecret, work }: { readonly clientSecret: Uint8Array | undefined; readonly work: ClientWork },
    closing: AbortSignal,
  ) {
    this.#network = network
    this.#fetch = new DescriptorFetch(network, rings, identity, clientSecret)
    this.#record = new IntroPointRecord(() => network.clock.now())
    this.#work = work
    this.#closing = closing
  }

  /** True while it holds a circuit, or is about to. */
  get isBusy(): boolean {
    return this.#attempt !== undefined || this.#circuit?.isUsable === true
  }

  /**
   * A circuit to the service, with the stream counted as its own.
   *
   * @throws TorError `ONION_…`, `ABORTED`, or what befell the client
   */
  async acquire(signal: AbortSignal): Promise<JoinedCircuit> {
    this.lastUse = this.#network.clock.now()
    let circuit = this.#circuit
    if (circuit?.isUsable !== true) circuit = await this.#waitForAttempt(signal)
    circuit.claim()
    return circuit
  }

  /** Nobody comes any more: the circuit keeps the streams that it has. */
  retire(): void {
    this.#circuit?.retire()
  }

  /** Closes what there is. */
  async close(): Promise<void> {
    if (this.#attempt !== undefined) this.#giveUp(this.#attempt)
    await this.#circuit?.close()
  }

  /** Waits with the others. The attempt ends when the last of them has gone. */
  async #waitForAttempt(signal: AbortSignal): Promise<JoinedCircuit> {
    const attempt = (this.#attempt ??= this.#begin())
    attempt.waiting += 1
    try {
      return await unlessAborts(
        attempt.circuit,
        [signal],
        (cause) => new TorError('ABORTED', 'the onion service is not wanted any more', { cause }),
      )
    } finally {
      attempt.waiting -= 1
      if (attempt.waiting === 0) this.#giveUp(attempt)
    }
  }

  #begin(): Attempt {
    const end = new AbortController()
    const signal = AbortSignal.any([end.signal, this.#closing])
    const circuit = this.#connect(signal).then(
      (joined) => {
        if (this.#attempt === own) {
          this.#attempt = undefined
          this.#circuit = joined
        } else void joined.close() // nobody is here who wanted it
        return joined
      },
      (error: unknown) => {
        if (this.#attempt === own) this.#attempt = undefined
        throw error
      },
    )
    markHandled(circuit)
    const own: Attempt = { circuit, end, waiting: 0 }
    return own
  }

  /** It takes a while to end, and is for nobody from now on: who comes next begins another one. */
  #giveUp(attempt: Attempt): void {
    if (this.#attempt === attempt) this.#attempt = undefined
    attempt.end.abort()
  }

  async #connect(signal: AbortSignal): Promise<JoinedCircuit> {
    // Neither waits for the other: most of the time goes by on the way.
    const first = Rendezvous.establish(this.#network, signal)
    markHandled(first)
    let rendezvous: Rendezvous | undefined
    try {
      let descriptor = await this.#currentDescriptor(signal)
      rendezvous = await first.catch(() => this.#establish(signal))
      let isRefetched = false
      let failure: IntroductionFailure | undefined
      for (let introductions = 0; introductions < MAX_INTRODUCTIONS;) {
        const points = this.#record.usable(descriptor.introPoints, this.#work.isRaisedFor(descriptor))
        if (points.length === 0 || (!isRefetched && this.#hasEnded(descriptor))) {
          if (isRefetched) break
          isRefetched = true
          const newer = await this.#refetch(descriptor, signal)
          if (newer === undefined && points.length === 0) break
          descriptor = newer ?? descriptor
          continue
        }
        const point = points[this.#network.random(points.length)] as IntroPoint
        introductions += 1
        try {
          rendezvous = rendezvous.isTold || rendezvous.isOver ? await this.#another(rendezvous, signal) : rendezvous
          const plan = this.#planFor(descriptor, point)
          await introduce(this.#network, plan, rendezvous, signal)
          this.#record.succeeded(point)
          return new JoinedCircuit(rendezvous, this.#network.clock)
        } catch (error) {
          if (!(error instanceof IntroductionFailure)) throw error
          failure = error
          if (error.fault !== 'lost') this.#record.failed(point, error.fault)
        }
      }
      throw this.#failureOf(descriptor, failure)
    } catch (error) {
      void first.then(
        (established) => established.close(),
        () => undefined, // it is told by `error` already
      )
      void rendezvous?.close()
      throw error
    }
  }

  #planFor(descriptor: OnionDescriptor, point: IntroPoint): IntroductionPlan {
    const failures = this.#record.failuresOf(point)
    return { descriptor, point, prove: (signal) => this.#work.proofFor(descriptor, failures, signal) }
  }

  /** True when the service has another puzzle by now, or will soon take this one no more. */
  #hasEnded({ proofOfWork }: OnionDescriptor): boolean {
    return proofOfWork !== undefined && proofOfWork.expires <= this.#network.clock.now()
  }

  /** The descriptor that there is, or a fetched one. */
  async #currentDescriptor(signal: AbortSignal): Promise<OnionDescriptor> {
    const directory = await this.#network.directory(signal)
    const known = this.#descriptor
    if (known !== undefined && this.#fetch.isCurrent(known, directory)) return known
    return (this.#descriptor = await this.#fetch.fetch(directory, undefined, signal))
  }

  /** A newer descriptor, with introduction points that may do better; undefined when there is none. */
  async #refetch(known: OnionDescriptor, signal: AbortSignal): Promise<OnionDescriptor | undefined> {
    try {
      const directory = await this.#network.directory(signal)
      const fetched = await this.#fetch.fetch(directory, known, signal)
      this.#descriptor = fetched
      return fetched === known ? undefined : fetched
    } catch (error) {
      if (signal.aborted || !(error instanceof TorError) || !error.code.startsWith('ONION_')) throw error
      return undefined // what the introduction points came to says more
    }
  }

  /** A rendezvous in place of one that a service may have heard of: it could come to it late, with other keys. */
  async #another(told: Rendezvous, signal: AbortSignal): Promise<Rendezvous> {
    void told.close()
    return await this.#establish(signal)
  }

  async #establish(signal: AbortSignal): Promise<Rendezvous> {
    let failure: unknown
    for (let tries = 0; tries < MAX_RENDEZVOUS; tries++) {
      try {
        return await Rendezvous.establish(this.#network, signal, true)
      } catch (error) {
        if (signal.aborted) throw error
        failure = error
      }
    }
    throw new TorError('ONION_RENDEZVOUS_FAILED', 'no relay could be had to meet the onion service at', {
      cause: failure,
    })
  }

  /** What to tell when no introduction point is left. */
  #failureOf({ introPoints }: OnionDescriptor, last: IntroductionFailure | undefined): TorError {
    const faults = introPoints.map((point) => this.#record.faultOf(point))
    const cause = last?.cause
    if (faults.includes('unanswered') || last?.fault === 'lost')
      return new TorError('ONION_RENDEZVOUS_FAILED', 'the onion service was told where to meet, and did not come', {
        cause,
      })
    if (faults.length > 0 && faults.every((fault) => fault === 'timeout'))
      return new TorError('ONION_INTRODUCTION_TIMEOUT', 'no introduction point of the onion service answered in time', {
        cause,
      })
    return new TorError('ONION_INTRODUCTION_FAILED', 'no introduction point of the onion service passes a client on', {
      cause,
    })
  }
}
