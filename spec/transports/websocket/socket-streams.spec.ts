import { expect } from 'chai'
import {
  openByStream,
  type WebSocketStreamConstructor,
  type WebSocketStreamLike,
} from '../../../lib/transports/websocket/socket-streams.ts'
import { deferred } from '../../../lib/base/waiting/deferred.ts'
import { codeOf } from '../../support/failures.ts'
import { turn } from '../../support/turn.ts'

const URL_OF_GATEWAY = new URL('wss://gateway.example/203.0.113.7:9001')

/** A WebSocketStream that does what the spec says. */
class ScriptedStream implements WebSocketStreamLike {
  readonly #opened = deferred<Awaited<WebSocketStreamLike['opened']>>()
  readonly #closed = deferred<{ closeCode?: number; reason?: string }>()
  readonly opened = this.#opened.promise
  readonly closed = this.#closed.promise
  closes = 0
  reads = 0
  readonly sent: BufferSource[] = []
  /** A write lasts until this is resolved. */
  taken: Promise<void> = Promise.resolve()
  cancelled: unknown
  aborted: unknown
  #reading!: ReadableStreamDefaultController<ArrayBuffer | Uint8Array | string>
  #writing!: WritableStreamDefaultController
  readonly #pulled: (() => void)[] = []

  open(): void {
    const readable = new ReadableStream<ArrayBuffer | Uint8Array | string>(
      {
        start: (controller) => {
          this.#reading = controller
        },
        pull: () => {
          this.reads += 1
          return new Promise((resolve) => this.#pulled.push(resolve))
        },
        cancel: (reason) => {
          this.cancelled = reason
        },
      },
      { highWaterMark: 0 },
    )
    const writable = new WritableStream<BufferSource>({
      start: (controller) => {
        this.#writing = controller
      },
      write: (chunk) => {
        this.sent.push(chunk)
        return this.taken
      },
      abort: (reason) => {
        this.aborted = reason
      },
    })
    this.#opened.resolve({ readable, writable })
  }

  message(data: Uint8Array<ArrayBuffer> | ArrayBuffer | string): void {
    this.#reading.enqueue(data)
    this.#pulled.shift()?.()
  }

  /** A close, clean as the standard calls it: of any code. */
  end(closeCode: number, reason = ''): void {
    this.#reading.close()
    this.#writing.error(new DOMException('closing', 'InvalidStateError'))
    this.#closed.resolve({ closeCode, reason })
  }

  break(): void {
    const error = new Error('the connection to wss://gateway.example was lost')
    this.#reading.error(error)
    this.#writing.error(error)
    this.#closed.reject(error)
  }

  refuse(reason: unknown): void {
    this.#opened.reject(reason)
    this.#closed.reject(reason)
  }

  close(): void {
    this.closes += 1
  }
}

function opening(signal: AbortSignal = new AbortController().signal) {
  const made: ScriptedStream[] = []
  const asked: unknown[] = []
  const WebSocketStream = class extends ScriptedStream {
    constructor(...args: unknown[]) {
      super()
      asked.push(args)
      made.push(this)
    }
  } as WebSocketStreamConstructor
  const opened = openByStream(WebSocketStream, URL_OF_GATEWAY, ['binary'], signal)
  opened.catch(() => undefined) // each spec looks for itself
  return { opened, asked, socket: made[0] as ScriptedStream }
}

async function openLink() {
  const { opened, socket } = opening()
  socket.open()
  const { readable, writable } = await opened
  return { socket, reader: readable.getReader(), writer: writable.getWriter() }
}

const bytesOf = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values)

