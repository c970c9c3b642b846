/**
 * The page: a Tor client in a tab, on a network inside the page or on real relays through a gateway. Built by `npm run
 * page`, shown by `npm start -- --page`.
 *
 * @module
 */
import { MemoryStorage, SocketError, TorClient, TorError } from 'tor-streams'
import { Dashboard, type FarEnd } from 'tor-streams/dashboard'
import { webSocketTransport } from 'tor-streams/websocket'
import { startEmbedded } from './embedded.ts'
import { PacedReader } from './paced-reader.ts'

/** What the slider's places mean, in bytes a second. */
const RATES = [0, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000, 1_000_000, 2_000_000, Infinity] as const

/** What it does by itself: the slider's place, and for how long, in ms. */
const DEMO = [
  [9, 7000],
  [0, 7000],
  [5, 7000],
  [9, 5000],
] as const

const byId = <Kind extends HTMLElement>(id: string): Kind => document.getElementById(id) as Kind
const controls = byId<HTMLElement>('controls')
const fetchForm = byId<HTMLFormElement>('fetch')
const networkForm = byId<HTMLFormElement>('network')
const url = byId<HTMLInputElement>('url')
const go = byId<HTMLButtonElement>('go')
const progress = byId<HTMLProgressElement>('progress')
const outcome = byId<HTMLOutputElement>('outcome')
const pace = byId<HTMLInputElement>('pace')
const paceText = byId<HTMLOutputElement>('pace-text')
const demo = byId<HTMLInputElement>('demo')
const gateway = byId<HTMLInputElement>('gateway')
const flow = byId<HTMLSelectElement>('flow')

let farEnd: ((target: string) => FarEnd | undefined) | undefined
const dashboard = new Dashboard(byId('dashboard'), { farEnd: (target) => farEnd?.(target) })
dashboard.controls.append(...controls.children)

