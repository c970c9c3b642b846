/**
 * The one seam to the runtime. node.ts, deno.ts, bun.ts and web.ts each make one of these, all of one shape; nothing else
 * in the library asks which runtime it runs in.
 *
 * @module
 */

import type { Storage } from './storage.ts'

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

/** What the library needs of its runtime. */
export interface Platform {
  /** Which runtime it is for. */
  readonly name: 'node' | 'deno' | 'bun' | 'web'
  /** AES in counter mode from a zero counter; the key has 16 bytes. */
  keystream(key: Uint8Array): Keystream
  /** A running digest that has taken in `seed`. */
  runningDigest(seed: Uint8Array): RunningDigest
  /** The RSA public operation (signature ^ exponent mod modulus), as many bytes as the modulus has. Inputs are big-endian. */
  rsaPublic(signature: Uint8Array, modulus: Uint8Array, exponent: Uint8Array): Uint8Array
  /** The transport that a caller gets who brings none, or undefined where the runtime has no sockets. */
  readonly transport: Transport | undefined
  /** Makes the storage that a client gets who brings none; undefined where the runtime has no files. */
  readonly storage: (() => Storage) | undefined
}
