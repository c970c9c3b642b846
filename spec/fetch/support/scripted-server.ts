/**
 * Origins in this process, behind a WinterTC `connect`: they keep what was sent to them and answer what a spec tells
 * them, byte for byte.
 *
 * @module
 */
import type { FetchAddress, FetchConnectOptions, FetchSocket } from '../../../lib/fetch/connection/socket.ts'

/** A request as it came. */
export interface SeenRequest {
  readonly method: string
  readonly target: string
  /** `GET / HTTP/1.1` */
  readonly line: string
  /** Field lines in their order, undecoded. */
  readonly lines: readonly string[]
  /** By name in lower case. */
  readonly fields: ReadonlyMap<string, string>
  /** One code point a byte, without the transfer coding. */
  readonly body: string
}

/** The far side of one connection. */
export class ScriptedConnection {
  readonly address: FetchAddress
  readonly options: FetchConnectOptions
  readonly socket: FetchSocket
  readonly requests: SeenRequest[] = []
  /** Everything that came, one code point a byte. */
  received = ''
  /** The near side closed it. */
  isClosed = false
  /** The reason it closed it with. */
  reason: unknown
  /** How many reads the near side has made, as far as the far side was asked for bytes. */
  pulls = 0
  /** Writes wait while this is true. */
  isStalled = false

  #parsed = 0
  #queue: Uint8Array<ArrayBuffer>[] = []
  #wanted = false
  #isOver = false
  #source!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>
  #sink!: WritableStreamDefaultController
  #resume: (() => void) | undefined
  #settleClosed!: () => void
  #settleOpened!: { resolve: (info: unknown) => void; reject: (reason: unknown) => void }

  constructor(
    address: FetchAddress,
    options: FetchConnectOptions,
    onRequest: (request: SeenRequest, connection: ScriptedConnection) => void,
  ) {
    this.address = address
    this.options = options
    const readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start: (controller) => void (this.#source = controller),
        pull: () => {
          this.pulls++
          this.#wanted = true
          this.#deliver()
        },
      },
      { highWaterMark: 0 },
    )
    const writable = new WritableStream<Uint8Array>({
      start: (controller) => void (this.#sink = controller),
      write: async (bytes) => {
        this.received += String.fromCharCode(...new Uint8Array(bytes))
        while (this.isStalled) await new Promise<void>((resolve) => (this.#resume = resolve))
        for (let request = this.#parse(); request !== undefined; request = this.#parse()) {
          this.requests.push(request)
          onRequest(request, this)
        }
      },
    })
    this.socket = {
      readable,
      writable,
      opened: new Promise((resolve, reject) => (this.#settleOpened = { resolve, reject })),
      closed: new Promise<void>((resolve) => (this.#settleClosed = resolve)),
      close: (reason) => {
        this.isClosed = true
        this.reason = reason
        this.#end(() => this.#source.close(), reason ?? new Error('closed'))
        return this.socket.closed
      },
    }
    this.socket.opened.catch(() => undefined) // as the Sockets API has it
  }

  /** Says that the connection stands. */
  open(info: unknown = {}): void {
    this.#settleOpened.resolve(info)
  }

  /** Sends bytes, each argument as a chunk of its own. */
  send(...chunks: readonly (string | Uint8Array)[]): void {
    for (const chunk of chunks) {
      this.#queue.push(
        typeof chunk === 'string' ? Uint8Array.from(chunk, (each) => each.charCodeAt(0)) : new Uint8Array(chunk),
      )
    }
    this.#deliver()
  }

  /** Ends the connection after what was sent. */
  end(): void {
    this.#isEnding = true
    this.#deliver()
  }

  /** Breaks the connection. */
  fail(error: unknown): void {
    this.#settleOpened.reject(error)
    this.#end(() => this.#source.error(error), error)
  }

  /** Lets writes go on. */
  resume(): void {
    this.isStalled = false
    this.#resume?.()
  }

  /** Fails the writable only. */
  failWrites(error: unknown): void {
    this.#sink.error(error)
  }

  #isEnding = false

  #deliver(): void {
    if (this.#isOver) return
    const next = this.#wanted ? this.#queue.shift() : undefined
    if (next !== undefined) {
      this.#wanted = false
      this.#source.enqueue(next)
    } else if (this.#isEnding && this.#queue.length === 0) this.#end(() => this.#source.close(), new Error('ended'))
  }

  #end(readable: () => void, reason: unknown): void {
    if (this.#isOver) return
    this.#isOver = true
    readable()
    this.#sink.error(reason)
    this.#resume?.()
    this.#settleClosed()
  }

  /** The next request that is complete. */
  #parse(): SeenRequest | undefined {
    const text = this.received.slice(this.#parsed)
    const headEnd = text.indexOf('\r\n\r\n')
    if (headEnd < 0) return undefined
    const [line = '', ...lines] = text.slice(0, headEnd).split('\r\n')
    const fields = new Map(
      lines.map((each) => [each.slice(0, each.indexOf(':')).toLowerCase(), each.slice(each.indexOf(':') + 1).trim()]),
    )
    const rest = text.slice(headEnd + 4)
    const body =
      fields.get('transfer-encoding') === 'chunked'
        ? unchunked(rest)
        : sized(rest, Number(fields.get('content-length') ?? 0))
    if (body === undefined) return undefined
    this.#parsed += headEnd + 4 + body.size
    const [method = '', target = ''] = line.split(' ')
    return { line, lines, fields, method, target, body: body.text }
  }
}

interface SeenBody {
  readonly text: string
  /** In bytes, on the wire. */
  readonly size: number
}

const sized = (text: string, size: number): SeenBody | undefined =>
  text.length < size ? undefined : { text: text.slice(0, size), size }

function unchunked(text: string): SeenBody | undefined {
  let body = ''
  for (let at = 0; ;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(text.slice(at, lineEnd), 16)
    if (!/^[0-9a-f]+$/.test(text.slice(at, lineEnd))) throw new Error('the request has a chunk without a size')
    const next = lineEnd + 2 + size + 2
    if (text.length < next) return undefined
    if (text.slice(next - 2, next) !== '\r\n') throw new Error('the request has a chunk without an end')
    if (size === 0) return { text: body, size: next }
    body += text.slice(lineEnd + 2, next - 2)
    at = next
  }
}

/** Answers requests in the order of their coming. */
export class ScriptedServer {
  readonly connections: ScriptedConnection[] = []
  /** Called with each connection before it carries anything. */
  onConnection: (connection: ScriptedConnection) => void = () => undefined
  readonly #onRequest: (request: SeenRequest, connection: ScriptedConnection) => void

  /** @param onRequest - called with each complete request; by default nothing is answered */
  constructor(onRequest: (request: SeenRequest, connection: ScriptedConnection) => void = () => undefined) {
    this.#onRequest = onRequest
    this.connect = this.connect.bind(this)
  }

  /** A WinterTC `connect`. */
  connect(address: FetchAddress, options: FetchConnectOptions): FetchSocket {
    const connection = new ScriptedConnection(address, options, this.#onRequest)
    this.connections.push(connection)
    this.onConnection(connection)
    connection.open()
    return connection.socket
  }

  /** Every request, over all connections. */
  get requests(): SeenRequest[] {
    return this.connections.flatMap((connection) => connection.requests)
  }

  /** The connection that was made last. */
  get last(): ScriptedConnection {
    const connection = this.connections.at(-1)
    if (connection === undefined) throw new Error('nothing has connected')
    return connection
  }
}
