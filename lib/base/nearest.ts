/**
 * The word that somebody meant.
 *
 * @module
 */

/**
 * The one of `words` that is nearest to `word`, by letters added, dropped, exchanged or swapped, capitals aside;
 * undefined when none is near: within a third of its letters.
 */
export function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Infinity
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least && distance <= Math.max(1, Math.floor(candidate.length / 3))) {
      best = candidate
      least = distance
    }
  }
  return best
}

/**
 * The optimal string alignment distance. Words that differ much in length are not compared: they may be of any length.
 */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > b.length) return Infinity
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1))
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1)
      row.push(cost)
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? Infinity
}