describe('A link through a WebSocketStream', () => {
  it('asks for the URL and the subprotocols, and gives it the signal', () => {
    const { signal } = new AbortController()
    expect(opening(signal).asked).to.deep.equal([[URL_OF_GATEWAY.href, { protocols: ['binary'], signal }]])
  })

  it('is none when it does not open', async () => {
    const { opened, socket } = opening()
    const reason = new Error('refused')
    socket.refuse(reason)
    expect(await opened.catch((error: unknown) => error)).to.equal(reason)
  })

  it('is closed when the signal aborts in the turn in which it opens', async () => {
    const abort = new AbortController()
    const { opened, socket } = opening(abort.signal)
    socket.open()
    const reason = new Error('enough')
    abort.abort(reason)
    expect(await opened.catch((error: unknown) => error)).to.equal(reason)
    expect(socket.closes).to.equal(1)
  })

  it('reads as much as its reader does, and passes over empty messages', async () => {
    const { socket, reader } = await openLink()
    await turn()
    expect(socket.reads).to.equal(0)
    const first = reader.read()
    await turn()
    expect(socket.reads).to.equal(1)
    socket.message(new ArrayBuffer(0))
    await turn()
    socket.message(bytesOf(1, 2).buffer)
    expect((await first).value).to.deep.equal(bytesOf(1, 2))
    await turn()
    const reads = socket.reads
    await turn()
    expect(socket.reads).to.equal(reads)
    const second = reader.read()
    await turn()
    socket.message(bytesOf(3))
    expect((await second).value).to.deep.equal(bytesOf(3))
  })

  it('cuts what is written into messages of at most 32,768 bytes, and waits until each is taken', async () => {
    const { socket, writer } = await openLink()
    const taken = deferred<void>()
    socket.taken = taken.promise
    let isWritten = false
    const written = writer.write(new Uint8Array(40_000)).then(() => (isWritten = true))
    await turn()
    expect(socket.sent.map(({ byteLength }) => byteLength)).to.deep.equal([32_768])
    expect(isWritten).to.equal(false)
    taken.resolve()
    await written
    expect(socket.sent.map(({ byteLength }) => byteLength)).to.deep.equal([32_768, 7232])
  })

  it('fails with LINK_PROTOCOL on a message of text: both sides are over, above and below', async () => {
    const { socket, reader, writer } = await openLink()
    const read = codeOf(reader.read())
    await turn()
    socket.message('hello')
    expect(await read).to.equal('LINK_PROTOCOL')
    expect(await codeOf(writer.write(bytesOf(1)))).to.equal('LINK_PROTOCOL')
    await turn()
    expect(socket.closes).to.equal(1)
    expect(socket.cancelled).to.have.property('code', 'LINK_PROTOCOL')
  })

  for (const code of [1000, 1001, 1005]) {
    it(`ends after a close of ${code}, and fails whoever writes`, async () => {
      const { socket, reader, writer } = await openLink()
      const waiting = reader.read()
      await turn()
      socket.end(code)
      expect(await waiting).to.deep.equal({ done: true, value: undefined })
      expect(await codeOf(writer.write(bytesOf(1)))).to.equal('LINK_CLOSED')
    })
  }

  for (const code of [1002, 1009, 1011, 4001]) {
    it(`fails with LINK_CLOSED after a close of ${code}, clean as it is`, async () => {
      const { socket, reader, writer } = await openLink()
      const waiting = codeOf(reader.read())
      await turn()
      socket.end(code, 'why')
      expect(await waiting).to.equal('LINK_CLOSED')
      expect(await codeOf(writer.write(bytesOf(1)))).to.equal('LINK_CLOSED')
    })
  }

  it('fails with LINK_CLOSED when the connection breaks, and no message names the gateway', async () => {
    const { socket, reader, writer } = await openLink()
    const read = reader.read().catch((error: unknown) => error)
    await turn()
    socket.break()
    expect(await read).to.have.property('code', 'LINK_CLOSED')
    expect(String(((await read) as Error).cause)).not.to.contain('gateway.example')
    expect(await codeOf(writer.write(bytesOf(1)))).to.equal('LINK_CLOSED')
  })

  it('fails a write that waits with LINK_CLOSED, not with what the runtime calls it', async () => {
    const { socket, writer } = await openLink()
    socket.taken = Promise.reject(new DOMException('closing', 'InvalidStateError'))
    socket.taken.catch(() => undefined) // the write has it
    const written = codeOf(writer.write(bytesOf(1)))
    socket.end(1011)
    expect(await written).to.equal('LINK_CLOSED')
  })

  it('gives up a write that waits when it is aborted', async () => {
    const { socket, reader, writer } = await openLink()
    const taken = deferred<void>()
    socket.taken = taken.promise
    const written = writer.write(new Uint8Array(40_000)).catch((error: unknown) => error)
    await turn()
    const reason = new Error('enough')
    void writer.abort(reason)
    expect(await reader.read().catch((error: unknown) => error)).to.equal(reason)
    expect(socket.closes).to.equal(1)
    taken.reject(reason) // as a WebSocketStream does when it closes
    socket.break()
    await written
    await turn()
    expect(socket.sent).to.have.length(1)
  })

  it('closes when it is cancelled, and a write fails', async () => {
    const { socket, reader, writer } = await openLink()
    await reader.cancel()
    expect(socket.closes).to.equal(1)
    expect(await codeOf(writer.write(bytesOf(1)))).to.equal('LINK_CLOSED')
  })

  it('ends the WebSocket when the writable is closed, and reads to its end', async () => {
    const { socket, reader, writer } = await openLink()
    const waiting = reader.read()
    await writer.close()
    socket.end(1000)
    expect((await waiting).done).to.equal(true)
  })
})
