/**
 * Streams of bytes for servers that behave badly, lazily made: nothing is there before it is read.
 *
 * @module
 */
import { ByteCollector } from '../../base/bytes/byte-collector.ts'
import { startTimer, type Clock } from '../../base/waiting/clock.ts'

/** Bytes, or a stream of them. */
export type ByteSource = Uint8Array | ReadableStream<Uint8Array>

/** One after the other, as one stream. */
export function inSequence(parts: readonly ByteSource[]): ReadableStream<Uint8Array> {
  let next = 0
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        for (;;) {
          if (reader !== undefined) {
            const { done, value } = await reader.read()
            if (!done) return controller.enqueue(value)
            reader = undefined
          }
          const part = parts[next++]
          if (part === undefined) return controller.close()
          if (part instanceof Uint8Array) {
            if (part.length > 0) return controller.enqueue(part)
          } else {
            reader = part.getReader()
          }
        }
      },
      async cancel(reason) {
        const rest = parts.slice(next)
        next = parts.length
        await reader?.cancel(reason)
        for (const part of rest) if (!(part instanceof Uint8Array)) await part.cancel(reason)
      },
    },
    { highWaterMark: 0 },
  )
}

/** Never a byte, never an end. */
export const silence = (): ReadableStream<Uint8Array> => new ReadableStream<Uint8Array>()

/** Fails as soon as it is read. */
export const failing = (error: unknown): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(error) }, { highWaterMark: 0 })

/** The same bytes again and again. */
export const endless = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream<Uint8Array>(
    { pull: (controller) => controller.enqueue(new Uint8Array(bytes)) },
    { highWaterMark: 0 },
  )

/** The bytes, `size` at a time, as fast as they are wanted. */
export function inPieces(bytes: Uint8Array, size: number): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        controller.enqueue(bytes.slice(at, (at += size)))
        if (at >= bytes.length) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
}

/** `size` bytes each `interval` milliseconds. No timer is left when it is cancelled. */
export function dripping(bytes: Uint8Array, size: number, interval: number, clock: Clock): ReadableStream<Uint8Array> {
  let at = 0
  let stopTimer: (() => void) | undefined
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (at >= bytes.length) return controller.close()
        return new Promise((resolve) => {
          stopTimer = startTimer(clock, interval, () => {
            controller.enqueue(bytes.slice(at, at + size))
            at += size
            resolve()
          })
        })
      },
      cancel() {
        stopTimer?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/** All bytes of a stream, compressed as zlib (RFC 1950): what HTTP calls deflate. */
export async function deflated(source: ByteSource): Promise<Uint8Array<ArrayBuffer>> {
  const compressed = inSequence([source]).pipeThrough(
    new CompressionStream('deflate') as TransformStream<Uint8Array, Uint8Array>,
  )
  const reader = compressed.getReader()
  const all = new ByteCollector()
  for (let read = await reader.read(); !read.done; read = await reader.read()) all.add(read.value)
  return all.bytes
}

const BOMB_SIZE = 128 * 1_048_576
let bomb: Promise<Uint8Array<ArrayBuffer>> | undefined

/** Some 130 kB of zlib that inflate to 128 MiB of zeros. Made once in a process. */
export function decompressionBomb(): Promise<Uint8Array<ArrayBuffer>> {
  if (bomb === undefined) {
    const zeros = new Uint8Array(1_048_576)
    bomb = deflated(inSequence(Array.from({ length: BOMB_SIZE / zeros.length }, () => zeros)))
    bomb.catch(() => (bomb = undefined))
  }
  return bomb
}
