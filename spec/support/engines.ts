/**
 * What an engine cannot do, in one table, each with its reason. A spec that needs such a thing asks here and nowhere
 * else.
 *
 * @module
 */

/** The engines that run the specs. */
export type Engine = 'node' | 'deno' | 'bun' | 'chromium' | 'firefox' | 'webkit'

/** What a spec may need that not every engine has. */
export type Feature =
  | 'transfer'
  | 'byte streams'
  | 'async iteration of streams'
  | "a pipe's signal"
  | 'tee before an error'
  | 'ReadableStream.from'
  | 'Request.body'
  | 'synchronous cipher'
  | 'undici 8'
  | 'proxies of the environment'
  | 'pages'
  | 'WebSocketStream'
  | 'IndexedDB'
  | 'agents'
  | 'paused TLS servers'
  | 'fetch of Node 20'
  | 'the end of hasty TLS servers'

/** Which Node this is, as a number such as 22.19; 0 elsewhere. */
const nodeVersion = (): number => {
  const { process } = globalThis as { process?: { versions?: { node?: string } } }
  const [major = '0', minor = '0'] = (process?.versions?.node ?? '').split('.')
  return Number(`${major}.${minor.padStart(2, '0')}`)
}

const NO_PAGES = {
  pages: 'It shows no pages',
  WebSocketStream: 'It shows no pages',
  IndexedDB: 'It has no IndexedDB: files serve',
}

const KEYSTREAM_AHEAD = { 'synchronous cipher': 'Browsers have WebCrypto only, so keystream is made ahead' }

const LACKS: Readonly<Record<Engine, Readonly<Partial<Record<Feature, string>>>>> = {
  node: {
    ...NO_PAGES,
    'the end of hasty TLS servers':
      'A node:tls server that ends in the turn of its handshake sends no close_notify: openssl s_client sees none either',
    ...(nodeVersion() >= 21 ? { 'fetch of Node 20': 'The fetch of later versions comes nearer to ours' } : {}),
    ...(nodeVersion() < 22.19 ? { 'undici 8': 'undici 8 needs Node 22.19 or later' } : {}),
    ...(nodeVersion() < 24.05
      ? { 'proxies of the environment': 'Node takes no proxy from the environment before 24.5' }
      : {}),
  },
  deno: {
    ...NO_PAGES,
    'paused TLS servers':
      'A node:tls server of Deno misses the end of a client that ends while the socket is paused, for clients of Node too',
    'synchronous cipher': "Deno's synchronous AES is slower than its WebCrypto, so keystream is made ahead",
  },
  bun: {
    ...NO_PAGES,
    transfer: 'Bun does not transfer streams (DataCloneError)',
    agents: 'Bun ignores agents, so there is no TorAgent without a proof',
  },
  chromium: {
    ...KEYSTREAM_AHEAD,
    'ReadableStream.from': 'Chromium has no ReadableStream.from',
  },
  firefox: {
    ...KEYSTREAM_AHEAD,
    'WebSocketStream': 'Firefox has no WebSocketStream',
    'Request.body': "Firefox's Requests do not show their bodies, so each is sent with its length",
  },
  webkit: {
    ...KEYSTREAM_AHEAD,
    'WebSocketStream': 'WebKitGTK has no WebSocketStream',
    'ReadableStream.from': 'WebKitGTK has no ReadableStream.from',
    'byte streams': 'WebKitGTK has no readable byte streams, so a default stream serves',
    'async iteration of streams': 'WebKitGTK has no async iteration of streams',
    "a pipe's signal": "WebKitGTK's pipeTo obeys its signal only with the next chunk",
    'tee before an error': "WebKitGTK's tee drops what arrived before an error",
    'transfer': 'WebKitGTK does not transfer streams (DataCloneError)',
  },
}

const detect = (): Engine => {
  if ('Deno' in globalThis) return 'deno'
  if ('Bun' in globalThis) return 'bun'
  if (!('document' in globalThis)) return 'node'
  const { userAgent } = (globalThis as unknown as { navigator: { userAgent: string } }).navigator
  if (userAgent.includes('Firefox/')) return 'firefox'
  return userAgent.includes('Chrome/') ? 'chromium' : 'webkit'
}

/** The engine that this spec runs in. */
export const engine: Engine = detect()

/**
 * How many altered inputs to try, of those that are tried where engines are fast: the JavaScript is the same in all of them,
 * and WebKitGTK's cryptography takes ten times as long.
 */
export const tries = (count: number): number => (engine === 'webkit' ? Math.ceil(count / 10) : count)

/** Why this engine lacks `feature`; undefined if it has it. */
export const whyLacking = (feature: Feature): string | undefined => LACKS[engine][feature]

/**
 * `it` and `describe` for what needs `feature`: where the engine lacks it, the spec is counted as "not in this engine".
 */
export interface Guarded {
  it(title: string, fn: Mocha.AsyncFunc | Mocha.Func): Mocha.Test
  describe(title: string, fn: (this: Mocha.Suite) => void): Mocha.Suite
}

/**
 * Declares specs that need `feature`.
 *
 * ```ts
 * unlessEngineLacks('transfer').it('moves both sides through a MessageChannel', async () => { ... })
 * ```
 */
export function unlessEngineLacks(feature: Feature): Guarded {
  const reason = whyLacking(feature)
  if (reason === undefined) return { it: (title, fn) => it(title, fn), describe: (title, fn) => describe(title, fn) }
  return {
    it: (title, fn) => Object.assign(it.skip(title, fn), { engineLacks: reason }),
    describe: (title, fn) => {
      const suite: Mocha.Suite | void = describe.skip(title, fn)
      if (suite === undefined) throw new Error('describe.skip made no suite')
      return Object.assign(suite, { engineLacks: reason })
    },
  }
}
