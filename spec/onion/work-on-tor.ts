/**
 * Proofs of work through real tor, both ways: a client of this library that makes them for a tor service, and a tor client that
 * makes them for a service of this library. A service asks for work only once a flood was on at one of the marks that it has
 * every 300 seconds, so this takes six minutes and is no spec:
 *
 * ```sh
 * node scripts/run.js spec/onion/work-on-tor.ts
 * ```
 *
 * @module
 */
import { systemClock, type Clock } from '../../lib/base/waiting/clock.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import type { TorClientOptions } from '../../lib/client/client-options.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import { EFFORT_PERIOD } from '../../lib/onion/pow/defence/suggested-effort.ts'
import { solvePuzzle } from '../../lib/onion/pow/solve.ts'
import type { Transport } from '../../lib/platform/links/transport.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { get } from '../tor/support/client.ts'
import { LinkTap } from '../tor/support/link-tap.ts'
import { TorNetwork } from '../tor/support/network.ts'
import { until } from '../tor/support/poll.ts'
import { socksGet } from '../tor/support/socks-get.ts'
import { answerAll } from '../tor/support/stream-target.ts'

const RENDEZVOUS_LOG = ['Log [rend]info stdout']

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const said = (text: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`)

const network = await TorNetwork.start({ authorities: 1, relays: 5, exits: 1 })
const tap = new LinkTap()
const open = (options: TorClientOptions = {}): Promise<TorClient> =>
  TorClient.open({
    network: { authorities: parseDirAuthorityLines(network.dirAuthorityLines), fallbacks: [], testing: true },
    transport: tap,
    storage: new MemoryStorage(),
    timeout: 60_000,
    ...options,
  })

/** Asks for a service from ever new circuits, `pace` ms apart, until told to stop. Nobody waits for answers. */
async function flood(tor: TorClient, address: string, pace: number, stop: AbortSignal): Promise<number> {
  let count = 0
  while (!stop.aborted) {
    const socket = tor.connect(address, { isolation: Symbol(), signal: stop })
    socket.opened.then(
      () => socket.close(),
      () => undefined,
    ) // whether a flood is served is no matter
    count += 1
    await pause(pace)
  }
  return count
}

/** A transport whose links take nothing more while it is shut. */
function gated(): { readonly transport: Transport; shut(): void; open(): void } {
  let gate = Promise.resolve()
  let open = (): void => undefined
  const through = (writable: WritableStream<Uint8Array>): WritableStream<Uint8Array> => {
    const writer = writable.getWriter()
    return new WritableStream({
      write: async (bytes) => {
        await gate
        await writer.write(bytes)
      },
      close: () => writer.close(),
      abort: (reason) => writer.abort(reason),
    })
  }
  return {
    transport: {
      async connect(address, options) {
        const link = await tap.connect(address, options)
        return { ...link, readable: link.readable, writable: through(link.writable) }
      },
    },
    shut: () => void (gate = new Promise((resolve) => (open = resolve))),
    open: () => open(),
  }
}

/**
 * A tor client makes a proof for a service of ours. For a crowd to wait the service meets nobody for a while, as its links take
 * nothing; and its mark is when we say.
 */
async function torClientToOurs(): Promise<void> {
  let mark: (() => void) | undefined
  const clock: Clock = {
    ...systemClock,
    background(delay, callback) {
      if (delay !== EFFORT_PERIOD || mark !== undefined)
        return systemClock.background?.(delay, callback) ?? (() => undefined)
      mark = callback
      return () => undefined
    },
  }
  const { transport, shut, open: reopen } = gated()
  await using tor = await open({ clock, transport })
  await using service = await tor.serve({ ports: [80], pow: true })
  await service.published
  void answerAll(service.incoming)
  await using crowd = await open({ pow: false })
  const enough = new AbortController()
  shut()
  setTimeout(() => enough.abort(), 15_000)
  const count = await flood(crowd, `${service.hostname}:80`, 60, enough.signal)
  mark?.()
  reopen()
  said(`a flood of ${count} at our service is over`)
  await pause(5000) // the new descriptor goes out
  const client = await network.startClient('worker', { lines: ['Log [rend]debug stdout'] })
  let answer = ''
  await until('an answer of our service', AbortSignal.timeout(60_000), async () => {
    const bytes = await socksGet(client.socksPort, service.hostname, 80, '/', 30_000).catch(() => undefined)
    answer = bytes === undefined ? '' : Buffer.from(bytes).toString('latin1')
    return bytes !== undefined
  })
  said(`a tor client had from our service: ${answer.split('\r\n')[0]}`)
  for (const line of client.log().split('\n'))
    if (/pow|proof|effort|equix/i.test(line)) console.log(`  tor client: ${line}`)
  await client.stop()
}

/** A client of ours makes a proof for a tor service. */
async function oursToTorService(): Promise<void> {
  const lines = [
    ...RENDEZVOUS_LOG,
    'HiddenServicePoWDefensesEnabled 1',
    'HiddenServicePoWQueueRate 1',
    'HiddenServicePoWQueueBurst 1',
  ]
  const began = Date.now()
  const service = await network.startService('defended', { lines })
  const address = `${service.onion}:80`
  await using tor = await open()
  said(`a tor service that may ask for work answers ${(await get(tor.connect(address), '/')).status}`)
  await pause(Math.max(0, began + 270_000 - Date.now()))
  await using crowd = await open({ pow: false })
  const enough = new AbortController()
  setTimeout(() => enough.abort(), 45_000)
  said(`a flood of ${await flood(crowd, address, 300, enough.signal)} at the tor service is over`)
  await pause(10_000)
  const efforts: number[] = []
  await using worker = await open({
    pow: {
      solve: async (puzzle, signal) => {
        efforts.push(puzzle.effort)
        return await solvePuzzle(puzzle, { signal })
      },
    },
  })
  const started = performance.now()
  const { status } = await get(worker.connect(address), '/')
  const took = Math.round(performance.now() - started)
  said(
    `the tor service answered ${status} in ${took} ms, after proofs of these efforts: ${efforts.join(', ') || 'none'}`,
  )
  for (const line of service.log().split('\n').slice(-4000))
    if (/pow|proof|effort|equix/i.test(line)) console.log(`  tor service: ${line}`)
}

try {
  const direction = process.argv[2]
  if (direction !== 'service') await torClientToOurs()
  if (direction !== 'client') await oursToTorService()
} finally {
  await network.stop()
}
