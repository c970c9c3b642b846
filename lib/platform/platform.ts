/**
 * The one seam to the runtime. node.ts, deno.ts, bun.ts and web.ts each make one of these, all of one shape; nothing else
 * in the library asks which runtime it runs in.
 *
 * @module
 */

import type { Storage } from './storage/storage.ts'

/**
 * A stretch of AES-CTR keystream that is used up from its start (tor-spec, "Relay cell encryption": zero initial counter).
 *
 * Where the runtime's cipher is synchronous `available` is Infinity. Where only WebCrypto is there, keystream is made ahead,
 * and whoever is about to take more than `available` awaits `refill` first.
 */
export interface Keystream {
  /** How many bytes `apply` can take now. */
  readonly available: number
  /** Resolves when `bytes` can be taken. `bytes` may be larger than what is made ahead. */
  refill(bytes: number): Promise<void>
  /**
   * XORs the next `data.length` bytes of keystream with `data`. Returns the result: `data` itself, changed in place, or a
   * fresh buffer. Throws a RangeError beyond `available`.
   */
  apply(data: Uint8Array): Uint8Array
}

/**
 * The running SHA-1 over the relay cells of one direction at one hop (tor-spec, "Relay cell digests").
 */
export interface RunningDigest {
  /** Adds the 509-byte cell at `offset`, whose digest field is zero, and writes the first 4 bytes of the digest into that field. */
  seal(bodies: Uint8Array, offset: number): void
  /**
   * True when the cell at `offset` bears the right digest: then it is part of the digest from now on. Otherwise nothing
   * has changed, the cell included. The comparison takes the same time whatever the bytes are.
   */
  verify(bodies: Uint8Array, offset: number): boolean
  /** The 20 bytes of the digest after the last cell that was added: an authenticated SENDME's tag. A fresh copy. */
  tag(): Uint8Array
}

/** A key pair of X25519; 32 bytes each. */
export interface X25519KeyPair {
  /** The caller's to overwrite when it is not needed any more. */
  readonly secretKey: Uint8Array
  /** What the other side gets. */
  readonly publicKey: Uint8Array
}

/** Diffie-Hellman on Curve25519 (RFC 7748, section 6.1). Keys and secrets have 32 bytes, and what is returned is a fresh copy. */
export interface X25519 {
  /** A new key pair, from the runtime's source of randomness. */
  generateKeyPair(): X25519KeyPair
  /** The public key that belongs to a secret key. */
  publicKey(secretKey: Uint8Array): Uint8Array
  /**
   * What both sides share.
   *
   * @throws TorError `CIRCUIT_HANDSHAKE` for a public key of small order, which makes the result zero whatever the secret is
   */
  sharedSecret(secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array
}

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

/** What a TLS connection is to be made with. */
export interface TlsRequest {
  /** Who the certificate must be for: a host name, or an IP address without brackets. A name is also sent as SNI (RFC 6066, section 3). */
  readonly serverName: string
  /** The protocols to offer by ALPN (RFC 7301), the best first; none are offered when it is empty. */
  readonly alpn: readonly string[]
  /** PEM certificates of the only authorities to trust; undefined for those that the runtime trusts. */
  readonly ca: readonly string[] | undefined
  /** Gives up the connection in any phase. */
  readonly signal: AbortSignal
}

/** A TLS connection whose handshake is over. */
export interface TlsConnection {
  /** What the server sends. It ends when the server has said so (close_notify), and errors when the bytes below end without that. */
  readonly readable: ReadableStream<Uint8Array>
  /** What goes to the server. A write resolves when the streams below have taken it; closing it tells the server (close_notify). */
  readonly writable: WritableStream<Uint8Array>
  /** The protocol that the server chose by ALPN. */
  readonly alpn: string | undefined
}

/**
 * TLS on top of a stream, for a runtime that has none of its own: a TLS library, wrapped.
 *
 * It must check the certificate chain, its time and its name, and never go on without: what it lets pass is trusted. It must fetch
 * nothing (certificates of issuers, revocation lists) by itself, as that would go beside Tor. It should hold no more bytes than one
 * TLS record each way, so that backpressure remains the stream's.
 */
export interface TlsAdapter {
  /**
   * Makes the handshake over `below`, whose streams become its own.
   *
   * Rejects when the handshake fails: with a SocketError `TLS_CERTIFICATE` when the certificate is at fault, with the streams' own
   * error when they fail, with anything else otherwise. After that, and when `signal` aborts, `below` may be left as it is.
   */
  secure(
    below: { readonly readable: ReadableStream<Uint8Array>; readonly writable: WritableStream<BufferSource> },
    request: TlsRequest,
  ): Promise<TlsConnection>
}

/** What the library needs of its runtime. */
export interface Platform {
  /** Which runtime it is for. */
  readonly name: 'node' | 'deno' | 'bun' | 'web'
  /** AES in counter mode from a zero counter; the key has 16 bytes (AES-128) or 32 (AES-256). */
  keystream(key: Uint8Array): Keystream
  /** A running digest that has taken in `seed`. */
  runningDigest(seed: Uint8Array): RunningDigest
  /** The RSA public operation (signature ^ exponent mod modulus), as many bytes as the modulus has. Inputs are big-endian. */
  rsaPublic(signature: Uint8Array, modulus: Uint8Array, exponent: Uint8Array): Uint8Array
  /** The key agreement of the ntor handshakes. */
  readonly x25519: X25519
  /**
   * True when `signature` (64 bytes) is `publicKey`'s (32 bytes) over `message` (RFC 8032, section 5.1.7). False for encodings
   * that are not canonical, public keys of small order and wrong lengths too.
   *
   * Runtimes may differ, as RFC 8032 lets them, about a signature that its own signer made ambiguous by points with a part of
   * small order.
   */
  verifyEd25519(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
  /** The transport that a caller gets who brings none, or undefined where the runtime has no sockets. */
  readonly transport: Transport | undefined
  /** TLS to the far end of a stream, or undefined where the runtime has none. */
  readonly tls: TlsAdapter | undefined
  /** Makes the storage that a client gets who brings none; undefined where the runtime has no files. */
  readonly storage: (() => Storage) | undefined
}
