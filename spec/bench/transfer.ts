/**
 * The HTTP requests of the benchmark over real tor, as both clients make them.
 *
 * @module
 */

/** What a process that transfers is told to do. */
export type Order =
  | {
      readonly kind: 'open'
      readonly path: unknown
      /** Through SOCKS only; `target.test` by default. */
      readonly hostname?: string
      readonly port: number
      readonly windows?: boolean
    }
  | { readonly kind: 'down' | 'up'; readonly length: number }

/** What it answers. */
export interface Outcome {
  readonly seconds: number
  /** CPU seconds of that process, all threads. */
  readonly cpu: number
}

/** A connection to the HTTP server. */
export interface Connection {
  /** Resolves with the next bytes that came; undefined at the end. */
  read(): Promise<Uint8Array | undefined>
  /** Resolves when more may be written. */
  write(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

const PIECE = new Uint8Array(65_536).map((_, index) => index * 7)

/** Bytes of an HTTP message's head, the empty line included. The server sends it in one piece. */
function headLength(first: Uint8Array): number {
  const end = new TextDecoder('latin1').decode(first).indexOf('\r\n\r\n')
  if (end < 0) throw new Error('the answer does not begin with a head')
  return end + 4
}

/** Does one transfer. */
export async function transfer(
  order: Order & { readonly kind: 'down' | 'up' },
  connection: Connection,
): Promise<Outcome> {
  const { kind, length } = order
  const began = performance.now()
  const cpu = process.cpuUsage()
  let answer = ''
  if (kind === 'down') {
    await connection.write(new TextEncoder().encode(`GET /${length} HTTP/1.0\r\nHost: target.test\r\n\r\n`))
    const first = (await connection.read()) ?? new Uint8Array(0)
    let received = first.length - headLength(first)
    for (let bytes = await connection.read(); bytes !== undefined; bytes = await connection.read())
      received += bytes.length
    if (received !== length) throw new Error(`${received} bytes came and not ${length}`)
  } else {
    const head = `PUT / HTTP/1.1\r\nHost: target.test\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`
    await connection.write(new TextEncoder().encode(head))
    for (let at = 0; at < length; at += PIECE.length) await connection.write(PIECE.subarray(0, length - at))
    for (let bytes = await connection.read(); bytes !== undefined; bytes = await connection.read()) {
      answer += Buffer.from(bytes).toString('latin1')
    }
    if (!answer.includes(`"bytes":${length},`)) throw new Error(`the server got something else: ${answer}`)
  }
  const { user, system } = process.cpuUsage(cpu)
  const seconds = (performance.now() - began) / 1000
  await connection.close()
  return { seconds, cpu: (user + system) / 1e6 }
}
