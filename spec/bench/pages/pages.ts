/**
 * A download in a page, through a gateway and three relays of real tor, against a plain WebSocket in the same page; and which
 * frames of the page are dropped during either. Relays, gateway and browser share this machine, so that frames are dropped for
 * want of a processor, too: what the plain one drops says how many, and the longest task of the page's thread what is ours.
 *
 * @module
 */
import { join } from 'node:path'
import { WebSocketServer } from 'ws'
import { ROOT } from '../../../scripts/files.js'
import { launchBrowser } from '../../../scripts/specs/browser-launch.js'
import { parseDirAuthorityLines } from '../../../lib/directory/network/dir-authority-lines.ts'
import { listenGateway } from '../../../lib/node/gateway/listen-gateway.ts'
import { MemoryStorage } from '../../../lib/platform/storage/storage.ts'
import { findProgram } from '../../support/programs.ts'
import { TorNetwork } from '../../tor/support/network.ts'
import { alternate, type Comparison, type Metric } from '../compare.ts'
import { servePageOf } from '../page-site.ts'
import type { Frames } from './frames.ts'
import type { PageDownload, PageOpening } from './pages-client.ts'
import { sendPiece, serveDownload } from './plain-server.ts'
import { longestTaskDuring } from './tasks.ts'

const BROWSERS = [
  ['chromium', 'chromium'],
  ['firefox', 'firefox-esr'],
] as const

/** Turns of each, after one that compiles. */
const TURNS = 5

/**
 * Compares downloads of `length` bytes in each browser that there is.
 *
 * @param plainLength - of the plain WebSocket, which is many times as fast: long enough for frames to be counted
 */
export async function comparePages(length: number, plainLength: number = 10 * length): Promise<Comparison[]> {
  const network = await TorNetwork.start({ authorities: 1, relays: 3, exits: 1, fast: true })
  const config = { authorities: parseDirAuthorityLines(network.dirAuthorityLines), fallbacks: [], testing: true }
  const gateway = await listenGateway({ port: 0, network: config, storage: new MemoryStorage(), allowPrivate: true })
  const { server: site, port } = await servePageOf(join(ROOT, 'spec', 'bench', 'pages', 'pages-client.ts'))
  const sockets = new WebSocketServer({ server: site, perMessageDeflate: false })
  sockets.on('connection', (socket) => {
    socket.on('error', () => undefined) // the page has what it wanted
    void serveDownload(plainLength, (piece) => sendPiece(socket, piece)).then(() => socket.close())
  })
  try {
    const results: Comparison[] = []
    for (const [name, program] of BROWSERS) {
      const executable = findProgram(program)
      if (executable === undefined) {
        console.log(`${name} is not installed`)
        continue
      }
      const browser = await launchBrowser({ browser: name, executable })
      try {
        const driven = await browser.open()
        await driven.goto(`http://127.0.0.1:${port}/`)
        const call = (name: string, argument: PageOpening | PageDownload): Promise<unknown> =>
          driven.call({ module: '/client.js', name, argument })
        await call('open', { gateway: `ws://127.0.0.1:${gateway.port}`, authorities: network.dirAuthorityLines })
        const turn = (which: 'ours' | 'plain', url: string, length: number) => async () => {
          const { seconds, shown, dropped, longest } = (await call(which, { url, length })) as Frames
          return [length / 1e6 / seconds, (100 * dropped) / (shown + dropped), longest]
        }
        const ours = turn('ours', `http://127.0.0.1:${network.httpPort}/${length}`, length)
        const plain = turn('plain', `ws://127.0.0.1:${port}`, plainLength)
        await ours()
        await plain()
        results.push(...(await alternate(metricsOf(name), 'plain WebSocket', TURNS, ours, plain)))
        const { page } = driven
        if (name !== 'chromium' || page === undefined) continue // others tell of no tasks
        const longest: Metric = { name: `${name}: longest task during it`, unit: 'ms', better: 'less' }
        const taskDuring = (what: () => Promise<unknown>) => async () => [(await longestTaskDuring(page, what)).longest]
        results.push(...(await alternate([longest], 'plain WebSocket', 3, taskDuring(ours), taskDuring(plain))))
      } finally {
        await browser.close()
      }
    }
    return results
  } finally {
    for (const server of [sockets, site]) server.close()
    await gateway.close()
    await network.stop()
  }
}

const metricsOf = (browser: string): Metric[] => [
  { name: `${browser}: download through the gateway`, unit: 'MB/s', better: 'more' },
  { name: `${browser}: frames dropped during it`, unit: '%', better: 'less' },
  { name: `${browser}: longest time between two frames`, unit: 'ms', better: 'less' },
]
