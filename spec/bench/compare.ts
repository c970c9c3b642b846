/**
 * Measuring two programs against each other: turn by turn in one run, so that whatever else the machine does hits both,
 * and medians of the turns.
 *
 * @module
 */

/** Something that both are measured by. */
export interface Metric {
  readonly name: string
  readonly unit: string
  /** Which is better. */
  readonly better: 'more' | 'less'
}

/** One turn: a value for each metric, in their order. */
export type Turn = () => Promise<readonly number[]>

/** What a comparison comes to. */
export interface Result {
  readonly name: string
  readonly unit: string
  readonly ours: number
  readonly peer: number
  readonly peerName: string
  /** `ours` divided by `peer`. */
  readonly ratio: number
}

/** A result and how to read it. */
export interface Comparison extends Result {
  readonly better: Metric['better']
}

/** Measures ours, the peer, ours, the peer... `turns` times each. */
export async function alternate(
  metrics: readonly Metric[],
  peerName: string,
  turns: number,
  ours: Turn,
  peer: Turn,
): Promise<Comparison[]> {
  const samples = { ours: [] as (readonly number[])[], peer: [] as (readonly number[])[] }
  for (let turn = 0; turn < turns; turn++) {
    samples.ours.push(await ours())
    samples.peer.push(await peer())
  }
  return metrics.map(({ name, unit, better }, index) => {
    const medianOf = (turns: readonly (readonly number[])[]): number =>
      median(turns.map((values) => values[index] as number))
    const us = medianOf(samples.ours)
    const them = medianOf(samples.peer)
    return { name, unit, ours: us, peer: them, peerName, ratio: us === them ? 1 : us / them, better }
  })
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** The results as a table for people. */
export function table(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ name, unit, ours, peer, peerName, ratio, better }) => [
    name,
    number(ours),
    `${number(peer)} (${peerName})`,
    unit,
    ratio.toFixed(2),
    better === 'more' ? 'above 1' : 'below 1',
  ])
  const lines = [['', 'ours', 'peer', 'unit', 'ours / peer', 'better when'], ...rows]
  const widths = (lines[0] as string[]).map((_, column) =>
    Math.max(...lines.map((line) => (line[column] as string).length)),
  )
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Three digits that mean something. */
const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3))
