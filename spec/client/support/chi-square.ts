/** Of how many draws that follow the expected distribution one fails the test: 10^9. The normal quantile of that. */
const QUANTILE = 5.998

/**
 * Pearson's chi-square test of counts against the weights that they should follow. The critical value is computed by
 * the approximation of Wilson and Hilferty, which is good to a few thousandths from three categories on.
 */
export function chiSquare(
  counts: readonly number[],
  weights: readonly number[],
): { readonly statistic: number; readonly critical: number } {
  const draws = counts.reduce((sum, count) => sum + count, 0)
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let statistic = 0
  let categories = 0
  for (const [index, weight] of weights.entries()) {
    const expected = (draws * weight) / total
    const count = counts[index] as number
    if (weight === 0 && count > 0) throw new Error('What has no weight was drawn')
    if (weight === 0) continue
    if (expected < 5) throw new Error(`Too few draws: ${expected} are expected of a category`)
    statistic += (count - expected) ** 2 / expected
    categories++
  }
  const freedom = categories - 1
  const critical = freedom * (1 - 2 / (9 * freedom) + QUANTILE * Math.sqrt(2 / (9 * freedom))) ** 3
  return { statistic, critical }
}
