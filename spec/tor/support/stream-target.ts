/**
 * What {@link HttpTarget} is, on streams that came to an onion service: HTTP/1.0 enough for the specs' requests, by the
 * pair of Web Streams alone, so that their backpressure is what is looked at.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { testBytesView } from './test-bytes.ts'

const PIECE = 65_536

/** The two streams of a visitor. */
export interface VisitorSocket {
  readonly readable: ReadableStream<Uint8Array>
  readonly writable: WritableStream<BufferSource>
}

/** Answers every stream until there are no more. */
export async function answerAll(incoming: ReadableStream<VisitorSocket>): Promise<void> {
  const reader = incoming.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    void answerVisitor(value).catch(() => undefined) // the visitor knows
  }
}

/** `GET /N` gives N bytes of the sequence in test-bytes.ts, any other GET `ok`; a PUT is told what came. */
export async function answerVisitor({ readable, writable }: VisitorSocket): Promise<void> {
  const reader = readable.getReader()
  const writer = writable.getWriter()
  let head = ''
  let rest: Uint8Array = new Uint8Array(0)
  while (!head.includes('\r\n\r\n')) {
    const { done, value } = await reader.read()
    if (done) return
    const known = head.length
    head += Buffer.from(value).toString('latin1')
    const end = head.indexOf('\r\n\r\n')
    if (end >= 0) rest = value.subarray(end + 4 - known)
  }
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0)
  if (head.startsWith('PUT')) {
    const hash = createHash('sha256')
    let bytes = 0
    const take = (piece: Uint8Array): void => {
      bytes += piece.length
      hash.update(piece)
    }
    take(rest)
    while (bytes < length) {
      const { done, value } = await reader.read()
      if (done) break
      take(value)
    }
    await respond(writer, new TextEncoder().encode(JSON.stringify({ bytes, sha256: hash.digest('hex') })))
  } else {
    const digits = /^GET \/(\d+) /.exec(head)?.[1]
    if (digits === undefined) await respond(writer, new TextEncoder().encode('ok\n'))
    else await send(writer, Number(digits))
  }
  await writer.close()
}

const headOf = (length: number): Uint8Array =>
  new TextEncoder().encode(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`)

async function respond(writer: WritableStreamDefaultWriter<BufferSource>, body: Uint8Array): Promise<void> {
  await writer.write(Buffer.concat([headOf(body.length), body]))
}

/** No faster than the visitor takes it. */
async function send(writer: WritableStreamDefaultWriter<BufferSource>, length: number): Promise<void> {
  await writer.write(headOf(length) as Uint8Array<ArrayBuffer>)
  for (let sent = 0; sent < length;) {
    const piece = testBytesView(sent, Math.min(length - sent, PIECE))
    await writer.write(new Uint8Array(piece))
    sent += piece.length
  }
}

/** Reads `length` bytes, or to the end, and says what they were. */
export async function digestOf(
  readable: ReadableStream<Uint8Array>,
  length: number,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256')
  const reader = readable.getReader()
  let bytes = 0
  while (bytes < length) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.length
    hash.update(value)
  }
  reader.releaseLock()
  return { bytes, sha256: hash.digest('hex') }
}
