/**
 * Agents for node:http and node:https, and for every library that takes one.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as http from 'node:http'
import type * as https from 'node:https'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import { checkOptions, type OptionNames } from '../base/checks.ts'
import { builtinModule } from '../platform/runtime/builtin.ts'
import { asError } from '../platform/tls/pair-duplex.ts'
import { addressOf, checkConnect, type NodeConnect, type NodeSocketSource } from './connect.ts'
import { socketFailure } from './socket-failure.ts'
import { AGENT_OPTION_NAMES } from './node-option-names.ts'
import { Probes, refuseWhereIgnored, type ProvableHook, type SendProbe } from './proof.ts'
import { tlsOver } from './tls-duplex.ts'
import { toDuplex } from './to-duplex.ts'

const HttpAgent: typeof http.Agent = builtinModule<typeof http>('node:http').Agent
const HttpsAgent: typeof https.Agent = builtinModule<typeof https>('node:https').Agent

/**
 * Options of {@link TorAgent}: those of `https.Agent`, with `keepAlive` on by default, and where connections come from.
 * Those that choose an address of this machine, or another way to the server, have no effect. A token or a condition
 * goes with `connect`: `(address) => tor.connect(address, { isolation })`.
 */
export interface TorAgentOptions extends https.AgentOptions {
  /** Opens the streams. There is no other way out. */
  readonly connect: NodeConnect
  /** @internal A proof follows before anybody gets the agents. */
  readonly proofFollows?: boolean | undefined
}

const TOR_AGENT_OPTION_NAMES: OptionNames<TorAgentOptions> = {
  ...AGENT_OPTION_NAMES,
  connect: true,
  proofFollows: true,
}

/** What node:http asks of an agent, and how it is answered. */
type AgentRequest = https.RequestOptions
type Callback = (error: Error | null, stream: Duplex) => void

/** Where an agent's connections come from, and which of them nothing new should use. */
interface Connections<Protocol extends 'http:' | 'https:'> {
  open(request: AgentRequest, protocol: Protocol): Duplex
  isOutdated(connection: Duplex): boolean
}

/**
 * An agent for `http:` and one for `https:`, whose connections are streams of `connect`, with keep-alive. TLS checks
 * the server's certificate; options that would turn this off have no effect.
 *
 * ```ts
 * const agent = new TorAgent({ connect: tor.connect })
 * https.get('https://example.com/', { agent: agent.https }, (response) => { ... })
 * await got('https://example.com/', { agent })
 * await axios.get('https://example.com/', { httpAgent: agent.http, httpsAgent: agent.https, proxy: false })
 * await guardedFetch(nodeFetch, { agent: agent.forUrl }, agent)('https://example.com/')
 * ```
 *
 * As always with node:https, a response that has no length and no chunks ends where its connection does, even without
 * TLS's own end: `createFetch()` tells that from an end.
 *
 * In Bun some libraries are replaced by ones that ignore an agent, so there it is made by {@link provenAgent} only.
 * Elsewhere {@link TorAgent.prove} shows whether a library uses it.
 */
export class TorAgent implements ProvableHook {
  /** For `http:`. */
  readonly http: http.Agent
  /** For `https:`. */
  readonly https: https.Agent
  readonly #probes = new Probes()
  /** What each connection is made of. */
  readonly #sources = new WeakMap<Duplex, NodeSocketSource>()

  /**
   * @throws TypeError naming the option; in Bun always
   */
  constructor(options: TorAgentOptions) {
    checkOptions(options, TOR_AGENT_OPTION_NAMES)
    const { connect, proofFollows, ...rest } = options
    checkConnect(connect)
    if (proofFollows !== true)
      refuseWhereIgnored(['bun'], 'a TorAgent', 'provenAgent(), createFetch(), or the proxy fronts')
    const settings = { keepAlive: true, ...rest }
    // By these node:http would connect elsewhere than to the server.
    for (const name of ['proxyEnv', 'socketPath']) delete (settings as Record<string, unknown>)[name]
    const connections = {
      open: (request: AgentRequest, protocol: 'http:' | 'https:') => this.#open(connect, request, protocol),
      isOutdated: (connection: Duplex) => this.#sources.get(connection)?.outdated === true,
    }
    this.http = new PlainAgent(settings, connections)
    this.https = new SecureAgent(settings, connections)
  }

