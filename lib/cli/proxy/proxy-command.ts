/**
 * `tor-streams proxy`.
 *
 * @module
 */
import { systemClock, type Clock } from '../../base/waiting/clock.ts'
import { SocketError } from '../../base/errors.ts'
import type { TorClient } from '../../client/tor-client.ts'
import { listenSocks, type SocksListener } from '../../node/listen-socks.ts'
import { Log } from '../log/log.ts'
import { LogView } from '../log/log-view.ts'
import { chosenExits, type ChosenExits } from '../network/exit-choice.ts'
import { openNetwork, type OpenNetwork } from '../network/network.ts'
import type { Places, ProxyView } from '../screen/proxy-view.ts'
import { ScreenView } from '../screen/screen-view.ts'
import { announce, type Terminal } from '../terminal/terminal.ts'
import type { ProxyCommand } from '../usage/usage.ts'
import { openPatiently } from './open-patiently.ts'

/** Exit codes: interrupted; and ended by a key for it. */
const INTERRUPTED = 130
const DONE = 0

const NEW_IDENTITY = 'New identity: what begins now shares no circuit with what was before'
const TOO_EARLY = 'There is nothing to change yet: the first identity has not been used'

/**
 * Serves until interrupted. Its ports are taken first, so that a port that is not free is told at once; until there is a
 * client, whoever comes is told that the network cannot be reached.
 *
 * @returns the exit code
 * @throws what listening fails with; what does not pass by waiting for a network
 */
export async function proxyCommand(command: ProxyCommand, terminal: Terminal): Promise<number> {
  const running = new RunningProxy(command, terminal, await chosenExits(command.exits))
  try {
    await running.listen()
    return await running.serve()
  } catch (error) {
    if (running.isWantedEnd) return running.code
    throw error
  } finally {
    await running.close()
  }
}

class RunningProxy {
  readonly #command: ProxyCommand
  readonly #terminal: Terminal
  readonly #exits: ChosenExits
  readonly #clock: Clock
  /** Aborts when the user wants the end, by a signal or by a key. */
  readonly #end = new AbortController()
  readonly #signal: AbortSignal
  readonly #listeners: (readonly [what: string, listener: SocksListener])[] = []
  readonly #closing: (() => unknown)[] = []
  /** The exit code once its end is wanted. */
  code: number = INTERRUPTED
  #view: ProxyView | undefined
  #network: OpenNetwork | undefined

  constructor(command: ProxyCommand, terminal: Terminal, exits: ChosenExits) {
    this.#command = command
    this.#exits = exits
    this.#terminal = terminal
    this.#clock = terminal.clock ?? systemClock
    this.#signal = AbortSignal.any([terminal.signal, this.#end.signal])
  }

  /** True once the user wants the end, whatever that breaks off. */
  get isWantedEnd(): boolean {
    return this.#signal.aborted
  }

