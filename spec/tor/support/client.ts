/**
 * What specs against real tor do with the library: open a circuit, ask the HTTP target for something, look at an
 * outcome.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { Circuit } from '../../../lib/circuit/circuit.ts'
import type { CircuitOptions } from '../../../lib/circuit/circuit-options.ts'
import { SocketError, TorError } from '../../../lib/base/errors.ts'
import type { Relay } from '../../../lib/relay.ts'
import type { TorStream } from '../../../lib/stream/tor-stream.ts'
import type { Received } from './http-target.ts'
import { LinkTap } from './link-tap.ts'
import { testBytes } from './test-bytes.ts'

/** How many bytes of an upload are written at a time. */
const pieceSize = 65_536

/** A circuit through a private network: its addresses are internal ones. What is dialled is noted in link-tap.ts. */
export function openCircuit(path: readonly Relay[], options: CircuitOptions = {}): Circuit {
  return Circuit.open(path, {
    transport: new LinkTap(),
    streamDefaults: { rejectInternalAddresses: false },
    ...options,
  })
}

/** Reads to the end, and gives each chunk to `take`. */
export async function readEach(readable: ReadableStream<Uint8Array>, take: (bytes: Uint8Array) => void): Promise<void> {
  const reader = readable.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    take(value)
  }
}

/** The answer of an HTTP server, taken in piece by piece. */
export class HttpAnswer {
  #head = ''
  #inBody = false
  #bytes = 0
  readonly #hash = createHash('sha256')
  readonly #keep: Uint8Array[] = []

  take(bytes: Uint8Array): void {
    let body = bytes
    if (!this.#inBody) {
      const start = this.#head.length
      this.#head += Buffer.from(bytes).toString('latin1')
      const end = this.#head.indexOf('\r\n\r\n')
      if (end < 0) return
      this.#head = this.#head.slice(0, end + 4)
      this.#inBody = true
      body = bytes.subarray(end + 4 - start)
    }
    this.#bytes += body.length
    this.#hash.update(body)
    // A text is short; of anything longer only the checksum is of use.
    if (this.#bytes <= 10_000) this.#keep.push(body)
  }

  /** Bytes of the body that have come so far. */
  get bytes(): number {
    return this.#bytes
  }

  get status(): number {
    return Number(this.#head.split(' ', 2)[1])
  }

  /** What the body was. To be called once. */
  received(): Received {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') }
  }

  /** The body as text, if it is short. */
  text(): string {
    return Buffer.concat(this.#keep).toString()
  }
}

/** The answer of the HTTP server at the other end, to its end. */
export async function readAnswer(socket: TorStream): Promise<HttpAnswer> {
  const answer = new HttpAnswer()
  await readEach(socket.readable, (bytes) => answer.take(bytes))
  return answer
}

/** Sends the head of a GET request, and leaves the writable free. */
export async function request(socket: TorStream, path: string): Promise<void> {
  const writer = socket.writable.getWriter()
  await writer.write(new TextEncoder().encode(`GET ${path} HTTP/1.0\r\n\r\n`))
  writer.releaseLock()
}

/** `GET path`: the answer, whole. */
export async function get(socket: TorStream, path: string): Promise<HttpAnswer> {
  await request(socket, path)
  return await readAnswer(socket)
}

/** What a download of `length` bytes of the HTTP target brought. */
export async function download(socket: TorStream, length: number): Promise<Received> {
  return (await get(socket, `/${length}`)).received()
}

/** The head of a PUT request with a body of `length` bytes. */
export const putHead = (length: number): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(`PUT / HTTP/1.1\r\nHost: target\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`)

/** Writes `length` bytes of the sequence in test-bytes.ts, each piece made when the one before it was taken. */
export async function writeTestBytes(writer: WritableStreamDefaultWriter<BufferSource>, length: number): Promise<void> {
  for (let sent = 0; sent < length; sent += pieceSize) {
    await writer.write(testBytes(Math.min(pieceSize, length - sent), sent))
  }
}

/** What the HTTP target says of an upload of `length` bytes. */
export async function upload(socket: TorStream, length: number): Promise<Received> {
  const writer = socket.writable.getWriter()
  await writer.write(putHead(length))
  await writeTestBytes(writer, length)
  await writer.close()
  return JSON.parse((await readAnswer(socket)).text()) as Received
}

/** What a promise rejects with, which has to be an error of this library. */
export async function failure(promise: Promise<unknown>): Promise<SocketError | TorError> {
  const outcome = await promise.then(
    (value) => new Error(`it resolved with ${String(value)}`),
    (reason: unknown) => reason,
  )
  if (outcome instanceof SocketError || outcome instanceof TorError) return outcome
  throw outcome
}

/** The code that a promise rejects with. */
export const codeOf = async (promise: Promise<unknown>): Promise<string> => (await failure(promise)).code

/** Whether a promise has not settled by the end of this turn. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => false,
    () => false,
  )
  return await Promise.race([settled, turn(true)])
}
