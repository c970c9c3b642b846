/**
 * The two sides of a proxy in memory: a client's connection, and a network that is reached by a WinterTC `connect`.
 *
 * @module
 */
import { deferred, type Deferred } from '../../../lib/base/waiting/deferred.ts'
import type {
  ProxyAddress,
  ProxyAnswer,
  ProxyCircuitChoice,
  ProxyConnect,
  ProxyResolve,
  ProxySocket,
} from '../../../lib/proxy/connect.ts'
import type { ProxyConnection } from '../../../lib/proxy/client-end.ts'
import { latin1Text } from '../../../lib/proxy/text.ts'
import { MemoryPipe } from '../../../lib/testing/link/memory-pipe.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { bytes } from './handshakes.ts'

/** A client and its connection to the proxy. */
export class FakeClient {
  readonly up: MemoryPipe
  readonly down: MemoryPipe
  /** The proxy's end. */
  readonly connection: ProxyConnection
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #read = ''

  constructor(clock: FakeClock = new FakeClock()) {
    this.up = new MemoryPipe(clock)
    this.down = new MemoryPipe(clock)
    this.connection = { readable: this.up.readable, writable: this.down.writable }
    this.#writer = this.up.writable.getWriter()
    this.#reader = this.down.readable.getReader()
  }

  /** Sends a text that has one character for each byte. */
  async send(text: string): Promise<void> {
    await this.#writer.write(bytes(text))
  }

  /** Ends its side, as `shutdown` does. */
  async end(): Promise<void> {
    await this.#writer.close()
  }

  /** The next `length` bytes, or fewer when the connection ends before. Rejects when it fails. */
  async read(length: number): Promise<string> {
    while (this.#read.length < length) {
      const { done, value } = await this.#reader.read()
      if (done) break
      this.#read += latin1Text(value)
    }
    const text = this.#read.slice(0, length)
    this.#read = this.#read.slice(length)
    return text
  }

  /** All until the connection ends. Rejects when it fails. */
  readAll(): Promise<string> {
    return this.read(Infinity)
  }

  /** Disappears, as a process that dies does. */
  die(): void {
    this.up.die(new Error('connection reset'))
    this.down.die(new Error('connection reset'))
  }
}

/** One stream that was asked for, seen from the far end. */
export class FakeSocket implements ProxySocket {
  readonly toFar: MemoryPipe = new MemoryPipe(new FakeClock())
  readonly fromFar: MemoryPipe = new MemoryPipe(new FakeClock())
  readonly address: ProxyAddress
  readonly isolation: string | undefined
  readonly addressFamily: 'ipv4' | undefined
  readonly #opened: Deferred<unknown> = deferred()
  /** How often it was closed, and with what. */
  readonly closedWith: unknown[] = []
  /** What the far end reads and writes. */
  readonly reader: ReadableStreamDefaultReader<Uint8Array>
  readonly writer: WritableStreamDefaultWriter<Uint8Array>

  constructor(address: ProxyAddress, { isolation, addressFamily }: ProxyCircuitChoice) {
    this.address = address
    this.isolation = isolation
    this.addressFamily = addressFamily
    this.reader = this.toFar.readable.getReader()
    this.writer = this.fromFar.writable.getWriter()
    for (const { closed } of [this.reader, this.writer]) closed.catch(() => undefined)
  }

  get readable(): ReadableStream<Uint8Array> {
    return this.fromFar.readable
  }

  get writable(): WritableStream<Uint8Array<ArrayBuffer>> {
    return this.toFar.writable
  }

  get opened(): Promise<unknown> {
    return this.#opened.promise
  }

  open(): void {
    this.#opened.resolve({ remoteAddress: '192.0.2.1:80' })
  }

  fail(error: unknown): void {
    this.#opened.reject(error)
    this.toFar.die(error)
    this.fromFar.die(error)
  }

  close(reason?: unknown): Promise<void> {
    this.closedWith.push(reason)
    this.fail(reason ?? new Error('closed'))
    return Promise.resolve()
  }

  /** The next chunk that reaches the far end, or undefined for its end. */
  async received(): Promise<string | undefined> {
    const { done, value } = await this.reader.read()
    return done ? undefined : latin1Text(value)
  }

  async send(text: string): Promise<void> {
    await this.writer.write(bytes(text))
  }
}

/** A network of hosts that do what a spec says. */
export class FakeNetwork {
  readonly sockets: FakeSocket[] = []
  readonly lookups: (ProxyCircuitChoice & { readonly name: string; readonly signal: AbortSignal })[] = []
  readonly #waiting: ((socket: FakeSocket) => void)[] = []
  /** What `resolve` answers. */
  answers: readonly ProxyAnswer[] | Promise<readonly ProxyAnswer[]> = []

  readonly connect: ProxyConnect = (address, choice) => {
    const socket = new FakeSocket(address, choice)
    this.sockets.push(socket)
    this.#waiting.shift()?.(socket)
    return socket
  }

  readonly resolve: ProxyResolve = async (name, options) => {
    this.lookups.push({ name, ...options })
    return this.answers
  }

  /** The next stream that is asked for. */
  next(): Promise<FakeSocket> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