  /** Takes the ports. Clients of one share no circuit with those of the other, as C tor has it by default. */
  async listen(): Promise<void> {
    const { socks, http } = this.#command
    const wanted: readonly (readonly [port: number | undefined, what: string])[] =
      socks === http && socks !== 0
        ? [[socks, 'SOCKS and HTTP']]
        : [
            [socks, 'SOCKS'],
            [http, 'HTTP'],
          ]
    for (const [port, what] of wanted) {
      if (port === undefined) continue
      let view: TorClient | undefined
      const client = (): TorClient => (view ??= this.#client().isolated())
      const listener = await listenSocks({
        connect: (address, options) => client().connect(address, { ...options, ...this.#exits.choice }),
        resolve: async (name, options) => await client().resolve(name, { ...options, ...this.#exits.choice }),
        port,
        http: what !== 'SOCKS',
        onWarning: ({ message }) => this.#view?.notice(message),
        signal: this.#signal,
      }).catch((error: unknown) => {
        throw portError(error, port, what === 'HTTP' ? '--http' : '--socks')
      })
      this.#listeners.push([what, listener])
    }
  }

  async serve(): Promise<number> {
    const { stdout, events, drawing } = this.#terminal
    const { dashboard, network } = this.#command
    const isScreen = this.#isScreen
    const ports = this.#listeners.map(([what, { port }]) => `${what} ${port}`)
    const places: Places = { ports, dashboard: undefined }
    const view = (this.#view = isScreen ? this.#screen(places) : this.#log())
    if (events !== undefined) this.#closing.push(events.onIdentity(() => this.#renew()))
    const { tor } = (this.#network = await openPatiently(
      () =>
        openNetwork(network, {
          ...this.#exits.options,
          signal: this.#signal,
          onProgress: (status) => {
            if (status.phase !== 'closed' && this.#network === undefined) view.status(status)
          },
        }),
      { clock: this.#clock, signal: this.#signal, waits: (sentence) => view.waits(sentence) },
    ))
    if (dashboard !== undefined && drawing !== undefined) {
      const { listenDashboard } = await import('./dashboard-server.ts')
      const watched = { watch: tor.watch.bind(tor), newIdentity: () => this.#renew() }
      const server = await listenDashboard(watched, dashboard, drawing)
      this.#closing.push(() => server.close())
      places.dashboard = server.url
    }
    const watched = view.follow(tor)
    if (!isScreen) {
      for (const [what, { address, port }] of this.#listeners) await announce(stdout, `${what} on ${address}:${port}`)
      if (places.dashboard !== undefined) await announce(stdout, `Dashboard on ${places.dashboard}`)
    }
    await new Promise<void>((resolve) => {
      if (this.#signal.aborted) resolve()
      this.#signal.addEventListener('abort', () => resolve())
    })
    await this.close()
    await watched
    return this.code
  }

  /** Closes what there is. Idempotent. */
  async close(): Promise<void> {
    this.#view?.end()
    await Promise.all([
      ...this.#listeners.splice(0).map(([, each]) => each.close()),
      ...this.#closing.splice(0).map((each) => each()),
    ])
    await this.#network?.close()
  }

  get #isScreen(): boolean {
    const { stdout, stderr, stdin, environment = {}, events } = this.#terminal
    const { quiet, log } = this.#command
    if (quiet || log !== undefined || environment['TERM'] === 'dumb') return false
    return stdout.isTTY === true && stderr.isTTY === true && stdin?.isTTY === true && events?.isForeground !== false
  }

  #screen(places: Places): ScreenView {
    const { stdout, stdin, events, environment = {} } = this.#terminal
    return new ScreenView({
      output: stdout,
      input: stdin,
      events,
      // https://no-color.org: whatever it says, as long as it says something.
      isColoured: (environment['NO_COLOR'] ?? '') === '',
      places,
      clock: this.#clock,
      onIdentity: () => this.#renew(),
      onQuit: (isInterrupt) => {
        if (!isInterrupt) this.code = DONE
        this.#end.abort()
      },
    })
  }

  #log(): LogView {
    const { quiet, log = 'notice' } = this.#command
    return new LogView(new Log(this.#terminal.stderr, this.#clock, quiet ? 'error' : log), this.#clock)
  }

  #renew(): void {
    this.#network?.tor.newIdentity()
    this.#view?.notice(this.#network === undefined ? TOO_EARLY : NEW_IDENTITY)
  }

  /** @throws SocketError `LINK_UNREACHABLE` while there is none */
  #client(): TorClient {
    if (this.#network === undefined) throw new SocketError('LINK_UNREACHABLE', 'the proxy is not ready yet')
    return this.#network.tor
  }
}

/** What is in the way of listening, as a sentence. */
function portError(error: unknown, port: number, option: string): unknown {
  const { code } = error as { readonly code?: unknown }
  if (code === 'EADDRINUSE')
    return new Error(
      `port ${port} is taken: another program listens there, perhaps tor. ${option} PORT chooses another`,
    )
  if (code === 'EACCES')
    return new Error(`port ${port} is not for this user. ${option} PORT chooses another, from 1024 on`)
  return error
}