const size = (bytes: number): string =>
  bytes < 1e6 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`

/** What went wrong, in a sentence that says what to do where something can be done. */
function sentenceOf(error: unknown): string {
  let told = error
  for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth++) {
    told = each
    if (each instanceof TorError || each instanceof SocketError) break
  }
  const message = told instanceof Error ? told.message : String(told)
  const code = told instanceof TorError || told instanceof SocketError ? ` (${told.code})` : ''
  return `${message.charAt(0).toUpperCase()}${message.slice(1)}${code}.`
}

/** A client and what belongs to it; one at a time. */
class Session {
  readonly #ended = new AbortController()
  #tor: TorClient | undefined
  #closeNetwork: (() => Promise<void>) | undefined

  async start(): Promise<void> {
    const isEmbedded = networkForm.elements.namedItem('relays') instanceof RadioNodeList && relays() === 'embedded'
    const congestionControl = flow.value === 'congestion-control'
    const options = isEmbedded ? await this.#embedded(congestionControl) : throughGateway()
    const tor = await TorClient.open({
      ...options,
      congestionControl,
      signal: this.#ended.signal,
      onProgress: (status) => dashboard.status(status),
    })
    this.#tor = tor
    dashboard.follow(tor.watch({ interval: 200 })).catch((error: unknown) => dashboard.problem(sentenceOf(error)))
  }

  async #embedded(congestionControl: boolean): Promise<Parameters<typeof TorClient.open>[0]> {
    const embedded = await startEmbedded(congestionControl)
    this.#closeNetwork = () => embedded.network.close()
    farEnd = (target) => embedded.farEnd(target)
    return { network: embedded.network.config, transport: embedded.network.transport, storage: new MemoryStorage() }
  }

  get tor(): TorClient {
    if (this.#tor === undefined) throw new Error('There is no client yet: wait until it is ready')
    return this.#tor
  }

  newIdentity(): void {
    this.#tor?.newIdentity()
  }

  async close(): Promise<void> {
    this.#ended.abort()
    await this.#tor?.close()
    await this.#closeNetwork?.()
    farEnd = undefined
    dashboard.clear()
  }
}

const relays = (): string => (networkForm.elements.namedItem('relays') as RadioNodeList).value

/** What a client needs that goes by a gateway: links, and the directory in one request. */
function throughGateway(): Parameters<typeof TorClient.open>[0] {
  if (!URL.canParse(gateway.value)) throw new Error('Write the address of a gateway, such as wss://gateway.example')
  const directory = new URL(gateway.value)
  directory.protocol = directory.protocol === 'ws:' ? 'http:' : 'https:'
  directory.pathname = `${directory.pathname.replace(/\/$/, '')}/directory`
  return { transport: webSocketTransport({ url: gateway.value }), directory }
}

let session = new Session()
let reading: AbortController | undefined
const reader = new PacedReader(Infinity)

async function restart(): Promise<void> {
  reading?.abort()
  dashboard.problem(undefined)
  const before = session
  session = new Session()
  await before.close()
  try {
    // Without it there is no cryptography in a page at all.
    if (!isSecureContext)
      throw new Error('Open this page over https:, or from localhost: elsewhere a browser has no cryptography')
    await session.start()
  } catch (error) {
    dashboard.problem(`It could not start. ${sentenceOf(error)}`)
    return
  }
  if (relays() === 'embedded') await fetchNow()
}

async function fetchNow(): Promise<void> {
  reading?.abort()
  const mine = (reading = new AbortController())
  go.textContent = 'Stop'
  progress.removeAttribute('value')
  outcome.value = 'Asking…'
  let count = 0
  try {
    const response = await session.tor.fetch(url.value, { signal: mine.signal })
    const length = Number(response.headers.get('content-length') ?? Number.NaN)
    if (length > 0) progress.max = length
    const show = (): void => {
      outcome.value = length > 0 ? `${size(count)} of ${size(length)}` : `${size(count)} so far`
      if (length > 0) progress.value = count
    }
    const timer = setInterval(show, 200)
    try {
      if (response.body !== null)
        await reader.read(response.body, (bytes) => {
          count += bytes.length
        })
    } finally {
      clearInterval(timer)
    }
    if (!mine.signal.aborted) outcome.value = `Done: ${response.status} ${response.statusText}, ${size(count)}`
    progress.value = progress.max
  } catch (error) {
    if (mine.signal.aborted) outcome.value = `Stopped after ${size(count)}`
    else outcome.value = `It failed. ${sentenceOf(error)}`
    progress.value = 0
  } finally {
    if (reading === mine) {
      reading = undefined
      go.textContent = 'Fetch'
    }
  }
}

function showPace(): void {
  const rate = RATES[Number(pace.value)] ?? Infinity
  const text = rate === 0 ? 'not at all' : rate === Infinity ? 'as fast as it comes' : `${size(rate)} a second`
  paceText.value = text
  pace.setAttribute('aria-valuetext', text)
  reader.rate = rate
}

let demoStep = 0
function runDemo(): void {
  if (!demo.checked) return
  const [place, time] = DEMO[demoStep % DEMO.length] as (typeof DEMO)[number]
  demoStep += 1
  pace.value = `${place}`
  showPace()
  setTimeout(runDemo, time)
}

pace.addEventListener('input', () => {
  demo.checked = false
  showPace()
})
demo.addEventListener('change', runDemo)
fetchForm.addEventListener('submit', (event) => {
  event.preventDefault()
  if (reading !== undefined) reading.abort()
  else void fetchNow()
})
networkForm.addEventListener('change', () => {
  byId('gateway-line').hidden = relays() !== 'gateway'
  gateway.required = relays() === 'gateway'
})
networkForm.addEventListener('submit', (event) => {
  event.preventDefault()
  void restart()
})
byId('identity').addEventListener('click', () => {
  session.newIdentity()
  if (reading !== undefined && relays() === 'embedded') void fetchNow()
})

if (matchMedia('(prefers-reduced-motion: reduce)').matches || location.hash === '#still') demo.checked = false
showPace()
runDemo()
void restart()
