/**
 * Libraries for HTTP that run in this process.
 *
 * @module
 */
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import axios from 'axios'
import got from 'got'
import { HttpProxyAgent } from 'http-proxy-agent'
import { HttpsProxyAgent } from 'https-proxy-agent'
import ky from 'ky'
import nodeFetch from 'node-fetch'
import { SocksProxyAgent } from 'socks-proxy-agent'
import * as undici6 from 'undici6'
import * as undici7 from 'undici7'
import { WebSocket } from 'ws'
import { guardedFetch, TorAgent, undiciConnector } from '../../../lib/node.ts'
import { whyLacking } from '../../support/engines.ts'
import type { FrontClient, Session, Ways } from './front-clients.ts'
import { overFetch, type AnyFetch } from './over-fetch.ts'
import { PROXIED_LIBRARIES } from './proxied-clients.ts'
import { RPC_CLIENTS } from './rpc-clients.ts'
import { versioned } from './versioned.ts'

const agentFor = ({ connect, authority }: Ways): TorAgent => new TorAgent({ connect, ca: authority.pem })

async function gather(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** node:http and node:https with the agents given, which both have `destroy()`. */
function overAgents(agents: { readonly http: http.Agent; readonly https: https.Agent }, ca?: string): Session {
  const send = async (url: string, method: string, body?: Uint8Array): Promise<Uint8Array> => {
    const request = url.startsWith('https:')
      ? https.request(url, { agent: agents.https, method, ...(ca === undefined ? {} : { ca }) })
      : http.request(url, { agent: agents.http, method })
    request.on('error', () => undefined) // One may come behind the response, which then fails too.
    request.end(body)
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    if ((response.statusCode ?? 0) >= 400) throw new Error(`the status is ${response.statusCode}`)
    const { location } = response.headers
    if (location === undefined) return gather(response)
    response.resume()
    return send(location, method) // It follows no redirects by itself.
  }
  const close = (): void => {
    for (const agent of new Set([agents.http, agents.https])) agent.destroy()
  }
  return { get: (url) => send(url, 'GET'), post: (url, body) => send(url, 'POST', body), close }
}

function withSocksProxyAgent({ proxy, authority }: Ways): Session {
  const agent = new SocksProxyAgent(`socks5h://${proxy}`)
  return overAgents({ http: agent, https: agent }, authority.pem)
}

const withProxyAgents = ({ proxy, authority }: Ways): Session =>
  overAgents(
    {
      http: new HttpProxyAgent(`http://${proxy}`),
      https: new HttpsProxyAgent(`http://${proxy}`),
    },
    authority.pem,
  )

function withGot(ways: Ways): Session {
  const agent = agentFor(ways)
  const client = got.extend({ agent, retry: { limit: 0 } })
  return {
    get: (url) => client.get(url).buffer(),
    post: (url, body) => client.post(url, { body: Buffer.from(body) }).buffer(),
    close: () => agent.destroy(),
  }
}

function withAxios(ways: Ways): Session {
  const agent = agentFor(ways)
  const client = axios.create({
    httpAgent: agent.http,
    httpsAgent: agent.https,
    proxy: false,
    responseType: 'arraybuffer',
  })
  return {
    get: async (url) => (await client.get<Buffer>(url)).data,
    post: async (url, body) => (await client.post<Buffer>(url, body)).data,
    close: () => agent.destroy(),
  }
}

function withNodeFetch(ways: Ways): Session {
  const agent = agentFor(ways)
  return overFetch(guardedFetch(nodeFetch, { agent: agent.forUrl }, agent), () => agent.destroy())
}

/** What the versions of undici have in common. */
interface UndiciModule {
  readonly Agent: new (options: never) => { destroy(): Promise<void> }
}

const withUndici =
  (undici: UndiciModule, fetch: AnyFetch) =>
  ({ connect, authority }: Ways): Session => {
    const connector = undiciConnector({ connect, tls: { ca: authority.pem } })
    const dispatcher = new undici.Agent({ connect: connector } as never)
    return overFetch(guardedFetch(fetch, { dispatcher }, connector), () => dispatcher.destroy())
  }

function withWs(ways: Ways): Session {
  const agent = agentFor(ways)
  const first = (url: string, onOpen?: (socket: WebSocket) => void): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(url.replace(/^http/, 'ws'), { agent: agent.forUrl(new URL(url)) })
      socket.on('open', () => onOpen?.(socket))
      socket.on('message', (data: Buffer) => {
        resolve(data)
        socket.close()
      })
      socket.on('error', reject)
      socket.on('close', (code) => reject(new Error(`the WebSocket is closed: ${code}`)))
    })
  return {
    get: (url) => first(url),
    post: (url, body) => first(new URL('/', url).href, (socket) => socket.send(body)),
    close: () => agent.destroy(),
  }
}

