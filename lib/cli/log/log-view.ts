/**
 * What the proxy does, told by lines: what is new, and once a minute how much there is. Where nobody sits at a terminal.
 *
 * @module
 */
import { startBackgroundTimer, type Clock } from '../../base/waiting/clock.ts'
import type { ClientStatus } from '../../client/bootstrap/status.ts'
import type { ClientEvent } from '../../client/watch/client-event.ts'
import { bytes } from '../../dashboard/format.ts'
import type { ProxyView, WatchedClient } from '../screen/proxy-view.ts'
import { BACK, LOST, Reachability } from '../screen/reachability.ts'
import type { Log } from './log.ts'

const MINUTE = 60_000

export class LogView implements ProxyView {
  readonly #log: Log
  readonly #clock: Clock
  readonly #reachability = new Reachability()
  readonly #told = new Set<string>()
  /** How circuits and streams were that have been told of. */
  readonly #states = new Map<string, string>()
  #message = ''
  #bytesIn = 0
  #bytesOut = 0
  #stopTimer: (() => void) | undefined

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  status({ message, phase, warnings }: ClientStatus): void {
    if (message !== this.#message && phase !== 'closed') this.#log.write(phase === 'ready' ? 'notice' : 'info', message)
    this.#message = message
    for (const warning of warnings) {
      if (!this.#told.has(warning)) this.#log.write('warn', warning)
      this.#told.add(warning)
    }
  }

  notice(sentence: string): void {
    this.#log.write('notice', sentence)
  }

  waits(sentence: string): void {
    this.#log.write('notice', sentence)
  }

  async follow(tor: WatchedClient): Promise<void> {
    this.#tick(tor)
    const reader = tor.watch({ interval: 1000 }).getReader()
    for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) this.#tell(value)
    this.end()
  }

  end(): void {
    this.#stopTimer?.()
    this.#stopTimer = undefined
  }

  #tick(tor: WatchedClient): void {
    this.#stopTimer = startBackgroundTimer(this.#clock, MINUTE, () => {
      const circuits = tor.circuits.filter(({ state }) => state === 'open' || state === 'retired')
      const streams = circuits.reduce((sum, circuit) => sum + circuit.streams.length, 0)
      const traffic = `${bytes(this.#bytesIn)} in, ${bytes(this.#bytesOut)} out in the last minute`
      this.#log.write('notice', `${counted(circuits.length, 'circuit')}, ${counted(streams, 'stream')}, ${traffic}`)
      this.#bytesIn = this.#bytesOut = 0
      this.#tick(tor)
    })
  }

  #tell(event: ClientEvent): void {
    const change = this.#reachability.apply(event)
    if (change === 'lost') this.#log.write('warn', LOST)
    if (change === 'back') this.#log.write('notice', BACK)
    switch (event.type) {
      case 'status':
        this.status(event.status)
        break
      case 'bandwidth':
        this.#bytesIn += event.bytesIn
        this.#bytesOut += event.bytesOut
        break
      case 'circuit': {
        const { id, state, purpose, path } = event.circuit
        if (!this.#isNew(`circuit ${id}`, state)) break
        const names = path.map(({ nickname, fingerprint }) => nickname ?? fingerprint.slice(0, 8)).join(' > ')
        const way = this.#log.writes('debug') ? ` through ${names}` : ''
        this.#log.write('info', `circuit ${id} for ${purpose} is ${state}${way}`)
        break
      }
      case 'stream': {
        const { id, state, circuit } = event.stream
        if (this.#isNew(`stream ${id}`, state))
          this.#log.write('debug', `stream ${id} is ${state}${circuit === undefined ? '' : ` on circuit ${circuit}`}`)
        break
      }
    }
  }

  /** True the first time that something is in this state; what is over is forgotten. */
  #isNew(what: string, state: string): boolean {
    if (this.#states.get(what) === state) return false
    if (state === 'closed') this.#states.delete(what)
    else this.#states.set(what, state)
    return true
  }
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
