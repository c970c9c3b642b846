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
  /**
   * Whether this machine has lost the address that the connection goes out from, so that nothing can come of it any more. Left out
   * where that cannot be told.
   */
  readonly isStranded?: (() => boolean) | undefined
}

/** A connection to a relay's OR port as it is: the library makes TLS on top. */
export interface LinkBytes {
  /** What comes from the OR port. */
  readonly readable: ReadableStream<Uint8Array>
  /** What goes to the OR port; a write resolves when it can take more. */
  readonly writable: WritableStream<Uint8Array>
  /** There is none: TLS has not begun. */
  readonly peerCertificate?: undefined
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
   * Dials. It may complete TLS, without any check of names or authorities (the CERTS cell does that), and gives the
   * certificate then; or it gives the bytes of the connection as they are.
   *
   * Rejects when the relay cannot be reached or `signal` aborts; then nothing stays open.
   */
  connect(address: LinkAddress, options: { readonly signal: AbortSignal }): Promise<Link | LinkBytes>
}

/** A transport that brings TLS. */
export interface LinkTransport extends Transport {
  /** As {@link Transport.connect}, TLS included. */
  connect(address: LinkAddress, options: { readonly signal: AbortSignal }): Promise<Link>
}
