/**
 * A stream's way to an onion service. Nothing of what that takes is loaded before the stream asks for a circuit.
 *
 * @module
 */
import type { Clock } from '../base/waiting/clock.ts'
import type { SocketAddress } from '../stream/socket-address.ts'
import type { StreamWatcher } from './attach/attachable-circuit.ts'
import { Attachment } from './attach/attachment.ts'
import type { OnionParts } from './onion/onion-parts.ts'
import { checkAttempts, type ConnectOptions, type OnionClientKey } from './connect-options.ts'

/** How many circuits to a service may be lost before it answers: each took several, through relays that others chose. */
const MAX_ATTEMPTS = 3

/** Who wants to reach a service. */
export interface OnionCaller {
  /** What all views of the client share. */
  readonly core: {
    readonly clock: Clock
    readonly observer: StreamWatcher
    readonly identity: symbol
    onions(): Promise<Pick<OnionParts, 'client'>>
  }
  /** The view, under the identity that it has now. */
  readonly self: { readonly identity: symbol; readonly view: symbol }
  /** The client's key, where the service wants one. */
  readonly clientKey: OnionClientKey | undefined
}

/**
 * Attaches one stream. It is introductions that are tried again, and what the service answers is final.
 *
 * @throws TypeError or RangeError naming the option
 */
export function onionAttachment(
  { core, self, clientKey }: OnionCaller,
  { hostname, port }: SocketAddress,
  options: Pick<ConnectOptions, 'exit' | 'isolation' | 'timeout' | 'attemptTimeouts'>,
): Attachment {
  const need = { hostname, isolation: [self.view, options.isolation] as const, clientKey }
  return new Attachment({
    requirements: { ports: [port], host: hostname },
    nextCircuit: async (signal) => await (await core.onions()).client.acquire(need, signal),
    isFinal: true,
    mostAttempts: MAX_ATTEMPTS,
    timeout: checkAttempts(options).timeout,
    attemptTimeout: () => Infinity,
    clock: core.clock,
    watcher: core.observer,
    isOutdated: () => core.identity !== self.identity,
  })
}
