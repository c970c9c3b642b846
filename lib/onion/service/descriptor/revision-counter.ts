/**
 * The revision of a descriptor (rend-spec-v3, "Revision counters" and appendix F): it grows with time, also from one start
 * of the service to the next, and does not tell the time to those who keep the descriptor.
 *
 * @module
 */
import { aesCtr } from '../../../crypto/aes-ctr.ts'
import { sha3 } from '../../hashing.ts'

/** The most seconds that count: more than the two days that a descriptor may be used. */
const MAX_SECONDS = 1 << 18

const WORD_SIZE = 2

/** The key of the sum, from the expanded secret of the blinded key: as C tor makes it. */
export const revisionKey = (blindedSecret: Uint8Array): Uint8Array<ArrayBuffer> =>
  sha3('rev-counter-generation\0', blindedSecret)

/**
 * The sum of as many secret words as seconds have gone by, and of one for each.
 *
 * @param key - 32 bytes
 * @param seconds - from 1 on
 */
export async function revisionAt(key: Uint8Array, seconds: number): Promise<bigint> {
  const count = Math.min(Math.max(1, Math.floor(seconds)), MAX_SECONDS)
  const stream = await aesCtr(key, new Uint8Array(16), new Uint8Array(count * WORD_SIZE))
  let sum = count
  // At most 2^18 words of 16 bits: a number holds their sum exactly.
  for (let at = 0; at < stream.length; at += WORD_SIZE)
    sum += (stream[at] as number) | ((stream[at + 1] as number) << 8)
  return BigInt(sum)
}
