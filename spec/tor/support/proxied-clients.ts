/**
 * What takes the address of an HTTP proxy in Node, by an option or from the environment; the latter in a process of its
 * own.
 *
 * @module
 */
import { join } from 'node:path'
import * as undici7 from 'undici7'
import { ROOT } from '../../../scripts/files.js'
import type { FrontClient, Session, Ways } from './front-clients.ts'
import { runProgram } from './program.ts'
import { overFetch } from './over-fetch.ts'
import { versioned } from './versioned.ts'

function withDispatcher(dispatcher: undici7.ProxyAgent | undici7.EnvHttpProxyAgent): Session {
  const fetch = (url: string, init: object = {}): Promise<Pick<Response, 'arrayBuffer'>> =>
    undici7.fetch(url, { ...init, dispatcher })
  return overFetch(fetch, () => dispatcher.destroy())
}

/** The URL is its argument and a body its input. */
const BY_FETCH = `
const body = require('node:fs').readFileSync(0)
fetch(process.argv[1], body.length > 0 ? { method: 'POST', body } : {}).then(async (response) => {
  if (!response.ok) throw new Error('status ' + response.status)
  process.stdout.write(Buffer.from(await response.arrayBuffer()))
})
`

/** The same by node:http and node:https, which follow no redirect by themselves. */
const BY_REQUEST = `
const body = require('node:fs').readFileSync(0)
const send = (url) => {
  const { request } = require(url.startsWith('https:') ? 'node:https' : 'node:http')
  request(url, { method: body.length > 0 ? 'POST' : 'GET' }, (response) => {
    if (response.headers.location !== undefined) return send(response.headers.location)
    if (response.statusCode !== 200) throw new Error('status ' + response.statusCode)
    response.pipe(process.stdout)
  }).on('error', (error) => {
    throw error
  }).end(body)
}
send(process.argv[1])
`

/** @param proxy - what to add to the environment */
const inNode =
  (code: string, proxy: (address: string) => NodeJS.ProcessEnv) =>
  ({ proxy: address, authority, environment }: Ways): Session => {
    const env = { ...environment, NODE_EXTRA_CA_CERTS: authority.file, ...proxy(`http://${address}`) }
    const run = (url: string, input: Uint8Array): Promise<Buffer> =>
      runProgram(process.execPath, ['-e', code, '--', url], { environment: env, input })
    return { get: (url) => run(url, new Uint8Array(0)), post: run }
  }

const BOTH = 'give both proxies, or what is left out goes beside Tor'
const ENVIRONMENT =
  '`NODE_USE_ENV_PROXY=1 HTTP_PROXY=http://127.0.0.1:9050 HTTPS_PROXY=http://127.0.0.1:9050`, for the environment'

const ofEnvironment = (uri: string): NodeJS.ProcessEnv => ({
  NODE_USE_ENV_PROXY: '1',
  HTTP_PROXY: uri,
  HTTPS_PROXY: uri,
})

/** In the order of the table; all but the first two are programs. */
export const PROXIED_LIBRARIES: readonly FrontClient[] = [
  {
    name: `${versioned('undici', 'undici7')} \`ProxyAgent\``,
    how: "`new ProxyAgent('http://127.0.0.1:9050')`",
    open: ({ proxy, authority }) =>
      withDispatcher(new undici7.ProxyAgent({ uri: `http://${proxy}`, requestTls: { ca: authority.pem } })),
  },
  {
    name: `${versioned('undici', 'undici7')} \`EnvHttpProxyAgent\``,
    how: "`new EnvHttpProxyAgent({ httpProxy: 'http://127.0.0.1:9050', httpsProxy: 'http://127.0.0.1:9050' })`",
    note: `or \`http_proxy\` and \`https_proxy\` in the environment; ${BOTH}`,
    open: ({ proxy, authority }) =>
      withDispatcher(
        new undici7.EnvHttpProxyAgent({
          httpProxy: `http://${proxy}`,
          httpsProxy: `http://${proxy}`,
          noProxy: '',
          requestTls: { ca: authority.pem },
        }),
      ),
  },
]

/** In the order of the table, and in processes of their own. */
export const PROXIED_PROGRAMS: readonly FrontClient[] = [
  {
    name: versioned('global-agent'),
    how: '`GLOBAL_AGENT_HTTP_PROXY=http://127.0.0.1:9050`, for the environment; here with node:http',
    open: inNode(
      `require(${JSON.stringify(join(ROOT, 'node_modules', 'global-agent', 'bootstrap.js'))})\n${BY_REQUEST}`,
      (uri) => ({ GLOBAL_AGENT_HTTP_PROXY: uri }),
    ),
  },
  {
    name: 'Node 24 itself, `fetch`',
    how: ENVIRONMENT,
    note: BOTH,
    feature: 'proxies of the environment',
    open: inNode(BY_FETCH, ofEnvironment),
  },
  {
    name: 'Node 24 itself, `node:http` and `node:https`',
    how: ENVIRONMENT,
    note: `${BOTH}; Node 24.5 or later`,
    feature: 'proxies of the environment',
    open: inNode(BY_REQUEST, ofEnvironment),
  },
]
