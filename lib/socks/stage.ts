/**
 * The stages of a SOCKS handshake: what each makes of the bytes that are there.
 *
 * @module
 */
import type { ProxyRequest, ProxyWarning } from '../proxy/handshake.ts'
import type { ResolvedProxyOptions } from '../proxy/options.ts'

/** What a SOCKS handshake has to know of its server. */
export interface SocksHandshakeOptions {
  /** RESOLVE and RESOLVE_PTR can be served. */
  readonly canResolve: boolean
  /** Use the reply codes 0xF0 to 0xF7. */
  readonly extendedErrors: boolean
}

/** What of a front's options its handshakes have to know. */
export const handshakeOptions = ({ resolve, extendedErrors }: ResolvedProxyOptions): SocksHandshakeOptions => ({
  canResolve: resolve !== undefined,
  extendedErrors,
})

/** What a stage has found at the start of the bytes. */
export type SocksMove =
  | { readonly type: 'next'; readonly used: number; readonly reply: Uint8Array; readonly next: SocksStep }
  | {
      readonly type: 'request'
      readonly used: number
      readonly reply: Uint8Array
      readonly request: ProxyRequest
      readonly warning: ProxyWarning | undefined
    }
  | { readonly type: 'refused'; readonly reply: Uint8Array; readonly warning: ProxyWarning | undefined }

/** Looks for one message at the start of one byte or more. Undefined when it may be one but its end is not here. */
export type SocksStep = (bytes: Uint8Array) => SocksMove | undefined

/** The end, after this reply. */
export function refused(reply: Uint8Array, warning?: ProxyWarning): SocksMove {
  return { type: 'refused', reply, warning }
}

/** The commands that are served, by their bytes (RFC 1928 section 4; socks-extensions, "Name lookup"). */
export const SocksCommand = {
  CONNECT: 0x01,
  RESOLVE: 0xf0,
  RESOLVE_PTR: 0xf1,
} as const
