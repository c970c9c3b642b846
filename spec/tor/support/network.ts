/**
 * A private network of real tor on 127.0.0.1, for specs and benchmarks: relays, if wanted directory authorities and a
 * tor client, an HTTP server for streams to end at, and a DNS server that the exits ask.
 *
 * Circuits need no directory: a relay extends to whatever address and identity it is told. So a network without an
 * authority is ready in a second or two; one with a consensus takes several more.
 *
 * @module
 */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseProtocols } from '../../../lib/directory/protocols.ts'
import type { Relay } from '../../../lib/relay.ts'
import { findProgram } from '../../support/programs.ts'
import { firstConsensus } from './consensus.ts'
import type { RunningRelay, Voting } from './consensus.ts'
import { TorFixture } from './tor-fixture.ts'
import { readRelayKeys, writeAuthorityKeys, writeRelayIdentity } from './keys.ts'
import { fastEnvironment, fastLines } from './nodelay.ts'
import { until } from './poll.ts'
import { compiled } from './preload.ts'
import { freePorts } from './ports.ts'
import type { TorProcess } from './process.ts'
import { socksGet } from './socks-get.ts'
import {
  clientTorrc,
  descriptorBuilt,
  directoryLines,
  hasDirectory,
  keyDirectory,
  relayTorrc,
  serviceTorrc,
} from './torrc.ts'
import type { NetworkPlan, RelayPlan } from './torrc.ts'

/** What a network consists of. */
export interface TorNetworkOptions {
  /**
   * How many directory authorities, which are relays too, but no exits. Without one there is no consensus.
   *
   * @default 0; 1 when there are `params` or a `client`
   */
  readonly authorities?: number
  /**
   * How many relays beside the authorities.
   *
   * @default 3
   */
  readonly relays?: number
  /**
   * How many of the relays are exits.
   *
   * @default 2
   */
  readonly exits?: number
  /** Parameters of the consensus, each `name=value`, such as `cc_alg=0`. They need an authority. */
  readonly params?: readonly string[]
  /** How often the authorities vote; one consensus lasts for hours by default. */
  readonly voting?: Voting
  /** Relays that are bound by the CPU only; needs gcc. */
  readonly fast?: boolean
  /** The relays note what clients show them, in files whose paths begin so (wire-view.ts reads them); needs gcc. */
  readonly wireOut?: string
  /** A tor client as well. It needs an authority. */
  readonly client?: boolean
  /** Lines for the torrc of every relay. */
  readonly relayOptions?: readonly string[]
  /** Lines for the torrc of every exit. */
  readonly exitOptions?: readonly string[]
  /**
   * Lines for the torrc of the first exit alone, which come before those of every exit: its `ExitPolicy` has
   * precedence.
   */
  readonly firstExitOptions?: readonly string[]
  /** Lines for the torrc of the client. */
  readonly clientOptions?: readonly string[]
  /**
   * Called with the OR ports of all relays before they start; resolves with the ports that are to be told of instead,
   * in the same order: whoever listens there stands between the hops.
   */
  readonly standBefore?: (ports: readonly number[]) => Promise<readonly number[]>
  /**
   * How long the start may take, in milliseconds.
   *
   * @default 60000
   */
  readonly timeout?: number
}

/** A relay of the network. */
export interface NetworkRelay {
  readonly nickname: string
  readonly isAuthority: boolean
  readonly isExit: boolean
  /** What a client needs to know of it. */
  readonly relay: Relay
  readonly pid: number
  /** What it has logged so far. */
  log(): string
  /** Ends it without a warning, as a crash would. Resolves when it is gone. */
  kill(): Promise<void>
}

/** The network's tor client. */
export interface NetworkClient {
  readonly socksPort: number
  readonly pid: number
  /** What it has logged so far. */
  log(): string
}

