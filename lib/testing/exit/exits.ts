/**
 * Ready-made destinations for test exits. None of them leaves this process.
 *
 * @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { checkOptions } from '../../base/checks.ts'
import type { ExitConnection, ExitHandler } from './exit.ts'

/** What these destinations claim as their address, out of a block that is for documentation (RFC 5737). */
const ADDRESS = '203.0.113.80'
const TTL = 300

/** A prime number: no cell or chunk size divides it, so that a lost or doubled cell shows. */
const PATTERN_PERIOD = 65_521
const CHUNK_SIZE = 65_536

let patternPeriod: Uint8Array | undefined

function makePattern(): Uint8Array {
  const bytes = new Uint8Array(PATTERN_PERIOD)
  let state = 1
  for (let at = 0; at < PATTERN_PERIOD; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[at] = state >>> 16
  }
  return bytes
}

/** `length` bytes of a fixed pattern, from `offset` of it on: what {@link source} sends, and what a spec may upload. */
export function pattern(offset: number, length: number): Uint8Array<ArrayBuffer> {
  const period = (patternPeriod ??= makePattern())
  const bytes = new Uint8Array(length)
  let from = offset % PATTERN_PERIOD
  for (let at = 0; at < length;) {
    const part = period.subarray(from, from + length - at)
    bytes.set(part, at)
    at += part.length
    from = 0
  }
  return bytes
}

/** A destination that sends back what it receives. Its bytes wait in it only as far as one chunk. */
export function echo(): ExitHandler {
  return () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    return { readable, writable, address: ADDRESS, ttl: TTL }
  }
}

/** A destination that takes everything and does nothing with it. */
function swallow(): WritableStream<Uint8Array> {
  return new WritableStream<Uint8Array>()
}

/**
 * A destination that sends `length` bytes of {@link pattern} and then ends, whatever it receives.
 *
 * @param options.length in bytes; Infinity never ends
 * @param options.chunkSize the size of its chunks in bytes, 65,536 by default
 */
export function source(options: { readonly length: number; readonly chunkSize?: number }): ExitHandler {
  checkOptions(options, { length: true, chunkSize: true })
  const { length, chunkSize = CHUNK_SIZE } = options
  if (!(length >= 0)) throw new RangeError(`Cannot make a source as "length" is no number of bytes: ${length}`)
  if (!(chunkSize >= 1)) throw new RangeError(`Cannot make a source as "chunkSize" is below 1: ${chunkSize}`)
  return () => {
    let sent = 0
    const readable = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const size = Math.min(chunkSize, length - sent)
          if (size > 0) controller.enqueue(pattern(sent, size))
          sent += size
          if (sent >= length) controller.close()
        },
      },
      { highWaterMark: 0 },
    )
    return { readable, writable: swallow(), address: ADDRESS, ttl: TTL }
  }
}

/**
 * A destination that counts what it receives, over all of its connections. It sends nothing and does not end a stream.
 */
export interface Sink {
  (): ExitConnection
  /** How many bytes came. */
  readonly bytes: number
  /** How many connections the client's side has ended. */
  readonly ended: number
  /** The SHA-256 of all that came, 32 bytes; undefined unless it was asked for. */
  readonly sha256: Uint8Array | undefined
}

/**
 * Makes a {@link Sink}.
 *
 * @param options.sha256 also digest what comes; false by default
 */
export function sink(options: { readonly sha256?: boolean } = {}): Sink {
  checkOptions(options, { sha256: true })
  const hash = options.sha256 === true ? sha256.create() : undefined
  let bytes = 0
  let ended = 0
  const connect = (): ExitConnection => ({
    readable: new ReadableStream<Uint8Array>(),
    writable: new WritableStream<Uint8Array>({
      write(chunk) {
        bytes += chunk.length
        hash?.update(chunk)
      },
      close() {
        ended += 1
      },
    }),
    address: ADDRESS,
    ttl: TTL,
  })
  return Object.defineProperties(connect, {
    bytes: { get: () => bytes },
    ended: { get: () => ended },
    sha256: { get: () => (hash === undefined ? undefined : hash.clone().digest()) },
  }) as Sink
}
