/**
 * What a proxy front needs of the network behind it: a WinterTC `connect`, and perhaps a `resolve`. `TorClient` has
 * both.
 *
 * @module
 */

/** A host and a port that a client of the proxy asks for, checked as far as syntax goes. */
export interface ProxyAddress {
  /** A host name, an IPv4 address, or an IPv6 address without brackets. */
  readonly hostname: string
  /** 1 to 65535. */
  readonly port: number
}

/** What a front tells `connect` and `resolve` about a client of the proxy. */
export interface ProxyCircuitChoice {
  /**
   * Made of the client's credentials: equal for equal ones, different for others. Streams with different ones must not
   * share a circuit (socks-extensions, "Extent of support"). Absent when the client gave none.
   */
  readonly isolation?: string | undefined
  /** Which addresses the client can be told of: SOCKS 4 knows no others. Absent when any will do. */
  readonly addressFamily?: 'ipv4' | undefined
}

/** The part of a WinterTC `Socket` that a front uses. */
export interface ProxySocket {
  /** What the far end sends. */
  readonly readable: ReadableStream<Uint8Array>
  /** What goes to the far end. Bytes may be written before `opened` resolves. */
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>
  /** Resolves when the far end is reached; rejects with the reason why not. */
  readonly opened: Promise<unknown>
  /** Gives up both sides at once; `opened` rejects if it is pending. */
  close(reason?: unknown): Promise<unknown>
}

/** Opens a stream, as `TorClient.connect` does. What it throws counts as a refusal. */
export type ProxyConnect = (address: ProxyAddress, options: ProxyCircuitChoice) => ProxySocket

/** An address of a name. */
export interface ProxyAddressAnswer {
  /** Which kind it is. */
  readonly type: 'ipv4' | 'ipv6'
  /** The address, without brackets. */
  readonly address: string
}

/** The name of an address. */
export interface ProxyNameAnswer {
  /** Says so. */
  readonly type: 'hostname'
  /** ASCII, at most 255 characters. */
  readonly hostname: string
}

/** One answer of a name lookup. */
export type ProxyAnswer = ProxyAddressAnswer | ProxyNameAnswer

/** Resolves a host name to addresses, or an IP address to a host name, as `TorClient.resolve` does. */
export type ProxyResolve = (
  name: string,
  options: ProxyCircuitChoice & { readonly signal: AbortSignal },
) => Promise<readonly ProxyAnswer[]>
