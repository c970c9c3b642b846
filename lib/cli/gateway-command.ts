/**
 * `tor-streams gateway`.
 *
 * @module
 */
import { listenGateway } from '../node/gateway/listen-gateway.ts'
import { chosenOf } from './network/network.ts'
import { announce, StatusLine, type Terminal } from './terminal/terminal.ts'
import type { GatewayCommand } from './usage/usage.ts'

/** Serves until interrupted. Nothing is open any more when it resolves. */
export async function gatewayCommand(command: GatewayCommand, { stdout, stderr, signal }: Terminal): Promise<void> {
  const { network, quiet, hostname, port, origins, maxLinks, maxLinksPerClient, trustForwarded, allowPrivate } = command
  const line = new StatusLine(stderr, quiet)
  const gateway = await listenGateway({
    ...(await chosenOf(network)),
    hostname,
    port,
    origin: origins,
    maxLinks,
    maxLinksPerClient,
    trustForwarded,
    allowPrivate,
    signal,
    onProgress({ phase, percent, message }) {
      if (phase !== 'closed') line.show(`${String(percent).padStart(3)} %  ${message}`)
    },
  }).finally(() => line.clear())
  try {
    const { address } = gateway
    await announce(stdout, `Gateway on ws://${address.includes(':') ? `[${address}]` : address}:${gateway.port}`)
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve())
    })
  } finally {
    await gateway.close()
  }
}
