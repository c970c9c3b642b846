/**
 * TLS of the library's own in a page, through a WebSocket, against the same WebSocket without it, turn by turn in one run:
 * `node scripts/run.js spec/bench/page-tls.ts [MB]`, 15 by default, in Chromium and Firefox. More than 16 MB may not wait where a
 * WebSocket cannot hold its sender back.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Server } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { build } from 'esbuild'
import { WebSocketServer, type WebSocket } from 'ws'
import { ROOT } from '../../scripts/files.js'
import { launchBrowser } from '../../scripts/specs/browser-launch.js'
import { findProgram } from '../support/programs.ts'
import { authority, serverCertificate, serverKey } from '../support/tls-authority.ts'
import { alternate } from './compare.ts'

const LENGTH = Number(process.argv[2] ?? 15) * 1_000_000
const PIECE = new Uint8Array(65_536)
/** What may wait in a WebSocket of the server's. */
const MOST_WAITING = 1_048_576
const TURNS = 5

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

/** Sends the download in pieces, as fast as `write` takes them. */
async function serve(write: (piece: Uint8Array) => Promise<void>): Promise<void> {
  for (let left = LENGTH; left > 0; left -= PIECE.length) await write(PIECE.subarray(0, Math.min(left, PIECE.length)))
}

const send = (socket: WebSocket, piece: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    const sent = (error?: Error | null): void => (error ? reject(error) : resolve())
    if (socket.bufferedAmount > MOST_WAITING) socket.send(piece, sent)
    else (socket.send(piece, () => undefined), resolve())
  })

const secure = createTlsServer({ key: serverKey, cert: serverCertificate, minVersion: 'TLSv1.3' }, (socket) => {
  socket.on('error', () => undefined) // the page has what it wanted
  void serve(async (piece) => {
    if (!socket.write(piece)) await once(socket, 'drain')
  }).then(() => socket.end())
})
const tlsPort = await listening(secure)

const { outputFiles } = await build({
  entryPoints: [join(ROOT, 'spec', 'bench', 'page-tls-client.ts')],
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  logLevel: 'error',
})
const site = createServer((request, response) => {
  const isScript = request.url === '/client.js'
  response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
  response.end(
    isScript ? outputFiles[0]?.contents : '<!doctype html><link rel="icon" href="data:,"><title>page</title>',
  )
})
const sockets = new WebSocketServer({ server: site, perMessageDeflate: false })
sockets.on('connection', (socket, { url }) => {
  socket.on('error', () => undefined) // as above
  if (url === '/plain') {
    void serve((piece) => send(socket, piece)).then(() => socket.close())
    return
  }
  const link = connect(tlsPort, '127.0.0.1')
  link.on('error', () => socket.terminate())
  link.on('data', (piece: Uint8Array) => {
    link.pause()
    void send(socket, piece).then(() => link.resume())
  })
  link.on('end', () => socket.close())
  socket.on('message', (data: Buffer) => link.write(data))
  socket.on('close', () => link.destroy())
})
const port = await listening(site)

for (const [name, program] of [
  ['chromium', 'chromium'],
  ['firefox', 'firefox-esr'],
] as const) {
  const executable = findProgram(program)
  if (executable === undefined) {
    console.log(`${name} is not installed`)
    continue
  }
  const browser = await launchBrowser({ browser: name, executable })
  const page = await browser.open()
  await page.goto(`http://127.0.0.1:${port}/`)
  const argument = { url: `ws://127.0.0.1:${port}`, length: LENGTH, authority }
  const turn = (which: 'ours' | 'plain') => async () => [
    LENGTH / 1e6 / Number(await page.call({ module: '/client.js', name: which, argument })),
  ]
  await turn('ours')() // compiles
  await turn('plain')()
  const metric = { name: `${name}: download`, unit: 'MB/s', better: 'more' } as const
  for (const { ours, peer, ratio } of await alternate(
    [metric],
    'a plain WebSocket',
    TURNS,
    turn('ours'),
    turn('plain'),
  ))
    console.log(`${name}: ours ${ours.toFixed(1)} MB/s, a plain WebSocket ${peer.toFixed(1)} MB/s, ${ratio.toFixed(2)}`)
  await browser.close()
}
for (const server of [sockets, site, secure]) server.close()
