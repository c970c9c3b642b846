/**
 * Days that pass: a network of real tor whose authorities vote every ten seconds, so that a period of onion services lasts four
 * minutes (24 votes), and new clients that connect all the while. Clients and services are of this library and of tor, in each
 * combination. Every connect is to succeed, on both sides of a boundary and at it. It takes five minutes, and is no spec:
 *
 * ```sh
 * node scripts/run.js spec/onion/periods-on-tor.ts [SECONDS]
 * ```
 *
 * @module
 */
import { TorClient } from '../../lib/client/tor-client.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { get } from '../tor/support/client.ts'
import { LinkTap } from '../tor/support/link-tap.ts'
import { TorNetwork } from '../tor/support/network.ts'
import { socksGet } from '../tor/support/socks-get.ts'
import { answerAll } from '../tor/support/stream-target.ts'

/** Seconds between votes, and for how many of them a consensus is valid. */
const VOTING = { interval: 10, valid: 4 }

/** A period, in minutes, and by how much the first one began later than 1970 (rend-spec-v3, "Time periods"). */
const PERIOD = (24 * VOTING.interval) / 60
const OFFSET = Math.floor((12 * VOTING.interval) / 60)

const seconds = Number(process.argv[2] ?? 290)
const period = (): number => Math.floor((Date.now() / 60_000 - OFFSET) / PERIOD)
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** An error and those behind it. */
const causesOf = (error: unknown): string =>
  error instanceof Error
    ? `${error.message}${error.cause === undefined ? '' : ` < ${causesOf(error.cause)}`}`
    : String(error)

const network = await TorNetwork.start({ authorities: 1, relays: 5, exits: 1, client: true, voting: VOTING })
try {
  const tap = new LinkTap()
  const open = (): Promise<TorClient> =>
    TorClient.open({
      network: { authorities: parseDirAuthorityLines(network.dirAuthorityLines), fallbacks: [], testing: true },
      transport: tap,
      storage: new MemoryStorage(),
      timeout: 30_000,
    })
  const theirs = await network.startService('periods')
  await using tor = await open()
  await using visitor = await open()
  await using service = await tor.serve({ ports: [80] })
  void answerAll(service.incoming)
  await service.published

  /** By the period in which they ended: how many succeeded, and what the others came to. */
  const outcomes = new Map<string, { succeeded: number; failed: string[] }>()
  const note = async (name: string, attempt: Promise<unknown>): Promise<void> => {
    const failure = await attempt.then(() => undefined, causesOf)
    const key = `period ${period()}, ${name}`
    const row = outcomes.get(key) ?? { succeeded: 0, failed: [] }
    if (failure === undefined) row.succeeded += 1
    else row.failed.push(`${new Date().toISOString().slice(11, 19)} ${failure}`)
    outcomes.set(key, row)
  }
  const ours = async (onion: string): Promise<void> => {
    const socket = visitor.connect(`${onion}:80`, { isolation: Symbol() })
    await get(socket, '/')
    await socket.close()
  }
  const socksPort = network.client?.socksPort ?? 0
  const began = period()
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    await note('our client, our service', ours(service.hostname))
    await note('our client, a tor service', ours(theirs.onion))
    await note('a tor client, our service', socksGet(socksPort, service.hostname, 80, '/', 30_000))
    await pause(500)
  }
  for (const [key, { succeeded, failed }] of outcomes)
    console.log(`${key}: ${succeeded} succeeded, ${failed.length} failed`, ...failed)
  const failures = [...outcomes.values()].flatMap(({ failed }) => failed)
  console.log(`${period() - began} boundaries, ${failures.length} failures; the service is ${service.status.phase}`)
  if (failures.length > 0 || period() === began) process.exitCode = 1
} finally {
  await network.stop()
}
