/**
 * What a page does with the library, in a window, a worker or a service worker: told by name from outside, with JSON both
 * ways.
 *
 * @module
 */
import { IndexedDbStorage, parseDirAuthorityLines, TorClient } from '../../../lib/index.ts'
import { webSocketTransport } from '../../../lib/websocket.ts'
import { serveBoth, sha256, type Served } from './served.ts'

/** How a client is opened. */
export interface OpenArgument {
  /** The gateway's URL, or a template of one. */
  readonly url: string
  readonly protocols?: string
  /** The network's `DirAuthority` lines. */
  readonly authorities: string
  readonly timeout?: number
  /** Whom to trust for https:, PEM. */
  readonly ca?: string
  /** How far this context's clock is off, in ms. */
  readonly clockOff?: number
}

/** What came of opening a client. */
export interface Opened {
  readonly phases: readonly string[]
  readonly warnings: readonly string[]
  /** The guards that are kept, as the storage has them. */
  readonly guards: string
}

/** What an error shows. */
export interface Shown {
  readonly code: string | undefined
  readonly message: string
  /** Its causes, messages of them. */
  readonly causes: readonly string[]
}

let tor: TorClient | undefined
const held = new Map<string, { readonly reader: ReadableStreamDefaultReader<Uint8Array>; bytes: number }>()

const client = (): TorClient => {
  if (tor === undefined) throw new Error('the page has no client')
  return tor
}

async function open({
  url,
  protocols,
  authorities,
  timeout = 60_000,
  ca,
  clockOff = 0,
}: OpenArgument): Promise<Opened> {
  if (clockOff !== 0) {
    const { now } = Date
    Date.now = () => now.call(Date) + clockOff
  }
  const phases: string[] = []
  tor = await TorClient.open({
    transport: webSocketTransport({ url, protocols }),
    network: { authorities: parseDirAuthorityLines(authorities), fallbacks: [], testing: true },
    storage: new IndexedDbStorage(), // a network for tests has memory by itself
    timeout,
    streamDefaults: { tls: { ca } },
    onProgress: ({ phase }) => void (phases.at(-1) === phase || phases.push(phase)),
  })
  return { phases, warnings: tor.status.warnings, guards: await guards() }
}

async function guards(): Promise<string> {
  return new TextDecoder().decode(await new IndexedDbStorage().read('guards'))
}

/** Lets go of all that is kept, as a browser does when a user clears a site's data. */
async function forget(): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const request = indexedDB.deleteDatabase('tor-streams')
    request.onsuccess = () => resolve()
    request.onerror = () => reject(new Error('the database stays'))
  })
}

/** The first relay of each circuit for streams that is there, by its fingerprint: the directory is fetched from any primary guard. */
function firstRelays(): Promise<string[]> {
  const streams = client().circuits.filter(({ path, purpose }) => purpose !== 'directory' && path.length > 1)
  const first = streams.map(({ path }) => path[0]?.fingerprint ?? '')
  return Promise.resolve([...new Set(first)])
}

/** Leaves all circuits for others. */
function renew(): Promise<void> {
  client().newIdentity()
  return Promise.resolve()
}

async function get({ url }: { readonly url: string }) {
  const response = await client().fetch(url)
  return { status: response.status, text: await response.text() }
}

async function download({ url }: { readonly url: string }) {
  const bytes = new Uint8Array(await (await client().fetch(url)).arrayBuffer())
  return { bytes: bytes.length, sha256: await sha256(bytes) }
}

/** Uploads what it has downloaded before, piece by piece. */
async function upload({ from, url }: { readonly from: string; readonly url: string }) {
  const { body } = await client().fetch(from)
  const response = await client().fetch(url, { method: 'PUT', body, duplex: 'half' })
  return (await response.json()) as unknown
}

/** What is begun and held. */
interface HoldArgument {
  readonly url: string
  readonly name: string
  /** The fingerprint of the exit to take; any by default. */
  readonly exit?: string
}

/** Begins a download and reads no more than its first chunk. */
async function hold({ url, name, exit }: HoldArgument): Promise<number> {
  const init = exit === undefined ? {} : { exit: ({ fingerprint }: { fingerprint: string }) => fingerprint === exit }
  const { body } = await client().fetch(url, init)
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  const { value } = await reader.read()
  held.set(name, { reader, bytes: value?.length ?? 0 })
  return value?.length ?? 0
}

/** Reads on, to the end or as many bytes. */
async function readOn({ name, bytes = Infinity }: { readonly name: string; readonly bytes?: number }): Promise<number> {
  const one = held.get(name)
  if (one === undefined) throw new Error(`nothing is held as ${name}`)
  while (one.bytes < bytes) {
    const { done, value } = await one.reader.read()
    if (done) break
    one.bytes += value.length
  }
  return one.bytes
}

/** How many bytes were read so far. */
function readSoFar({ name }: { readonly name: string }): Promise<number> {
  return Promise.resolve(held.get(name)?.bytes ?? 0)
}

/** Offers onion services, until the client is closed. */
async function serve(): Promise<Served> {
  return await serveBoth(client())
}

async function resolve({ hostname }: { readonly hostname: string }) {
  return await client().resolve(hostname)
}

/** Asks past the library, as no page of ours does: in vain. */
async function lookUp({ url }: { readonly url: string }): Promise<void> {
  await fetch(url, { mode: 'no-cors' }).catch(() => undefined)
}

/** What the browser itself says of a WebSocket to `url`, before anybody answers. */
function dial({ url }: { readonly url: string }): Promise<string> {
  try {
    new WebSocket(url).close()
    return Promise.resolve('made')
  } catch (error) {
    return Promise.resolve((error as Error).name)
  }
}

async function close(): Promise<void> {
  await tor?.close()
  tor = undefined
}

/** Something of this context's globals is not there. */
function without({ name }: { readonly name: string }): Promise<void> {
  const [place, last] = name.startsWith('crypto.') ? [Crypto.prototype, name.slice(7)] : [globalThis, name]
  Object.defineProperty(place, last, { value: undefined, configurable: true })
  return Promise.resolve()
}

const ACTIONS = {
  open,
  guards,
  forget,
  firstRelays,
  renew,
  get,
  download,
  upload,
  hold,
  readOn,
  readSoFar,
  serve,
  resolve,
  close,
  without,
  lookUp,
  dial,
} as const

/** The name of an action. */
export type ActionName = keyof typeof ACTIONS

/** What an action comes to. */
export type ActionOutcome = { readonly value: unknown } | { readonly error: Shown }

/** Does it, and gives what came of it; never rejects. */
export async function act(name: ActionName, argument: unknown): Promise<ActionOutcome> {
  try {
    return { value: await (ACTIONS[name] as (argument: unknown) => Promise<unknown>)(argument) }
  } catch (error) {
    return { error: shown(error) }
  }
}

function shown(error: unknown): Shown {
  const causes: string[] = []
  const { code, message } = error as { code?: unknown; message?: unknown }
  let at = error as { cause?: unknown; code?: unknown; message?: unknown } | null | undefined
  while ((at = at?.cause as typeof at) !== undefined && causes.length < 5)
    causes.push(`${String(at?.code)}: ${String(at?.message)}`)
  return { code: typeof code === 'string' ? code : undefined, message: String(message), causes }
}
