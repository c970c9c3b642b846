/**
 * The Tor network inside the page: six relays, an authority, and a far end that could send 1.5 MB a second.
 *
 * @module
 */
import type { FarEnd } from 'tor-streams/dashboard'
import { TestNetwork, type ExitHandler, type RelayPlan, type TestStream } from 'tor-streams/testing'

/** How fast the far end could send, in bytes a second, and in what pieces. */
const FAR_RATE = 1_500_000
const PIECE = 30_000

const FLAGS = ['Fast', 'Running', 'Stable', 'V2Dir', 'Valid'] as const
const guard = (nickname: string): RelayPlan => ({
  nickname,
  flags: ['Guard', ...FLAGS],
  exitPolicy: 'reject 1-65535',
})
const middle = (nickname: string): RelayPlan => ({ nickname, flags: FLAGS, exitPolicy: 'reject 1-65535' })
const exit = (nickname: string): RelayPlan => ({ nickname, flags: ['Exit', ...FLAGS] })

const RELAYS = [guard('Ada'), guard('Grace'), middle('Radia'), middle('Hedy'), exit('Edith'), exit('Katherine')]

/** A network, and what it tells of the far end of a stream. */
export interface EmbeddedNetwork {
  readonly network: TestNetwork
  farEnd(target: string): FarEnd | undefined
}

/** Starts it. */
export async function startEmbedded(congestionControl: boolean): Promise<EmbeddedNetwork> {
  const network = await TestNetwork.start({
    relays: RELAYS,
    authorities: 1,
    exit: farServer,
    congestionControl,
  })
  return { network, farEnd: (target) => farEndOf(network, target) }
}

/** A small HTTP server: `/endless` never ends, `/20MB` does, anything else is a greeting. */
const farServer: ExitHandler = ({ host }) => {
  let head = ''
  let answer: (path: string) => void = () => undefined
  const asked = new Promise<string>((resolve) => (answer = resolve))
  let left: number | undefined
  let allowedAt = 0
  const readable = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (left === undefined) {
          const { text, size } = responseTo(await asked, host)
          left = size
          controller.enqueue(new TextEncoder().encode(text))
        } else {
          // It reads from its disk at so much a second, and no faster.
          const now = performance.now()
          if (allowedAt > now) await new Promise((resolve) => setTimeout(resolve, allowedAt - now))
          const size = Math.min(PIECE, left)
          allowedAt = Math.max(allowedAt, now - 50) + (size / FAR_RATE) * 1000
          left -= size
          controller.enqueue(new Uint8Array(size).fill(0x74))
        }
        if (left <= 0) controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  const writable = new WritableStream<Uint8Array>({
    write(chunk) {
      head += new TextDecoder('latin1').decode(chunk)
      if (head.includes('\r\n\r\n')) answer(/^\S+ (\S+)/.exec(head)?.[1] ?? '/')
    },
  })
  return { readable, writable, address: '203.0.113.80', ttl: 300 }
}

function responseTo(path: string, host: string): { text: string; size: number } {
  const megabytes = /^\/(\d{1,4})MB$/.exec(path)?.[1]
  const size = path === '/endless' ? Infinity : megabytes === undefined ? 0 : Number(megabytes) * 1_000_000
  const type = size === 0 ? 'text/plain' : 'application/octet-stream'
  const greeting = `Hello from ${host}, the far end of three relays.\n`
  const length = size === Infinity ? '' : `Content-Length: ${size === 0 ? greeting.length : size}\r\n`
  return {
    text: `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n${length}Connection: close\r\n\r\n${size === 0 ? greeting : ''}`,
    size,
  }
}

/** What the exit knows of its stream to `target`. */
function farEndOf(network: TestNetwork, target: string): FarEnd | undefined {
  // The network keeps account of everything that ever was.
  const gone = network.circuits.findIndex(({ closed }) => !closed)
  if (gone > 0) network.circuits.splice(0, gone)
  let found: TestStream | undefined
  for (const { hops, closed } of network.circuits) {
    if (closed) continue
    for (const stream of hops.at(-1)?.streams.values() ?? [])
      if (stream.target !== undefined && `${stream.target.host}:${stream.target.port}` === target) found = stream
  }
  return found && { maySend: found.flow.packageWindow, sent: found.bytesSent }
}
