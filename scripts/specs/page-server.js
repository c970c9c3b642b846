/**
 * The server of a page that runs specs, on 127.0.0.1: the page, files of a few folders, and a WebSocket over which the
 * page tells what happens. That is the same in every browser, and what was sent arrives in order, even from a page that
 * then computes for ever.
 *
 * @module
 */
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import { WebSocketServer } from 'ws'

const TYPES = new Map([
  ['.js', 'text/javascript'],
  ['.json', 'application/json'],
  ['.map', 'application/json'],
  ['.html', 'text/html'],
])

const PAGE =
  '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>specs</title><script src="/mocha.js"></script>'

/**
 * @param {object} options
 * @param {Readonly<Record<string, string>>} options.folders By the first part of their path.
 * @param {string} options.mocha The path of mocha.js.
 * @param {(line: string) => void} options.onLine What the page tells.
 * @param {() => void} options.onGone The page tells no more.
 * @returns {Promise<{ origin: string, close(): void }>}
 */
export async function servePage({ folders, mocha, onLine, onGone }) {
  /**
   * The file behind a URL path; undefined for what is not served.
   *
   * @param {string} path
   */
  function fileFor(path) {
    if (path === '/mocha.js') return mocha
    const [, top = '', ...rest] = path.split('/')
    const root = folders[top]
    if (root === undefined) return undefined
    const file = normalize(join(root, ...rest.map(decodeURIComponent)))
    return file.startsWith(root + sep) ? file : undefined
  }

  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname
    if (path === '/') {
      response.setHeader('content-type', 'text/html')
      response.end(PAGE)
      return
    }
    const file = fileFor(path)
    if (file === undefined || statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
      response.statusCode = 404
      response.end()
      return
    }
    response.setHeader('content-type', TYPES.get(extname(file)) ?? 'application/octet-stream')
    createReadStream(file).pipe(response)
  })
  const sockets = new WebSocketServer({ server, path: '/events' })
  sockets.on('connection', (socket) => {
    socket.on('message', (/** @type {Buffer} */ data) => onLine(data.toString()))
    socket.on('error', () => undefined) // A close follows.
    socket.on('close', onGone)
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close() {
      for (const socket of sockets.clients) socket.terminate()
      server.closeAllConnections()
      server.close()
    },
  }
}
