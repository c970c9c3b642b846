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
import { addressOf, checkConnect, type NodeConnect } from './connect.ts'
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
    const open = (request: AgentRequest, protocol: 'http:' | 'https:'): Duplex => this.#open(connect, request, protocol)
    this.http = new PlainAgent(settings, open)
    this.https = new SecureAgent(settings, open)
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
    const duplex = toDuplex(connect(address))
    return protocol === 'https:' ? tlsOver(duplex, address.hostname, request as ConnectionOptions) : duplex
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

class PlainAgent extends HttpAgent {
  readonly #open: (request: AgentRequest, protocol: 'http:') => Duplex

  constructor(options: http.AgentOptions, open: (request: AgentRequest, protocol: 'http:') => Duplex) {
    super(options)
    this.#open = open
  }

  override createConnection(request: http.ClientRequestArgs, callback?: Callback): Duplex | undefined {
    return orFail(() => this.#open(request, 'http:'), callback)
  }
}

class SecureAgent extends HttpsAgent {
  readonly #open: (request: AgentRequest, protocol: 'https:') => Duplex

  constructor(options: https.AgentOptions, open: (request: AgentRequest, protocol: 'https:') => Duplex) {
    super(options)
    this.#open = open
  }

  override createConnection(request: AgentRequest, callback?: Callback): Duplex | undefined {
    return orFail(() => this.#open(request, 'https:'), callback)
  }
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
