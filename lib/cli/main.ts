/**
 * The command line, apart from the process it runs in.
 *
 * @module
 */
import type { TorClient } from '../client/tor-client.ts'
import { SocketError, TorError } from '../base/errors.ts'
import { listenSocks } from '../node/listen-socks.ts'
import { fetchCommand } from './fetch/fetch-command.ts'
import { gatewayCommand } from './gateway-command.ts'
import { openNetwork } from './network/network.ts'
import { StatusLine, write, type Terminal } from './terminal/terminal.ts'
import { UsageError } from './usage/usage-error.ts'
import { parseArguments, type Command, type ProxyCommand, type ResolveCommand } from './usage/usage.ts'

/** Exit codes, beside those of a command's own. */
const FAILED = 1
const WRONG_USAGE = 2
const INTERRUPTED = 130

/**
 * Runs what the arguments ask for. Nothing is open any more when it resolves; a failure has been told by a sentence.
 *
 * @param version - what `--version` prints
 * @returns the exit code
 */
export async function main(args: readonly string[], terminal: Terminal, version: string): Promise<number> {
  let isEmbedded = false
  try {
    const command = parseArguments(args)
    isEmbedded = 'network' in command && command.network.kind === 'embedded'
    if (command.command === 'help' || command.command === 'version') {
      await write(terminal.stdout, `${command.command === 'help' ? command.text : version}\n`)
      return 0
    }
    if (command.command !== 'gateway') return await run(command, terminal)
    await gatewayCommand(command, terminal)
    return INTERRUPTED
  } catch (error) {
    if (terminal.signal.aborted) return INTERRUPTED
    // Whoever read our output has had enough, as `head` does.
    if ((error as { code?: unknown } | null)?.code === 'EPIPE') return 0
    const isUsage = error instanceof UsageError
    const advice = isUsage ? ' (see --help)' : isEmbedded && reachesNobody(error) ? EMBEDDED_ADVICE : ''
    await write(terminal.stderr, `tor-streams: ${sentenceOf(error)}${advice}\n`)
    return isUsage ? WRONG_USAGE : FAILED
  }
}

async function run(
  command: Exclude<Command, { command: 'help' | 'version' | 'gateway' }>,
  terminal: Terminal,
): Promise<number> {
  const { stderr, signal } = terminal
  const line = new StatusLine(stderr, command.quiet)
  const network = await openNetwork(command.network, {
    signal,
    onProgress({ phase, percent, message }) {
      if (phase !== 'closed') line.show(`${String(percent).padStart(3)} %  ${message}`)
    },
  }).finally(() => line.clear())
  try {
    for (const warning of network.tor.status.warnings)
      if (!command.quiet) await write(stderr, `tor-streams: ${warning}\n`)
    switch (command.command) {
      case 'fetch':
        return await fetchCommand(network.tor, command, terminal)
      case 'proxy':
        return await proxyCommand(network.tor, command, terminal)
      case 'resolve':
        return await resolveCommand(network.tor, command, terminal)
    }
  } finally {
    await network.close()
  }
}

/**
 * Serves until interrupted. Clients of one port share no circuit with those of the other, as C tor has it by default.
 */
async function proxyCommand(
  tor: TorClient,
  command: ProxyCommand,
  { stdout, stderr, signal, drawing }: Terminal,
): Promise<number> {
  const { socks, http, dashboard, quiet } = command
  const onWarning = ({ message }: { readonly message: string }): void =>
    void (quiet || stderr.write(`tor-streams: ${message}\n`))
  const wanted: readonly (readonly [port: number | undefined, what: string])[] =
    socks === http && socks !== 0
      ? [[socks, 'SOCKS and HTTP']]
      : [
          [socks, 'SOCKS'],
          [http, 'HTTP'],
        ]
  const listeners: { close(): Promise<unknown> }[] = []
  try {
    for (const [port, what] of wanted) {
      if (port === undefined) continue
      const { connect, resolve } = tor.isolated()
      const listener = await listenSocks({ connect, resolve, port, http: what !== 'SOCKS', onWarning, signal })
      listeners.push(listener)
      await write(stdout, `${what} on ${listener.address}:${listener.port}\n`)
    }
    if (dashboard !== undefined && drawing !== undefined) {
      const { listenDashboard } = await import('./proxy/dashboard-server.ts')
      const server = await listenDashboard(tor, dashboard, drawing)
      listeners.push(server)
      await write(stdout, `Dashboard on ${server.url}\n`)
    }
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve())
    })
  } finally {
    await Promise.all(listeners.map((listener) => listener.close()))
  }
  return INTERRUPTED
}

async function resolveCommand(tor: TorClient, { name }: ResolveCommand, { stdout, signal }: Terminal): Promise<number> {
  const answers = await tor.resolve(name, { signal })
  for (const answer of answers)
    await write(stdout, `${answer.type === 'hostname' ? answer.hostname : answer.address}\n`)
  return 0
}

const EMBEDDED_ADVICE =
  '. The network of --embedded reaches servers of this machine only, such as http://127.0.0.1:8000/'

/** What an exit says that goes nowhere else, and a resolver that knows no other name. */
const reachesNobody = (error: unknown): boolean =>
  ['NO_PATH', 'END_EXITPOLICY', 'RESOLVE_FAILED'].includes((ownOf(error) as { code?: string }).code ?? '')

/** What this library says, if it is behind the error; else the error, or what is behind that. */
function ownOf(error: unknown): unknown {
  let told = error
  for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth++) {
    told = each
    if (each instanceof SocketError || each instanceof TorError) break
  }
  return told
}

/** One plain sentence. */
function sentenceOf(error: unknown): string {
  const told = ownOf(error)
  const message = (told instanceof Error ? told.message : String(told))
    .replace(/^SocketError: /, '')
    .split('\n')[0] as string
  const sentence = message.charAt(0).toUpperCase() + message.slice(1)
  return told instanceof SocketError || told instanceof TorError ? `${sentence} (${told.code})` : sentence
}
