/**
 * Reads a body as fast as the slider says.
 *
 * @module
 */

/** At most so many bytes are read at a time. */
const PORTION = 8192

export class PacedReader {
  #rate: number
  #changed: () => void = () => undefined

  /** @param rate - bytes a second; 0 stops, Infinity reads as fast as it comes */
  constructor(rate: number) {
    this.#rate = rate
  }

  set rate(rate: number) {
    this.#rate = rate
    this.#changed()
  }

  /** Reads to the end, and tells how many bytes came. Rejects when the body breaks. */
  async read(body: ReadableStream<Uint8Array<ArrayBuffer>>, got: (bytes: Uint8Array) => void): Promise<void> {
    const read = readerOf(body)
    let allowedAt = performance.now()
    for (;;) {
      await this.#pause(() =>
        this.#rate === 0 ? Infinity : this.#rate === Infinity ? 0 : allowedAt - performance.now(),
      )
      const chunk = await read()
      if (chunk === undefined) return
      got(chunk)
      const now = performance.now()
      allowedAt = this.#rate === 0 ? now : Math.max(allowedAt, now - 100) + (chunk.length / this.#rate) * 1000
    }
  }

  /** Waits, and looks again whenever the rate changes. */
  async #pause(delay: () => number): Promise<void> {
    for (let wait = delay(); wait > 0; wait = delay()) {
      await new Promise<void>((resolve) => {
        const timer = wait === Infinity ? undefined : setTimeout(resolve, Math.min(wait, 1000))
        this.#changed = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}

/** Reads in small portions where the stream lets one say how much. */
function readerOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): () => Promise<Uint8Array | undefined> {
  let byob: ReadableStreamBYOBReader | undefined
  try {
    byob = body.getReader({ mode: 'byob' })
  } catch {
    // no byte stream: then it is as much as comes
  }
  if (byob === undefined) {
    const reader = body.getReader()
    return async () => (await reader.read()).value
  }
  const reader = byob
  let buffer = new ArrayBuffer(PORTION)
  return async () => {
    const { value, done } = await reader.read(new Uint8Array(buffer, 0, PORTION))
    if (done || value === undefined) return undefined
    buffer = value.buffer
    return value
  }
}
