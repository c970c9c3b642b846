/**
 * A TCP connection to a relay.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as net from 'node:net'
import { onAbort } from '../../base/waiting/abort.ts'
import { startTimer, type Clock } from '../../base/waiting/clock.ts'
import { segmentAsTor } from '../../platform/links/segments.ts'
import { builtinModule } from '../../platform/runtime/builtin.ts'
import type { LinkTarget } from './link-target.ts'

/** Why there is no connection, as the status of an answer: Bad Gateway, Gateway Timeout. */
export type DialFailure = 502 | 504

/** How it may end early. */
export interface DialOptions {
  readonly timeout: number
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Connects to exactly this address: it is one already, so that no name is looked up. */
export function dial(
  { address, bytes, port }: LinkTarget,
  { timeout, clock, signal }: DialOptions,
): Promise<net.Socket | DialFailure> {
  const { connect } = builtinModule<typeof net>('node:net')
  if (signal.aborted) return Promise.resolve(502)
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, family: bytes.length === 4 ? 4 : 6 })
    const settle = (outcome: net.Socket | DialFailure): void => {
      stopTimer()
      forget()
      resolve(outcome)
      if (outcome !== socket) socket.destroy()
    }
    // It stays: a socket whose error nobody hears takes the process with it.
    socket.on('error', () => settle(502))
    socket.once('connect', () => {
      segmentAsTor(socket)
      settle(socket)
    })
    const stopTimer = startTimer(clock, timeout, () => settle(504))
    const forget = onAbort(signal, () => settle(502))
  })
}
