/**
 * A program that uses the library and nothing else of its runtime: `program SCENARIO NETWORK`, the latter being JSON. It
 * prints what it sees, and ends when its runtime finds that there is nothing left to do.
 *
 * @module
 */
import process from 'node:process'
import { TorClient } from '../../../lib/client/tor-client.ts'
import { parseDirAuthorityLines } from '../../../lib/directory/network/dir-authority-lines.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { Transport } from '../../../lib/platform/links/transport.ts'
import { MemoryStorage } from '../../../lib/platform/storage/storage.ts'
import type { TlsNetwork } from './tls-network.ts'

/** How long what cannot come about is waited for, in ms. */
const TIMEOUT = 1500

/** How long a program that should be over is watched, in ms: shorter than most timers of the library. */
const PATIENCE = 5000

const { authorities, leaves } = JSON.parse(process.argv[3] ?? '{}') as Pick<TlsNetwork, 'authorities' | 'leaves'>
const network = { authorities: parseDirAuthorityLines(authorities), fallbacks: [], testing: true }
const storage = new MemoryStorage()
const breaker = new AbortController()

const transport: Transport = {
  async connect(address, options) {
    const { connect } = currentPlatform().transport as Transport
    // Nobody listens on port 1.
    const link = await connect(breaker.signal.aborted ? { ...address, port: 1 } : address, options)
    const leaf = atob(leaves[address.port] ?? '')
    return {
      readable: link.readable.pipeThrough(new TransformStream(), { signal: breaker.signal }),
      writable: link.writable,
      peerCertificate: Uint8Array.from(leaf, (letter) => letter.charCodeAt(0)),
    }
  },
}

/** Breaks every link. From now on all are refused. */
const cut = (): void => breaker.abort(new Error('cut'))

const open = (timeout = 60_000): Promise<TorClient> =>
  TorClient.open({ network, storage, transport, timeout, streamDefaults: { timeout: TIMEOUT } })

/** A timer that does not keep the process. */
function meanwhile(delay: number, callback: () => void): void {
  ;(setTimeout(callback, delay) as unknown as { unref(): void }).unref()
}

/** For a program that is done: it fails unless the process ends by itself. */
function expectToEnd(): void {
  meanwhile(PATIENCE, () => {
    console.log('the process stays')
    process.exit(9)
  })
}

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  async 'open, from nothing'() {
    cut()
    await open()
  },
  async 'open, with a directory'() {
    await (await open()).close()
    cut()
    await open(TIMEOUT)
  },
  async 'connect, to a host that is silent'() {
    const tor = await open()
    await tor.connect('silent.example:80').opened.finally(() => tor.close())
  },
  async 'connect, without a network'() {
    const tor = await open()
    cut()
    await tor.connect('example.com:80').opened.finally(() => tor.close())
  },
  async 'fetch, without a network'() {
    const tor = await open()
    cut()
    await tor.fetch('http://example.com/').finally(() => tor.close())
  },
  async 'resolve, without a network'() {
    const tor = await open()
    cut()
    await tor.resolve('example.com', { timeout: TIMEOUT }).finally(() => tor.close())
  },
  async 'close'() {
    const tor = await open()
    console.log(await (await tor.fetch('http://example.com/')).text())
    await tor.close()
    expectToEnd()
  },
  async 'idle, while its links are open'() {
    const tor = await open()
    console.log(await (await tor.fetch('http://example.com/')).text())
    meanwhile(TIMEOUT, () => {
      console.log('still here')
      void tor.close().then(expectToEnd)
    })
  },
  async 'idle, without a link'() {
    await open()
    cut()
    expectToEnd()
  },
}

/** The codes of an error and of what caused it. */
function codesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return []
  const { code, cause } = error as Error & { code?: string }
  return [code ?? error.name, ...codesOf(cause)]
}

async function run(): Promise<void> {
  try {
    await scenarios[process.argv[2] ?? '']?.()
    console.log('done')
  } catch (error) {
    console.log(`failed: ${codesOf(error).join(' ')}`)
    process.exitCode = 3
  }
}

/** Not awaited here: some runtimes stay for a module that waits, others end with an exit code of their own. */
export const finished: Promise<void> = run()
