/**
 * TLS of the library's own in a page, through a WebSocket, against the same WebSocket without it, turn by turn in one run:
 * `node scripts/run.js spec/bench/page-tls.ts [MB] [RECORD]`, 15 MB by default in records of 16384 bytes, in Chromium and Firefox.
 * More than 16 MB may not wait where a WebSocket cannot hold its sender back. A download begins when the handshake is over, which
 * is told beside.
 *
 * Two more peers say what there is to be had: the same bytes through the same gateway without TLS, and records of that size that
 * WebCrypto opens, without a network around them. `node scripts/run.js spec/bench/page-tls.ts 15 4096` has the records of a relay.
 *
 * @module
 */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { WebSocketServer } from 'ws'
import { ROOT } from '../../scripts/files.js'
import { launchBrowser } from '../../scripts/specs/browser-launch.js'
import { findProgram } from '../support/programs.ts'
import { authority, serverCertificate, serverKey } from '../support/tls-authority.ts'
import { alternate } from './compare.ts'
import { servePageOf } from './page-site.ts'
import { sendPiece, serveDownload } from './pages/plain-server.ts'

const LENGTH = Number(process.argv[2] ?? 15) * 1_000_000
const RECORD = Number(process.argv[3] ?? 16_384)
const TURNS = 5

/** What ours is held against, by the function of the page that does it. */
const PEERS = {
  plain: 'a plain WebSocket',
  gateway: 'a plain WebSocket through the gateway',
  webCrypto: 'WebCrypto alone',
} as const
type Peer = keyof typeof PEERS

async function listening(server: Server): Promise<number> {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return (server.address() as AddressInfo).port
}

/** Gives a connection the download. */
function download(socket: Socket): void {
  socket.on('error', () => undefined) // the page has what it wanted
  void serveDownload(LENGTH, async (piece) => {
    if (!socket.write(piece)) await once(socket, 'drain')
  }).then(() => socket.end())
}

const secure = createTlsServer({ key: serverKey, cert: serverCertificate, minVersion: 'TLSv1.3' }, (socket) => {
  socket.setMaxSendFragment(RECORD)
  download(socket)
})
const bare = createServer(download)
/** Where a link of each path leads to. */
const ports = new Map([
  ['/link', await listening(secure)],
  ['/bare', await listening(bare)],
])

const { server: site, port } = await servePageOf(join(ROOT, 'spec', 'bench', 'page-tls-client.ts'))
const sockets = new WebSocketServer({ server: site, perMessageDeflate: false })
sockets.on('connection', (socket, { url = '' }) => {
  socket.on('error', () => undefined) // as above
  if (url === '/plain') {
    void serveDownload(LENGTH, (piece) => sendPiece(socket, piece)).then(() => socket.close())
    return
  }
  const link = connect(ports.get(url) ?? 0, '127.0.0.1')
  link.on('error', () => socket.terminate())
  link.on('data', (piece: Uint8Array) => {
    link.pause()
    void sendPiece(socket, piece).then(() => link.resume())
  })
  link.on('end', () => socket.close())
  socket.on('message', (data: Buffer) => link.write(data))
  socket.on('close', () => link.destroy())
})

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
  const argument = { url: `ws://127.0.0.1:${port}`, length: LENGTH, record: RECORD, authority }
  const handshakes: number[] = []
  const call = async (of: string): Promise<number> =>
    Number(await page.call({ module: '/client.js', name: of, argument }))
  const turn = (which: 'ours' | Peer) => async () => {
    const seconds = await call(which)
    if (which === 'ours') handshakes.push(await call('handshake'))
    return [LENGTH / 1e6 / seconds]
  }
  await turn('ours')() // compiles
  const metric = { name: `${name}: download`, unit: 'MB/s', better: 'more' } as const
  for (const [which, what] of Object.entries(PEERS) as [Peer, string][]) {
    await turn(which)()
    for (const { ours, peer, ratio } of await alternate([metric], what, TURNS, turn('ours'), turn(which)))
      console.log(`${name}: ours ${ours.toFixed(1)} MB/s, ${what} ${peer.toFixed(1)} MB/s, ${ratio.toFixed(2)}`)
  }
  const median = handshakes.sort((one, other) => one - other)[handshakes.length >> 1] ?? NaN
  console.log(
    `${name}: a handshake, with its WebSocket and the check of the certificate, ${(median * 1000).toFixed(1)} ms`,
  )
  await browser.close()
}
for (const server of [sockets, site, secure, bare]) server.close()
