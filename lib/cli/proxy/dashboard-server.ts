/**
 * The dashboard of the proxy, on loopback. Its address has a token in it, and without that nothing is to be had: not by
 * other users of this machine, not by a page that a browser shows from elsewhere, by whatever name it asks.
 *
 * Every refusal is the same empty 404, and nothing is ever logged.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as crypto from 'node:crypto'
import type * as fs from 'node:fs/promises'
import type * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TorClient } from '../../client/tor-client.ts'
import { builtinModule } from '../../platform/runtime/builtin.ts'

/** How many pages may follow at the same time. */
const MOST_FOLLOWERS = 8

/** How often bytes and windows are looked at for them, in ms. */
const INTERVAL = 250

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>tor-streams proxy</title>
    <link rel="icon" href="data:," />
    <script type="module" src="proxy-page.js"></script>
  </head>
  <body><noscript><p>The drawing is JavaScript, and so this page needs it.</p></noscript></body>
</html>
`

/** Nothing but this page's own files; in no frame, in no cache, and its address goes to nobody. */
const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/** Where the dashboard is, and its end. */
export interface DashboardServer {
  /** With the token: whoever has it sees everything. */
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves the dashboard of a client.
 *
 * @param port - 0 for any that is free
 * @param files - the folder of the drawing's modules
 * @throws Error when they are not there, or the port is taken
 */
export async function listenDashboard(
  tor: Pick<TorClient, 'watch' | 'newIdentity'>,
  port: number,
  files: URL,
): Promise<DashboardServer> {
  const { createServer } = builtinModule<typeof http>('node:http')
  const { randomBytes } = builtinModule<typeof crypto>('node:crypto')
  const { readFile, readdir } = builtinModule<typeof fs>('node:fs/promises')
  const token = randomBytes(32).toString('base64url')
  // A program that was compiled or bundled has no files beside it.
  const names = await readdir(files).catch(() => [])
  const scripts = new Set(names.filter((name) => /^[a-z-]+\.js$/.test(name)))
  if (!scripts.has('proxy-page.js'))
    throw new Error('the dashboard is not beside this program: it is in the package that npm installs')
  const followers = new Set<AbortController>()
  let authorities: readonly string[] = []

  const refuse = (response: http.ServerResponse): void => void response.writeHead(404, HEADERS).end()

  const server = createServer({ maxHeaderSize: 8192 }, (request, response) => {
    response.on('error', () => undefined) // the browser is gone
    if (!isOurs(request, authorities)) return refuse(response)
    const [, given = '', name, ...more] = (request.url ?? '').split('/')
    if (!isSame(given, token) || name === undefined || more.length > 0) return refuse(response)
    if (request.method === 'POST') {
      if (name !== 'identity') return refuse(response)
      tor.newIdentity()
      response.writeHead(204, HEADERS).end()
    } else if (name === '') {
      response.writeHead(200, { ...HEADERS, 'content-type': 'text/html; charset=utf-8' }).end(PAGE)
    } else if (name === 'events') {
      void follow(response)
    } else if (scripts.has(name)) {
      readFile(new URL(name, files)).then(
        (code) =>
          void response.writeHead(200, { ...HEADERS, 'content-type': 'text/javascript; charset=utf-8' }).end(code),
        () => refuse(response),
      )
    } else refuse(response)
  })
  server.maxConnections = 64
  server.headersTimeout = server.requestTimeout = 10_000

  /** One answer for as long as the page is there. A page that reads slowly gets the newest state, and nothing piles up. */
  async function follow(response: http.ServerResponse): Promise<void> {
    if (followers.size >= MOST_FOLLOWERS) {
      response.writeHead(503, HEADERS).end()
      return
    }
    const end = new AbortController()
    followers.add(end)
    response.on('close', () => end.abort())
    response.writeHead(200, { ...HEADERS, 'content-type': 'application/x-ndjson' })
    const reader = tor.watch({ signal: end.signal, interval: INTERVAL }).getReader()
    for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
      if (response.write(`${JSON.stringify(value)}\n`) || end.signal.aborted) continue
      await roomIn(response)
    }
    followers.delete(end)
    response.end()
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host: '127.0.0.1', exclusive: true }, resolve)
  })
  const address = server.address() as AddressInfo
  authorities = [`127.0.0.1:${address.port}`, `localhost:${address.port}`]
  return {
    url: `http://127.0.0.1:${address.port}/${token}/`,
    async close() {
      for (const end of followers) end.abort()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** Resolves when what was written has left, or never will. */
function roomIn(response: http.ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}

/**
 * True for a request that this page makes, or its user. A name that a DNS server of somebody's leads to this machine is in
 * `Host`; another page is in `Origin`, or in what browsers say of where a request comes from.
 */
function isOurs({ method, headers }: http.IncomingMessage, authorities: readonly string[]): boolean {
  const { host = '', origin } = headers
  const site = headers['sec-fetch-site']
  // Browsers name the origin of each POST, whoever makes it.
  return (
    (method === 'GET' || (method === 'POST' && origin !== undefined)) &&
    authorities.includes(host) &&
    (origin === undefined || origin === `http://${host}`) &&
    (site === undefined || site === 'same-origin' || site === 'none')
  )
}

/** Takes as long wherever they differ. */
function isSame(given: string, token: string): boolean {
  const { createHash, timingSafeEqual } = builtinModule<typeof crypto>('node:crypto')
  const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}
