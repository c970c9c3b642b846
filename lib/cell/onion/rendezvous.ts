/**
 * RENDEZVOUS1 and RENDEZVOUS2 (rend-spec-v3, "Rendezvous protocol"): the service's half of the handshake, which the
 * rendezvous point passes on to the client who waits with this cookie.
 *
 * @module
 */
import { ByteReader, ByteWriter } from '../bytes.ts'
import { COOKIE_SIZE } from './introduce-plain.ts'

/** Bytes of the service's handshake: its key and AUTH. */
export const RENDEZVOUS_HANDSHAKE_SIZE = 64

/** Bytes of a RENDEZVOUS1, as long as those of older versions. */
const RENDEZVOUS1_SIZE = 168

/** The body of a RENDEZVOUS1. `random` gives its padding. */
export function encodeRendezvous1(
  cookie: Uint8Array,
  handshake: Uint8Array,
  random: (length: number) => Uint8Array,
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().bytes(cookie).bytes(handshake)
  return writer.bytes(random(RENDEZVOUS1_SIZE - writer.length)).finish()
}

/** Reads a RENDEZVOUS1; bytes in it are views. Throws `CELL_MALFORMED`. */
export function decodeRendezvous1(body: Uint8Array): { readonly cookie: Uint8Array; readonly rest: Uint8Array } {
  const reader = new ByteReader(body, 'RENDEZVOUS1 message')
  return { cookie: reader.take(COOKIE_SIZE), rest: reader.rest() }
}

/** The handshake in a RENDEZVOUS2, as a view. Throws `CELL_MALFORMED`. What follows is padding. */
export const decodeRendezvous2 = (body: Uint8Array): Uint8Array =>
  new ByteReader(body, 'RENDEZVOUS2 message').take(RENDEZVOUS_HANDSHAKE_SIZE)