/** A tor with an onion service. */
export interface OnionServiceProcess {
  /** `<56 letters>.onion`. */
  readonly onion: string
  /** The addresses of all its services, the first one's first. */
  readonly onions: readonly string[]
  readonly pid: number
  /** What it has logged so far. */
  log(): string
  /** Ends it without a warning. Resolves when it is gone. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** How often a service has brought a descriptor to a directory: each of its two is at a few of them. */
const uploads = (log: string): number => log.split('Uploaded hidden service descriptor (status 200').length - 1

/** What relays of tor 0.4.9 say of themselves that a circuit asks about; without a consensus nobody else tells it. */
export const torProtocols = 'FlowCtrl=1-2 Relay=2-6'

/** How often ports are picked anew because somebody else took one in between. */
const attempts = 5

/** A running network. */
export class TorNetwork {
  /** The authorities, then the other relays: exits first. */
  readonly relays: readonly NetworkRelay[]
  /** The tor client, if one was asked for. */
  readonly client: NetworkClient | undefined
  /** The port on 127.0.0.1 of the HttpTarget of http-target.ts. */
  readonly httpPort: number
  /** The UDP port on 127.0.0.1 of the DnsServer of dns.ts. */
  readonly dnsPort: number
  /** What a client must know of it: tor's `DirAuthority` lines. */
  readonly dirAuthorityLines: string
  readonly #fixture: TorFixture
  readonly #plan: NetworkPlan
  /** What its programs run with: what is measured against them needs the same. */
  readonly environment: NodeJS.ProcessEnv

  /**
   * Starts a network and resolves when circuits through it work and, with a client, the client's first request was
   * answered. Rejects when tor is not installed, or not ready in time; then nothing is left running.
   */
  static async start(options: TorNetworkOptions = {}): Promise<TorNetwork> {
    const { params = [], client = false, relays = 3, exits = 2 } = options
    const { authorities = params.length > 0 || client ? 1 : 0 } = options
    for (const program of ['tor', 'tor-gencert'] as const) {
      if (findProgram(program) === undefined) throw new Error(`${program} is not installed`)
    }
    if (exits > relays) throw new RangeError(`exits must be at most relays, which is ${relays}: got ${exits}`)
    if (authorities === 0 && (params.length > 0 || client)) {
      throw new RangeError('authorities must be at least 1 for params or a client')
    }
    for (let attempt = 1; ; attempt++) {
      const fixture = await TorFixture.start()
      try {
        return await launch(fixture, { ...options, authorities, relays, exits, params, client })
      } catch (error) {
        await fixture.stop()
        if (attempt === attempts || !fixture.lostPort()) throw error
      }
    }
  }

  /** Use {@link TorNetwork.start}. */
  constructor(
    fixture: TorFixture,
    plan: NetworkPlan,
    relays: readonly NetworkRelay[],
    client: NetworkClient | undefined,
    environment: NodeJS.ProcessEnv,
  ) {
    this.#plan = plan
    this.environment = environment
    this.dirAuthorityLines = directoryLines(plan).join('\n')
    this.relays = relays
    this.client = client
    this.httpPort = fixture.http.port
    this.dnsPort = fixture.dns.port
    this.#fixture = fixture
  }

  /** A path of three distinct relays: guard, middle, exit. The first two are no exits where there are enough others. */
  path(): [Relay, Relay, Relay] {
    const exit = this.relays.findLast(({ isExit }) => isExit)
    if (exit === undefined) throw new Error('the network has no exit')
    const [guard, middle] = this.relays
      .filter((relay) => relay !== exit)
      .sort((a, b) => Number(a.isExit) - Number(b.isExit))
    if (guard === undefined || middle === undefined) throw new Error('the network has fewer than three relays')
    return [guard.relay, middle.relay, exit.relay]
  }

