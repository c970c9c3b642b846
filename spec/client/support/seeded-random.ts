import { randomFrom, type Random, type RandomWords } from '../../../lib/base/random.ts'

/** Words that are the same for the same seed (splitmix32). */
export function seededWords(seed: number): RandomWords {
  let state = seed | 0
  return (words) => {
    for (let at = 0; at < words.length; at++) {
      state = (state + 0x9e3779b9) | 0
      let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
      words[at] = mixed ^ (mixed >>> 15)
    }
  }
}

/** Numbers that are the same for the same seed. */
export const seededRandom = (seed: number): Random => randomFrom(seededWords(seed))