  /** A function that gives the agent for a URL: what node-fetch takes as `agent`. */
  get forUrl(): (url: { readonly protocol: string }) => http.Agent {
    return ({ protocol }) => (protocol === 'https:' ? this.https : this.http)
  }

  /**
   * Proves that `send(url)` asks these agents for its connection, for `http:` and for `https:`.
   *
   * ```ts
   * await agent.prove((url) => axios.get(url, { httpAgent: agent.http, httpsAgent: agent.https, proxy: false }))
   * ```
   *
   * @throws TorError `HOOK_IGNORED` when it does not
   */
  prove(send: SendProbe): Promise<void> {
    return this.#probes.prove(send)
  }

  /** Closes every connection, those in use included. */
  destroy(): void {
    this.http.destroy()
    this.https.destroy()
  }

  #open(connect: NodeConnect, request: AgentRequest, protocol: 'http:' | 'https:'): Duplex {
    if (request.socketPath !== undefined && request.socketPath !== null)
      throw new TypeError('Cannot reach a socketPath through Tor')
    const address = addressOf(request.host ?? request.hostname, request.port, protocol)
    const probe = this.#probes.answer(address)
    if (probe !== undefined) throw probe
    const source = connect(address)
    const duplex = toDuplex(source)
    const made = protocol === 'https:' ? tlsOver(duplex, address.hostname, request as ConnectionOptions) : duplex
    this.#sources.set(made, source)
    return made
  }
}

/**
 * Agents that a library has been shown to use; the only way to them in Bun.
 *
 * ```ts
 * const agent = await provenAgent({ connect: tor.connect }, (url, agent) => got(url, { agent }))
 * ```
 *
 * @param send - makes a request to `url` with the agents, in just the way in which later ones will be made
 * @throws TorError `HOOK_IGNORED` when the library ignores the agents
 */
export async function provenAgent(
  options: TorAgentOptions,
  send: (url: string, agent: TorAgent) => unknown,
): Promise<TorAgent> {
  const agent = new TorAgent({ ...options, proofFollows: true })
  await agent.prove((url) => send(url, agent))
  return agent
}

/** What an agent of node:http keeps of connections that wait. */
type Kept = Pick<http.Agent, 'freeSockets'>

class PlainAgent extends HttpAgent {
  readonly #connections: Connections<'http:'>

  constructor(options: http.AgentOptions, connections: Connections<'http:'>) {
    super(options)
    this.#connections = connections
  }

  override createConnection(request: http.ClientRequestArgs, callback?: Callback): Duplex | undefined {
    return orFail(() => this.#connections.open(request, 'http:'), callback)
  }

  // Node asks for it before each look at the connections that wait.
  override getName(request?: Parameters<http.Agent['getName']>[0]): string {
    dropOutdated(this, this.#connections)
    return super.getName(request)
  }

  override keepSocketAlive(socket: Duplex): void {
    return this.#connections.isOutdated(socket) ? refuse() : super.keepSocketAlive(socket)
  }
}

class SecureAgent extends HttpsAgent {
  readonly #connections: Connections<'https:'>

  constructor(options: https.AgentOptions, connections: Connections<'https:'>) {
    super(options)
    this.#connections = connections
  }

  override createConnection(request: AgentRequest, callback?: Callback): Duplex | undefined {
    return orFail(() => this.#connections.open(request, 'https:'), callback)
  }

  override getName(request?: https.RequestOptions): string {
    dropOutdated(this, this.#connections)
    return super.getName(request)
  }

  override keepSocketAlive(socket: Duplex): void {
    return this.#connections.isOutdated(socket) ? refuse() : super.keepSocketAlive(socket)
  }
}

/** What Node takes for "do not keep it"; its types know of no answer. */
const refuse = (): void => false as unknown as undefined

/** Closes the connections that wait and that nothing new should use. */
function dropOutdated({ freeSockets }: Kept, { isOutdated }: Pick<Connections<never>, 'isOutdated'>): void {
  for (const sockets of Object.values(freeSockets))
    for (const socket of sockets ?? []) if (isOutdated(socket)) socket.destroy()
}

/** A connection, or a failure that comes to `callback` in a later turn. */
function orFail(open: () => Duplex, callback: Callback | undefined): Duplex | undefined {
  try {
    return open()
  } catch (error) {
    // The types have no form of the callback without a stream; node:http has.
    queueMicrotask(() => (callback as ((error: Error) => void) | undefined)?.(socketFailure(asError(error))))
    return undefined
  }
}
