/**
 * Who is told what the proxy does: a screen, or lines of a log.
 *
 * @module
 */
import type { ClientStatus } from '../../client/bootstrap/status.ts'
import type { TorClient } from '../../client/tor-client.ts'

/** The part of a client that is looked at. */
export type WatchedClient = Pick<TorClient, 'circuits' | 'watch' | 'status'>

/** Somebody who is told. Nothing that is told names where a stream goes. */
export interface ProxyView {
  /** How far the client is, until there is one to watch. */
  status(status: ClientStatus): void
  /** Something for the user to know. */
  notice(sentence: string): void
  /** No client yet: why, and when it is tried again. */
  waits(sentence: string): void
  /** From now on this client is watched. Resolves when it is closed. */
  follow(tor: WatchedClient): Promise<void>
  /** Nothing more is told; the terminal is as it was. */
  end(): void
}

/** Where the proxy is to be found. */
export interface Places {
  /** Such as `SOCKS 9050`. */
  readonly ports: readonly string[]
  /** The address of the dashboard, once there is one. */
  dashboard: string | undefined
}
