/**
 * What the runtime has to do for the library at this moment: cryptography, compression and decompression in its threads, and
 * modules that are loaded when they are first needed. Without it a spec cannot tell a program that waits for that from one
 * that waits for time to pass. This replaces the runtime's functions by ones that count, for all specs of the process.
 *
 * @module
 */

/** What is under way. */
const works = new Set<Promise<unknown>>()

function count<T>(work: Promise<T>): Promise<T> {
  works.add(work)
  const done = (): void => void works.delete(work)
  work.then(done, done)
  return work
}

/** True while something is under way. */
export const isBusy = (): boolean => works.size > 0

/** Waits for what is under way now. */
export async function untilDone(): Promise<void> {
  await Promise.allSettled([...works])
}

const CRYPTO = [
  'encrypt',
  'decrypt',
  'importKey',
  'exportKey',
  'generateKey',
  'sign',
  'verify',
  'digest',
  'deriveBits',
] as const

type AnyFunction = (...args: unknown[]) => Promise<unknown>

function countCrypto(): void {
  const { prototype } = globalThis.SubtleCrypto as unknown as { prototype: Record<string, AnyFunction> }
  for (const name of CRYPTO) {
    const real = prototype[name] as AnyFunction
    const counting: AnyFunction = function (this: unknown, ...args) {
      return count(real.apply(this, args))
    }
    Object.defineProperty(prototype, name, { value: counting, writable: true, configurable: true, enumerable: true })
  }
}

/** A pair of streams, as those of compression are. */
interface Coder {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<Uint8Array>
}

/**
 * As `Real`; it works while somebody reads and somebody writes. A write alone may wait for a reader, and a read for
 * bytes: that is no work.
 */
function countingCoder(Real: new (format: string) => Coder): new (format: string) => Coder {
  return class implements Coder {
    readonly readable: ReadableStream<Uint8Array>
    readonly writable: WritableStream<Uint8Array>

    constructor(format: string) {
      const real = new Real(format)
      const reader = real.readable.getReader()
      const writer = real.writable.getWriter()
      let reads = 0
      let writes = 0
      let stop: (() => void) | undefined
      const changed = (): void => {
        const works = reads > 0 && writes > 0
        if (works && stop === undefined) void count(new Promise<void>((resolve) => (stop = resolve)))
        if (!works) stop = void stop?.()
      }
      const reading = async <T>(work: () => Promise<T>): Promise<T> => {
        reads += 1
        changed()
        try {
          return await work()
        } finally {
          reads -= 1
          changed()
        }
      }
      const writing = async (work: () => Promise<void>): Promise<void> => {
        writes += 1
        changed()
        try {
          await work()
        } finally {
          writes -= 1
          changed()
        }
      }
      writer.closed.catch(() => undefined) // the write or the read that fails tells
      reader.closed.catch(() => undefined) // the read that fails tells
      this.readable = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            const { done, value } = await reading(() => reader.read())
            if (done) controller.close()
            else controller.enqueue(value)
          },
          cancel: (reason) => reader.cancel(reason),
        },
        { highWaterMark: 0 },
      )
      this.writable = new WritableStream<Uint8Array>({
        write: (bytes) => writing(() => writer.write(bytes)),
        close: () => writing(() => writer.close()),
        abort: (reason) => writer.abort(reason),
      })
    }
  }
}

/** What the bundled specs call with the promise of each module that they load later: scripts/bundle.js. */
const LOADING = Symbol.for('tor-streams.spec.loading')

if (!(LOADING in globalThis)) {
  Object.defineProperty(globalThis, LOADING, { value: count })
  countCrypto()
  const all = globalThis as unknown as Record<string, new (format: string) => Coder>
  for (const name of ['CompressionStream', 'DecompressionStream'])
    all[name] = countingCoder(all[name] as new (format: string) => Coder)
}
