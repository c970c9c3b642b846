/**
 * The fronts against the tor client's SOCKS port, over one private network of real tor: curl through either, and
 * `tor.fetch` against curl through tor.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { TorNetwork } from '../tor/support/network.ts'
import { alternate, type Comparison, type Metric } from './compare.ts'
import { Worker } from './worker.ts'

/** What fronts.worker.ts is told. It answers with its SOCKS port, or with seconds. */
export type FrontOrder =
  | { readonly kind: 'open'; readonly authorities: string }
  | { readonly kind: 'fetch'; readonly url: string; readonly count: number; readonly reuse: boolean }

const REQUESTS = 100
const TURNS = 5

/**
 * Runs curl through a SOCKS port; resolves with the seconds from its start to its end. Every name is resolved by the
 * exit.
 */
async function curl(socksPort: number, args: readonly string[]): Promise<number> {
  const began = performance.now()
  const common = [
    '--silent',
    '--show-error',
    '--fail',
    '--socks5-hostname',
    `127.0.0.1:${socksPort}`,
    '--output',
    '/dev/null',
  ]
  const child = spawn('curl', [...common, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`curl ended with ${code}`)
  return (performance.now() - began) / 1000
}

/** `count` requests of one curl, each with the output that goes with it. */
const requests = (url: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => (index === 0 ? [url] : ['--output', '/dev/null', url])).flat()

/**
 * Compares the fronts, with a download of `length` bytes.
 *
 * @param programs the folder of the workers
 */
export async function compareFronts(length: number, programs: URL): Promise<Comparison[]> {
  const network = await TorNetwork.start({ fast: true, params: ['cfx_enabled=0'], client: true })
  const worker = new Worker<FrontOrder, number>(new URL('fronts.worker.js', programs), network.environment)
  try {
    const { client } = network
    if (client === undefined) throw new Error('the network has no client')
    const theirs = client.socksPort
    const ours = await worker.obey({ kind: 'open', authorities: network.dirAuthorityLines })
    const url = `http://target.test:${network.httpPort}/`
    const perSecond = (seconds: number, count: number): readonly number[] => [count / seconds]

    const results: Comparison[] = []
    for (const reuse of [true, false]) {
      const connections = reuse ? 'one connection' : 'new connections'
      const args = [...(reuse ? [] : ['--header', 'Connection: close']), ...requests(url, REQUESTS)]
      const metric = (name: string): Metric => ({
        name: `${name}, ${REQUESTS} requests, ${connections}`,
        unit: '1/s',
        better: 'more',
      })
      const throughTor = async (): Promise<readonly number[]> => perSecond(await curl(theirs, args), REQUESTS)
      const throughOurs = async (): Promise<readonly number[]> => perSecond(await curl(ours, args), REQUESTS)
      const fetched = async (): Promise<readonly number[]> =>
        perSecond(await worker.obey({ kind: 'fetch', url, count: REQUESTS, reuse }), REQUESTS)
      for (const warmUp of [throughOurs, throughTor, fetched]) await warmUp()
      results.push(...(await alternate([metric('curl by SOCKS')], 'tor', TURNS, throughOurs, throughTor)))
      results.push(...(await alternate([metric('tor.fetch')], 'curl, tor', TURNS, fetched, throughTor)))
    }
    const download = [`${url}${length}`]
    const metric: Metric = { name: 'curl by SOCKS, MB/s down', unit: 'MB/s', better: 'more' }
    const megabytes = length / 1e6
    for (const port of [ours, theirs]) await curl(port, download)
    results.push(
      ...(await alternate(
        [metric],
        'tor',
        TURNS,
        async () => perSecond(await curl(ours, download), megabytes),
        async () => perSecond(await curl(theirs, download), megabytes),
      )),
    )
    return results
  } finally {
    await worker.stop()
    await network.stop()
  }
}
