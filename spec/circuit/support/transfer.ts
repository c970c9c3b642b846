/** Uploads and downloads of a fixed pattern, of which a lost or doubled cell shows. */
import { expect } from 'chai'
import type { TorStream } from '../../../lib/stream/tor-stream.ts'
import { pattern } from '../../../lib/testing/exit/exits.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import type { TestStream } from '../../../lib/testing/exit/exit-stream.ts'

/** An upload that goes on by itself. */
export class Upload {
  readonly writer: WritableStreamDefaultWriter<BufferSource>
  /** Resolves when every byte is in cells; rejects as the write that failed does. */
  readonly done: Promise<void>
  /** Bytes of writes that have resolved. */
  accepted = 0

  constructor(stream: TorStream, length: number, chunkSize = 65_536) {
    this.writer = stream.writable.getWriter()
    this.done = this.#run(length, chunkSize)
    this.done.catch(() => undefined) // whoever cares looks at it
  }

  async #run(length: number, chunkSize: number): Promise<void> {
    while (this.accepted < length) {
      const chunk = pattern(this.accepted, Math.min(chunkSize, length - this.accepted))
      await this.writer.write(chunk)
      this.accepted += chunk.length
    }
  }
}

/** Reads up to `length` bytes of the pattern, or to the end, and checks each. Returns how many there were. */
export async function expectPattern(stream: TorStream, length = Infinity): Promise<number> {
  const reader = stream.readable.getReader()
  let count = 0
  while (count < length) {
    const { done, value } = await reader.read()
    if (done) break
    const expected = pattern(count, value.length)
    if (value.some((byte, at) => byte !== expected[at]))
      expect.fail(`the pattern is broken within bytes ${count} to ${count + value.length}`)
    count += value.length
  }
  reader.releaseLock()
  return count
}

/** The stream that the exit opened last. */
export const lastStream = (exit: TestCircuit): TestStream => [...exit.streams.values()].at(-1) as TestStream
