/**
 * The TCP connection under TLS in Deno.
 *
 * Deno's node:tls reads on without bound while its socket is paused, and may then lose the end of the stream. So it
 * runs over a Duplex of our own here: what it is not given it cannot read. This is also faster than its own connection.
 *
 * @module
 */
import { onAbort } from '../../base/waiting/abort.ts'
import { builtinModule } from '../runtime/builtin.ts'
import type { LinkAddress } from './transport.ts'
import type { TcpUnderTls } from './node-transport.ts'

/** The part of `Deno` that is used. */
interface DenoRuntime {
  connect(options: {
    readonly hostname: string
    readonly port: number
    readonly signal: AbortSignal
  }): Promise<DenoConnection>
}

interface DenoConnection {
  readonly localAddr: { readonly hostname?: string }
  read(buffer: Uint8Array): Promise<number | null>
  write(bytes: Uint8Array): Promise<number>
  closeWrite(): Promise<void>
  close(): void
}

/** The part of node:stream that is used. */
interface StreamModule {
  readonly Duplex: new (options: {
    read(): void
    write(bytes: Uint8Array, encoding: unknown, done: (error?: unknown) => void): void
    final(done: (error?: unknown) => void): void
    destroy(error: unknown, done: (error?: unknown) => void): void
  }) => DuplexStream
}

interface DuplexStream {
  readonly destroyed: boolean
  on(event: string, listener: (value: never) => void): unknown
  push(bytes: Uint8Array | null): boolean
  destroy(error?: unknown): unknown
}

/** Bytes that one read may bring. */
const READ_SIZE: number = 64 * 1024

/** Connects. Rejects when that fails or `signal` aborts; then nothing stays open. */
export async function denoTcp(address: LinkAddress, signal: AbortSignal): Promise<TcpUnderTls> {
  const deno = (globalThis as unknown as { Deno: DenoRuntime }).Deno
  // A signal of our own: Deno would also let it close the connection later.
  const dialling = new AbortController()
  const forget = onAbort(signal, () => dialling.abort(signal.reason))
  try {
    const connection = await deno.connect({ hostname: address.hostname, port: address.port, signal: dialling.signal })
    if (signal.aborted) {
      connection.close()
      throw signal.reason
    }
    return gated(connection)
  } finally {
    forget()
  }
}

function gated(connection: DenoConnection): TcpUnderTls {
  const { Duplex } = builtinModule<StreamModule>('node:stream')
  let paused = false
  /** A read that was asked for while paused. */
  let wanted = false

  const read = async (): Promise<void> => {
    const buffer = new Uint8Array(READ_SIZE)
    const size = await connection.read(buffer)
    if (!duplex.destroyed) duplex.push(size === null ? null : buffer.subarray(0, size))
  }
  const write = async (bytes: Uint8Array): Promise<void> => {
    for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done))
  }
  const startRead = (): void => void read().catch((error: unknown) => duplex.destroy(error))

  const duplex = new Duplex({
    read() {
      if (paused) wanted = true
      else startRead()
    },
    write: (bytes, _encoding, done) => void write(bytes).then(() => done(), done),
    final: (done) => void connection.closeWrite().then(() => done(), done),
    destroy(error, done) {
      connection.close()
      done(error)
    },
  })
  // TLS reports the failure of what is under it; without a listener it would be thrown as well.
  duplex.on('error', () => undefined)

  return {
    stream: duplex,
    localAddress: connection.localAddr.hostname,
    pause() {
      paused = true
    },
    resume() {
      paused = false
      if (!wanted) return
      wanted = false
      startRead()
    },
    destroy: () => void duplex.destroy(),
  }
}
