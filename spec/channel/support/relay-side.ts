/** What the specs of lib/channel share. */
import { expect } from 'chai'
import { encodeCell, encodeVersions } from '../../../lib/cell/channel/channel-cell.ts'
import { CellCommand } from '../../../lib/cell/commands.ts'
import { Deframer, type LinkItem } from '../../../lib/channel/deframer.ts'
import type { Clock } from '../../../lib/base/waiting/clock.ts'
import { TorError, type ErrorCode } from '../../../lib/base/errors.ts'
import type { Platform } from '../../../lib/platform/platform.ts'
import type { Transport, LinkAddress, Link } from '../../../lib/platform/links/transport.ts'
import { nobleX25519 } from '../../../lib/platform/crypto/curves/noble-x25519.ts'
import { webVerifyEd25519 } from '../../../lib/platform/crypto/curves/web-ed25519.ts'
import { rsaPublic } from '../../../lib/platform/crypto/rsa/rsa.ts'
import type { Relay } from '../../../lib/relay.ts'
import { thrownBy } from '../../cell/support/bytes.ts'
import {
  AUTH_CHALLENGE_BODY,
  CERTS_BODY,
  ED25519_IDENTITY,
  NETINFO_BODY,
  RECORDED_AT,
  RSA_IDENTITY,
  TLS_CERTIFICATE,
} from '../vectors/recorded-relay.ts'

const unused = (): never => expect.fail('the channel needs no such thing of its platform')

/** A platform that can do no more than a channel needs. */
export const platform: Platform = {
  name: 'web',
  keystream: unused,
  runningDigest: unused,
  sha256Hash: unused,
  sha3: { sha3: unused, shake256: unused },
  sha3Digest: unused,
  sha3Hash: unused,
  rsaPublic,
  x25519: nobleX25519,
  verifyEd25519: webVerifyEd25519,
  transport: undefined,
  tls: undefined,
  storage: unused,
}

/** The relay whose handshake was recorded. */
export const relay: Relay = {
  addresses: [{ hostname: '127.0.0.1', port: 9001 }],
  rsaIdentity: RSA_IDENTITY,
  ed25519Identity: ED25519_IDENTITY,
  ntorOnionKey: new Uint8Array(32),
}

/** Bytes one after the other. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]))
}

/** The cells of the recorded relay, one by one. */
export const handshakeCells = (
  versions: readonly number[] = [3, 4, 5],
): Record<'versions' | 'certs' | 'authChallenge' | 'netinfo', Uint8Array> => ({
  versions: encodeVersions(versions),
  certs: encodeCell(0, CellCommand.CERTS, CERTS_BODY),
  authChallenge: encodeCell(0, CellCommand.AUTH_CHALLENGE, AUTH_CHALLENGE_BODY),
  netinfo: encodeCell(0, CellCommand.NETINFO, NETINFO_BODY),
})

/** All that the recorded relay sends in a handshake. */
export function handshakeBytes(versions: readonly number[] = [3, 4, 5]): Uint8Array<ArrayBuffer> {
  const { versions: first, certs, authChallenge, netinfo } = handshakeCells(versions)
  return joined(first, certs, authChallenge, netinfo)
}

/** Checks that `error` is a TorError with this code, and gives it. */
export function expectCode(error: unknown, code: ErrorCode): TorError {
  expect(error).to.be.instanceOf(TorError)
  expect((error as TorError).code).to.equal(code)
  return error as TorError
}

/** Checks that `call` throws a TorError with this code, and gives it. */
export const expectThrow = (call: () => unknown, code: ErrorCode): TorError => expectCode(thrownBy(call), code)

/** Checks that `promise` rejects with a TorError with this code, and gives it. */
export async function expectRejection(promise: Promise<unknown>, code: ErrorCode): Promise<TorError> {
  return expectCode(await rejectionOf(promise), code)
}

