/**
 * SHA3-256 and SHAKE256 by node:crypto. Those in JavaScript take milliseconds for the first few hashes of a process, which are
 * those of its first circuit.
 *
 * @module
 */
import type { HashModule, NativeHash } from './native-digest.ts'
import type { Sha3Functions } from './sha3-functions.ts'

/** The two functions by a native module. */
export function nativeSha3(crypto: HashModule): Sha3Functions {
  return {
    sha3: (...parts) => digestOf(crypto.createHash('sha3-256'), parts),
    shake256: (length, ...parts) => digestOf(crypto.createHash('shake256', { outputLength: length }), parts),
  }
}

/** In an array of its own: a Buffer may share its memory with others. */
function digestOf(hash: NativeHash, parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  for (const part of parts) hash.update(part)
  const shared = hash.digest()
  const digest = new Uint8Array(shared)
  shared.fill(0)
  return digest
}
