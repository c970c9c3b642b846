/**
 * What Node's interfaces need of the network behind them: a WinterTC `connect`. `TorClient` and `Circuit` have one.
 *
 * @module
 */

import type { BufferSource } from '../base/streams/buffer-source.ts'
/** What `opened` resolves to, as far as it is used. */
export interface NodeSocketInfo {
  /** `address:port` that was connected to, when it is known. */
  readonly remoteAddress?: string | null | undefined
}

/** A WinterTC `Socket`, as far as it is used. */
export interface NodeSocketSource {
  /** What the far end sends. */
  readonly readable: ReadableStream<Uint8Array>
  /** What goes to the far end. Bytes may be written before `opened` resolves. */
  readonly writable: WritableStream<BufferSource>
  /** Resolves when the far end is reached; rejects with the reason why not. */
  readonly opened: Promise<NodeSocketInfo>
  /** True when nothing new should use it, as whoever made it has taken another identity; asked before each use. */
  readonly outdated?: boolean | undefined
  /** Gives up both sides at once. */
  close(reason?: unknown): Promise<unknown>
}

/** A WinterTC `connect`. What it throws counts as a refusal. */
export type NodeConnect = (address: { readonly hostname: string; readonly port: number }) => NodeSocketSource

/**
 * The address that a client of ours names.
 *
 * @throws TypeError when it names none
 */
export function addressOf(
  host: string | null | undefined,
  port: number | string | null | undefined,
  protocol: string,
): { hostname: string; port: number } {
  if (typeof host !== 'string' || host === '') throw new TypeError('Cannot connect through Tor without a host')
  const usual = protocol === 'https:' ? 443 : 80
  const isUsual = port === undefined || port === null || port === ''
  return { hostname: host.replace(/^\[(.*)\]$/, '$1'), port: isUsual ? usual : Number(port) }
}

/**
 * Checks an option that must be a `connect`.
 *
 * @throws TypeError
 */
export function checkConnect(connect: unknown): asserts connect is NodeConnect {
  if (typeof connect !== 'function') throw new TypeError('Cannot use the option connect as it is no function')
}