/** What `promise` rejects with; fails when it resolves. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it did not reject'),
    (error: unknown) => error,
  )
}

/** Lets everything happen that needs no more than microtasks and the turn of a stream. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise<void>((resolve) => setTimeout(resolve, 0))
}

/** A clock that stands until it is told to go on. It begins when the relay was recorded. */
export class ManualClock implements Clock {
  #now = RECORDED_AT
  readonly #timers = new Set<{ due: number; callback: () => void }>()

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  after(delay: number, callback: () => void): () => void {
    const timer = { due: this.#now + delay, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  /** Lets time pass, and calls whose time has come. */
  advance(milliseconds: number): void {
    this.#now += milliseconds
    for (const timer of [...this.#timers].filter(({ due }) => due <= this.#now)) {
      this.#timers.delete(timer)
      timer.callback()
    }
  }
}

/** The far end of a link, as the spec wants it: what it sends, when it takes writes, how it breaks. */
export class ScriptedLink implements Link {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
  readonly peerCertificate: Uint8Array
  /** Every write that came through, in order. */
  readonly writes: Uint8Array[] = []
  /** What the readable was cancelled with. */
  cancelled: { reason: unknown } | undefined
  /** What the writable was aborted with. */
  aborted: { reason: unknown } | undefined
  /** The writable was closed, after everything had been written. */
  closed = false
  readonly #arrivals = new Set<{ count: number; resolve: () => void }>()
  #source!: ReadableStreamDefaultController<Uint8Array>
  #sink!: WritableStreamDefaultController
  #held = false
  #release: (() => void) | undefined

  constructor(peerCertificate: Uint8Array = TLS_CERTIFICATE) {
    this.peerCertificate = peerCertificate
    this.readable = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#source = controller
      },
      cancel: (reason) => {
        this.cancelled = { reason }
      },
    })
    this.writable = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#sink = controller
        controller.signal.addEventListener('abort', () => this.#release?.())
      },
      write: (bytes) => this.#write(bytes),
      close: async () => {
        await this.#untilTaken()
        this.closed = true
      },
      abort: (reason) => {
        this.aborted = { reason }
      },
    })
  }

  /** True when nothing of it is left open. */
  get isOver(): boolean {
    return this.cancelled !== undefined && (this.closed || this.aborted !== undefined)
  }

  /** All that was written. */
  get written(): Uint8Array<ArrayBuffer> {
    return joined(...this.writes)
  }

  /** The cells that were written. */
  get cells(): LinkItem[] {
    return new Deframer().push(this.written)
  }

  /** Resolves when so many writes have come. */
  async untilWrites(count: number): Promise<void> {
    if (this.writes.length < count) await new Promise<void>((resolve) => this.#arrivals.add({ count, resolve }))
  }

  /** The relay sends bytes, as one read. */
  send(...parts: readonly Uint8Array[]): void {
    this.#source.enqueue(joined(...parts))
  }

  /** The relay closes the connection. */
  end(): void {
    this.#source.close()
  }

  /** Reading fails. */
  breakReadable(error: unknown): void {
    this.#source.error(error)
  }

  /** Writing fails. */
  breakWritable(error: unknown): void {
    this.#sink.error(error)
  }

  /** Takes no write any more: the one that comes next is seen, and lasts. */
  hold(): void {
    this.#held = true
  }

  /** Takes writes again, all or just the one that lasts. */
  release({ one = false } = {}): void {
    this.#held = one
    const release = this.#release
    this.#release = undefined
    release?.()
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.writes.push(bytes)
    for (const arrival of this.#arrivals) {
      if (this.writes.length < arrival.count) continue
      this.#arrivals.delete(arrival)
      arrival.resolve()
    }
    await this.#untilTaken()
  }

  async #untilTaken(): Promise<void> {
    if (!this.#held) return
    await new Promise<void>((resolve) => {
      this.#release = resolve
    })
  }
}

/** A transport that gives these links one after the other, and remembers what was dialled. */
export class ScriptedTransport implements Transport {
  readonly dialled: LinkAddress[] = []
  readonly signals: AbortSignal[] = []
  readonly #answers: (Link | Error | 'never')[]

  /** @param answers for each address in turn: a link, a failure, or no answer until the signal aborts */
  constructor(...answers: readonly (Link | Error | 'never')[]) {
    this.#answers = [...answers]
  }

  connect(address: LinkAddress, { signal }: { readonly signal: AbortSignal }): Promise<Link> {
    this.dialled.push(address)
    this.signals.push(signal)
    const answer = this.#answers.shift()
    if (answer === undefined) return Promise.reject(new Error('nobody listens'))
    if (answer === 'never')
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('given up'))))
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
  }
}
