// prints: ^20 MB down and 20 MB up, checksums equal, path .+ -> .+ -> .+$
/**
 * `npm start`: a small Tor network starts inside this process, a client learns of it from its directory authorities,
 * and 20 MB come down and go up over Tor streams, between this program and an HTTP server on 127.0.0.1.
 *
 * `npm start -- --public`: the client opens on the public Tor network instead, and fetches one page over it.
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MemoryStorage, TorClient, TorError, type ClientStatus, type TorSocket } from 'tor-streams'
import { TestNetwork, tcpExit } from 'tor-streams/testing'

const SIZE = 20_000_000
const CHUNK = 64 * 1024

/** Bytes that look random and are the same each time. */
function testBytes(size: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(size / 4))
  let state = 0x9e3779b9
  for (let word = 0; word < words.length; word++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[word] = state
  }
  return new Uint8Array(words.buffer, 0, size)
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** GET answers the bytes; PUT answers the SHA-256 of what it got. */
async function answer(request: IncomingMessage, response: ServerResponse, bytes: Uint8Array): Promise<void> {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
    return
  }
  const hash = createHash('sha256')
  for await (const chunk of request) hash.update(chunk as Buffer)
  response.end(hash.digest('hex'))
}

/** A line that is written over and over while bytes move, with how far flow control has gone. */
class Progress {
  readonly #label: string
  readonly #started = performance.now()
  #bytes = 0
  #shown = -Infinity

  constructor(label: string) {
    this.#label = label
  }

  add(bytes: number, socket: TorSocket): void {
    this.#bytes += bytes
    const now = performance.now()
    if (now - this.#shown > 100) {
      this.#shown = now
      const { package: sendable, deliver } = socket.windows
      this.#write(`package ${sendable === Infinity ? 'free' : Math.floor(sendable)} deliver ${deliver}`, '\r')
    }
  }

  end(): void {
    this.#write('done', '\n')
  }

  #write(note: string, ending: string): void {
    const seconds = (performance.now() - this.#started) / 1000
    const line = `${this.#label} ${(this.#bytes / 1e6).toFixed(1).padStart(5)} MB  ${(this.#bytes / 1e6 / seconds).toFixed(1).padStart(5)} MB/s  ${note}`
    if (ending === '\n' || process.stdout.isTTY) process.stdout.write(line.padEnd(70) + ending)
  }
}

/** The body of an HTTP response. */
async function readBody(socket: TorSocket, progress?: Progress): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  const reader = socket.readable.getReader()
  for (;;) {
    const { value, done } = await reader.read()
    if (done) break
    parts.push(value)
    progress?.add(value.length, socket)
  }
  const whole = Buffer.concat(parts)
  return whole.subarray(whole.indexOf('\r\n\r\n') + 4)
}

/** Shows how far the client has come, as it happens. */
function showStatus({ percent, message, warnings }: ClientStatus): void {
  console.log(`${`${percent}`.padStart(3)} %  ${message}${warnings.map((warning) => ` (${warning})`).join('')}`)
}

/** One page over the public network. */
async function visitPublicNetwork(): Promise<void> {
  try {
    await using tor = await TorClient.open({ onProgress: showStatus })
    const socket = tor.connect('example.com:80')
    await socket.writable
      .getWriter()
      .write(new TextEncoder().encode('GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n'))
    console.log(`fetched http://example.com/ over Tor: ${(await readBody(socket)).length} bytes`)
  } catch (error) {
    if (!(error instanceof TorError)) throw error
    console.error(
      `The public Tor network could not be used from here: ${error.message} (${error.code}). Is there an internet connection?`,
    )
    process.exitCode = 1
  }
}

if (process.argv.includes('--public')) {
  await visitPublicNetwork()
  process.exit()
}

const bytes = testBytes(SIZE)
const server = createServer((request, response) => void answer(request, response, bytes))
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo

const network = await TestNetwork.start({ relays: 4, authorities: 3, exit: tcpExit() })
console.log(`a Tor network of ${network.relays.length} relays runs in this process`)

const tor = await TorClient.open({
  network: network.config,
  transport: network.transport,
  storage: new MemoryStorage(),
  onProgress: showStatus,
})

const encoder = new TextEncoder()

const down = tor.connect({ hostname: '127.0.0.1', port })
const request = down.writable.getWriter()
await request.write(encoder.encode('GET / HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n'))
const downProgress = new Progress('down')
const received = await readBody(down, downProgress)
downProgress.end()
await down.close()

const up = tor.connect({ hostname: '127.0.0.1', port })
const upload = up.writable.getWriter()
const upProgress = new Progress('up  ')
await upload.write(
  encoder.encode(`PUT / HTTP/1.1\r\nHost: demo\r\nConnection: close\r\nContent-Length: ${SIZE}\r\n\r\n`),
)
for (let offset = 0; offset < SIZE; offset += CHUNK) {
  const chunk = bytes.subarray(offset, offset + CHUNK)
  await upload.write(chunk) // waits while there is no credit
  upProgress.add(chunk.length, up)
}
await upload.close()
const answered = new TextDecoder().decode(await readBody(up))
upProgress.end()

// Which way the bytes went is the network's to tell, not the client's.
const used = network.circuits.find(
  (circuit) => circuit.hops.length === 3 && (circuit.hops[2]?.flow.dataReceived ?? 0) > 1000,
)
const nicknames = used?.hops.map(({ relay }) => relay.nickname) ?? []

await tor.close()
await network.close()
server.close()

if (sha256(received) !== sha256(bytes) || answered !== sha256(bytes)) {
  console.error('the checksums differ')
  process.exitCode = 1
} else {
  console.log(`20 MB down and 20 MB up, checksums equal, path ${nicknames.join(' -> ')}`)
}
