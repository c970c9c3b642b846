/**
 * How relays are reached.
 *
 * @module
 */

/** A connection to a relay's OR port, inside TLS. */
export interface Link {
  /** What the relay sends. */
  readonly readable: ReadableStream<Uint8Array>
  /** What goes to the relay; a write resolves when the link can take more. */
  readonly writable: WritableStream<Uint8Array>
  /** The DER bytes of the TLS leaf certificate that the relay proved to own. */
  readonly peerCertificate: Uint8Array
}

/** An OR address. */
export interface LinkAddress {
  /** A dotted IPv4 address or an IPv6 address without brackets. */
  readonly hostname: string
  /** 1 to 65535. */
  readonly port: number
}

/** How relays are reached. Each platform brings one; a browser needs one from the user. */
export interface Transport {
  /**
   * Dials and completes TLS, without any check of names or authorities: the CERTS cell does that.
   * Rejects when the relay cannot be reached or `signal` aborts; then nothing stays open.
   */
  connect(address: LinkAddress, options: { readonly signal: AbortSignal }): Promise<Link>
}