  /**
   * Starts one more tor client, and does not wait for it: it listens for SOCKS before it can serve. The same name gives
   * it what the last one of that name kept.
   *
   * @param options.authPrivate - the key of a client of an onion service, as a file of its `ClientOnionAuthDir`
   * @param options.lines - further lines for its torrc
   * @param options.kept - by name, files that it finds as if an earlier run had kept them
   */
  async startClient(
    name: string,
    {
      authPrivate,
      lines: more = [],
      kept = {},
    }: {
      readonly authPrivate?: string
      readonly lines?: readonly string[]
      readonly kept?: Readonly<Record<string, string>>
    } = {},
  ): Promise<{ readonly socksPort: number; log(): string; stop(): Promise<void> }> {
    const directory = await this.#fixture.makeDirectory(name)
    for (const [file, text] of Object.entries(kept)) await writeFile(join(directory, file), text)
    const [socksPort = 0] = await freePorts(1)
    const keys = join(directory, 'onion-auth')
    if (authPrivate !== undefined) {
      await mkdir(keys, { mode: 0o700 })
      await writeFile(join(keys, 'client.auth_private'), authPrivate)
    }
    const lines = [...(authPrivate === undefined ? [] : [`ClientOnionAuthDir ${keys}`]), ...more]
    const torrc = clientTorrc(this.#plan, directory, socksPort, lines)
    const process = await this.#fixture.startTor(name, directory, torrc, this.environment)
    return { socksPort, log: () => process.log(), stop: () => process.stop() }
  }

  /**
   * Starts a tor that offers an onion service, whose port 80 is the HttpTarget of http-target.ts. It resolves when its
   * descriptor is where clients look for it. The relays must have been told to vote for HSDir flags.
   *
   * @param options.lines - further lines for its torrc
   * @param options.clients - public keys of the clients that may discover it, in base32; everybody without any
   * @param options.count - how many services it offers; one by default
   * @param options.directories - how many relays keep each of its descriptors; four at least by default
   */
  async startService(
    name: string,
    options: {
      readonly lines?: readonly string[]
      readonly clients?: readonly string[]
      readonly count?: number
      readonly directories?: number
    } = {},
  ): Promise<OnionServiceProcess> {
    const { lines = [], clients = [], count = 1 } = options
    const directory = await this.#fixture.makeDirectory(name)
    const services = Array.from({ length: count }, (_, index) => join(directory, `service${index}`))
    for (const service of services) {
      await mkdir(join(service, 'authorized_clients'), { recursive: true, mode: 0o700 })
      await chmod(service, 0o700)
      for (const [index, key] of clients.entries())
        await writeFile(join(service, 'authorized_clients', `client${index}.auth`), `descriptor:x25519:${key}\n`)
    }
    const torrc = serviceTorrc(this.#plan, directory, services, this.httpPort, lines)
    const process = await this.#fixture.startTor(name, directory, torrc, this.environment)
    // Two descriptors of each, at as many directories as there are: one service is found with fewer.
    const { directories = count === 1 ? 4 : Math.min(8, this.relays.length) } = options
    const enough = 2 * count * directories
    await until('the descriptors of the service', AbortSignal.timeout(60_000), () => uploads(process.log()) >= enough)
    const onions = await Promise.all(services.map((each) => readFile(join(each, 'hostname'), 'utf8')))
    return {
      onions: onions.map((onion) => onion.trim()),
      onion: (onions[0] as string).trim(),
      pid: process.pid,
      log: () => process.log(),
      kill: () => process.kill(),
      stop: () => process.stop(),
    }
  }

  /** Ends every process and removes every file of the network. May be called more than once. */
  async stop(): Promise<void> {
    await this.#fixture.stop()
  }
}

/** The options, with the defaults filled in that others depend on. */
type Settled = TorNetworkOptions &
  Required<Pick<TorNetworkOptions, 'authorities' | 'relays' | 'exits' | 'params' | 'client'>>

async function launch(fixture: TorFixture, options: Settled): Promise<TorNetwork> {
  const failed = new AbortController()
  const signal = AbortSignal.any([failed.signal, AbortSignal.timeout(options.timeout ?? 60_000)])
  const { wireOut } = options
  const environment =
    wireOut === undefined
      ? options.fast === true
        ? await fastEnvironment(fixture.directory)
        : {}
      : { LD_PRELOAD: await compiled(fixture.directory, 'wire-hook'), WIRE_OUT: wireOut }
  const network = await plan(fixture, options)

  const start = async (nickname: string, directory: string, torrc: string): Promise<TorProcess> => {
    const process = await fixture.startTor(nickname, directory, torrc, environment)
    void process.exited.then((how) => failed.abort(new Error(`${how}\n${process.log().slice(-2000)}`)))
    return process
  }
  const running: RunningRelay[] = []
  for (const relay of network.relays) {
    running.push({ plan: relay, process: await start(relay.nickname, relay.directory, relayTorrc(network, relay)) })
  }
  if (hasDirectory(network))
    await firstConsensus(running, (relay, firstVote) => relayTorrc(network, relay, firstVote), signal)
  const relays = await Promise.all(running.map((relay) => networkRelay(relay, signal)))

  let client: NetworkClient | undefined
  if (options.client) {
    const directory = await fixture.makeDirectory('client')
    const [socksPort = 0] = await freePorts(1)
    const process = await start(
      'client',
      directory,
      clientTorrc(network, directory, socksPort, options.clientOptions ?? []),
    )
    await until('the client', signal, () => process.log().includes('Bootstrapped 100%'))
    await until('a request through the client', signal, () =>
      socksGet(socksPort, 'target.test', fixture.http.port, '/', 10_000).then(
        () => true,
        // Its first circuits may fail; it is asked again.
        () => false,
      ),
    )
    client = { socksPort, pid: process.pid, log: () => process.log() }
  }
  return new TorNetwork(fixture, network, relays, client, wireOut === undefined ? environment : {})
}

/** Picks ports, makes directories and identities. */
async function plan(fixture: TorFixture, options: Settled): Promise<NetworkPlan> {
  const count = options.authorities + options.relays
  const ports = await freePorts(count + options.authorities)
  const orPorts = ports.slice(0, count)
  const advertised = (await options.standBefore?.(orPorts)) ?? orPorts
  const relays = Array.from({ length: count }, async (_, index): Promise<RelayPlan> => {
    const isAuthority = index < options.authorities
    const nickname = isAuthority ? `authority${index}` : `relay${index - options.authorities}`
    const directory = await fixture.makeDirectory(nickname)
    const keys = keyDirectory(directory)
    await mkdir(keys, { mode: 0o700 })
    const dirPort = ports[count + index] ?? 0
    const [rsaIdentity, identity] = await Promise.all([
      writeRelayIdentity(keys),
      isAuthority ? writeAuthorityKeys(keys, dirPort) : undefined,
    ])
    return {
      nickname,
      directory,
      orPort: orPorts[index] ?? 0,
      advertisedPort: advertised[index] ?? 0,
      isExit: !isAuthority && index < options.authorities + options.exits,
      lines: index === options.authorities && options.exits > 0 ? (options.firstExitOptions ?? []) : [],
      rsaIdentity,
      authority: identity === undefined ? undefined : { dirPort, identity },
    }
  })
  const resolvConf = join(fixture.directory, 'resolv.conf')
  await writeFile(resolvConf, `nameserver 127.0.0.1:${fixture.dns.port}\n`)
  return {
    relays: await Promise.all(relays),
    resolvConf,
    params: options.params,
    voting: options.voting,
    commonLines: options.fast === true ? fastLines : [],
    relayLines: options.relayOptions ?? [],
    exitLines: options.exitOptions ?? [],
  }
}

/**
 * Waits until a relay is ready for circuits and streams. An authority is known to be when it has everybody's
 * descriptor; it builds its own at another time than others.
 */
async function networkRelay({ plan, process }: RunningRelay, signal: AbortSignal): Promise<NetworkRelay> {
  const { nickname, advertisedPort, isExit, rsaIdentity } = plan
  if (plan.authority === undefined)
    await until(`the descriptor of ${nickname}`, signal, () => descriptorBuilt(process.log()))
  const keys = await readRelayKeys(keyDirectory(plan.directory))
  return {
    nickname,
    isExit,
    isAuthority: plan.authority !== undefined,
    relay: {
      addresses: [{ hostname: '127.0.0.1', port: advertisedPort }],
      rsaIdentity,
      ...keys,
      protocols: parseProtocols(torProtocols),
    },
    pid: process.pid,
    log: () => process.log(),
    kill: () => process.kill(),
  }
}