const undici8 = whyLacking('undici 8') === undefined ? await import('undici8') : undefined

const CONNECTOR = '`new Agent({ connect: undiciConnector({ connect: tor.connect }) })`'
const BEFORE = '`guardedFetch()` proves it'

/** The libraries, in the order of the table. */
export const LIBRARIES: readonly FrontClient[] = [
  {
    name: '`tor.fetch`',
    how: 'nothing to plug in',
    note: 'in Node, Deno, Bun and browsers',
    open: ({ fetch }) => overFetch(fetch),
  },
  {
    name: '`node:http`, `node:https`',
    how: '`{ agent: agent.http }`, `{ agent: agent.https }` of a `TorAgent`',
    open: (ways) => overAgents(agentFor(ways)),
  },
  {
    name: versioned('undici', 'undici6'),
    how: CONNECTOR,
    note: BEFORE,
    open: withUndici(undici6, undici6.fetch),
  },
  {
    name: versioned('undici', 'undici7'),
    how: CONNECTOR,
    note: BEFORE,
    open: withUndici(undici7, undici7.fetch),
  },
  {
    name: versioned('undici', 'undici8'),
    how: CONNECTOR,
    note: `${BEFORE}; Node 22.19 or later`,
    feature: 'undici 8',
    open: (ways) => withUndici(undici8 as UndiciModule, undici8?.fetch as unknown as AnyFetch)(ways),
  },
  {
    name: "Node's `fetch`",
    how: '`{ dispatcher }`, an Agent of undici 7 as above',
    note: `${BEFORE}; Deno and Bun ignore a dispatcher, and \`guardedFetch()\` then fails`,
    open: withUndici(undici7, fetch),
  },
  { name: versioned('got'), how: '`{ agent }`, a `TorAgent`', open: withGot },
  {
    name: versioned('axios'),
    how: '`{ httpAgent: agent.http, httpsAgent: agent.https, proxy: false }`',
    open: withAxios,
  },
  {
    name: versioned('node-fetch'),
    how: '`{ agent: agent.forUrl }`',
    note: `${BEFORE}; Bun replaces it by one that ignores an agent`,
    open: withNodeFetch,
  },
  {
    name: versioned('ky'),
    how: '`ky.create({ fetch: tor.fetch })`',
    open: ({ fetch }) => overFetch(ky.create({ fetch: fetch, retry: 0, timeout: 120_000 })),
  },
  {
    name: versioned('ws'),
    how: '`{ agent: agent.http }` for `ws:`, `{ agent: agent.https }` for `wss:`',
    verbs: ['receives', 'sends'],
    open: withWs,
  },
  {
    name: versioned('socks-proxy-agent'),
    how: "`new SocksProxyAgent('socks5h://127.0.0.1:9050')`",
    note: '`socks5h`, or it asks the resolver for each name',
    open: withSocksProxyAgent,
  },
  {
    name: `${versioned('http-proxy-agent')}, ${versioned('https-proxy-agent')}`,
    how: "`new HttpProxyAgent('http://127.0.0.1:9050')`, `new HttpsProxyAgent('http://127.0.0.1:9050')`",
    open: withProxyAgents,
  },
  ...RPC_CLIENTS,
  ...PROXIED_LIBRARIES,
]
