/**
 * `tor-streams resolve NAME`.
 *
 * @module
 */
import type { CircuitChoice } from '../client/connect-options.ts'
import type { TorClient } from '../client/tor-client.ts'
import { write, type Terminal } from './terminal/terminal.ts'
import type { ResolveCommand } from './usage/usage.ts'

/**
 * Prints each answer in a line.
 *
 * @param choice - which exits
 * @returns the exit code
 * @throws SocketError as `TorClient.resolve`
 */
export async function resolveCommand(
  tor: TorClient,
  { name }: ResolveCommand,
  choice: Pick<CircuitChoice, 'exit'>,
  { stdout, signal }: Terminal,
): Promise<number> {
  const answers = await tor.resolve(name, { signal, ...choice })
  for (const answer of answers)
    await write(stdout, `${answer.type === 'hostname' ? answer.hostname : answer.address}\n`)
  return 0
}
