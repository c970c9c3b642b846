/**
 * The command line, apart from the process it runs in.
 *
 * @module
 */
import type { TorClient } from '../client/tor-client.ts'
import { adviceOn } from './advice.ts'
import { preparedFetch } from './fetch/fetch-command.ts'
import { gatewayCommand } from './gateway-command.ts'
import { chosenExits } from './network/exit-choice.ts'
import { serveCommand } from './serve/serve-command.ts'
import { openNetwork, warner } from './network/network.ts'
import { proxyCommand } from './proxy/proxy-command.ts'
import { resolveCommand } from './resolve-command.ts'
import { sentenceOf } from './terminal/sentence.ts'
import { HadEnough, StatusLine, tell, write, type Terminal } from './terminal/terminal.ts'
import { UsageError } from './usage/usage-error.ts'
import { parseArguments, type Command, type FetchCommand, type ResolveCommand } from './usage/usage.ts'

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
  let command: Command | undefined
  try {
    command = parseArguments(args)
    switch (command.command) {
      case 'help':
        await (command.isUnasked ? tell(terminal.stderr, command.text) : write(terminal.stdout, `${command.text}\n`))
        return command.isUnasked ? WRONG_USAGE : 0
      case 'version':
        await write(terminal.stdout, `${version}\n`)
        return 0
      case 'gateway':
        await gatewayCommand(command, terminal)
        return INTERRUPTED
      case 'serve':
        await serveCommand(command, terminal)
        return INTERRUPTED
      case 'proxy':
        return await proxyCommand(command, terminal)
      case 'fetch':
      case 'resolve':
        return await run(command, terminal)
    }
  } catch (error) {
    if (terminal.signal.aborted) return INTERRUPTED
    if (error instanceof HadEnough) return 0
    const isUsage = error instanceof UsageError
    const advice = isUsage ? ' (see --help)' : adviceOn(error, command)
    await tell(terminal.stderr, `tor-streams: ${sentenceOf(error)}${advice}`)
    return isUsage ? WRONG_USAGE : FAILED
  }
}

async function run(command: FetchCommand | ResolveCommand, terminal: Terminal): Promise<number> {
  const { stderr, signal } = terminal
  const line = new StatusLine(stderr, command.quiet)
  const { choice, options } = await chosenExits(command.exits)
  const act =
    command.command === 'fetch'
      ? await preparedFetch(command, choice, terminal)
      : (tor: TorClient) => resolveCommand(tor, command, choice, terminal)
  const network = await openNetwork(command.network, {
    ...options,
    signal,
    onProgress({ phase, percent, message }) {
      if (phase !== 'closed') line.show(`${String(percent).padStart(3)} %  ${message}`)
    },
  }).finally(() => line.clear())
  const warn = warner(network.tor, stderr, command.quiet)
  try {
    await warn()
    return await act(network.tor)
  } finally {
    await network.close()
    await warn() // what could not be written is known only now
  }
}
