/**
 * The picture of docs/congestion-control.svg: what each scenario does to throughput, windows and the queue.
 *
 * @module
 */
import { DEFAULTS } from '../support/parameters.ts'
import { ALONE, HALVED, LATE, simulate, TOGETHER, utilization, type Run, type Scenario } from './scenarios.ts'
import { chart, line, svg, text, type Axis, type Curve, type Ink } from './svg.ts'

const WIDTH = 1000
const HEIGHT = 940
const CHART = { width: 410, height: 150 }
const INKS: readonly Ink[] = ['one', 'two']
/** Cells, on the axis of windows and the queue. */
const MOST_CELLS = 3000
/** What throughput is averaged over, in ms: three round trips, in which the bunches of a window even out. */
const AVERAGED = 300

const LEGEND: readonly (readonly [ink: Ink, words: string])[] = [
  ['one', 'first circuit'],
  ['two', 'second circuit'],
  ['queue', 'queue of the common line'],
  ['limit', `delta: ${DEFAULTS.delta} cells for each circuit`],
]

/** The whole picture: the same text every time. */
export function congestionControlPicture(): string {
  const places: readonly (readonly [Scenario, x: number, y: number])[] = [
    [ALONE, 55, 125],
    [TOGETHER, 555, 125],
    [LATE, 55, 550],
    [HALVED, 555, 550],
  ]
  return svg(WIDTH, HEIGHT, 'Congestion control on a simulated line of 100 Mbit/s with a round trip of 100 ms', [
    text(20, 32, 'Congestion control on a simulated line of 100 Mbit/s with a round trip of 100 ms', 'head'),
    text(
      20,
      52,
      'Throughput is averaged over 300 ms. Windows and the queue are in cells of 514 bytes, of the queue the most in each 50 ms.',
    ),
    ...LEGEND.flatMap(([ink, words], index) => {
      const x = 20 + 190 * index
      return [
        line(ink, [
          [x, 74],
          [x + 24, 74],
        ]),
        text(x + 30, 78, words),
      ]
    }),
    ...places.flatMap(([scenario, x, y]) => panel(scenario, simulate(scenario), x, y)),
  ])
}

/** A scenario's two charts, one above the other. */
function panel({ title, starts, duration }: Scenario, run: Run, x: number, y: number): string[] {
  const across: Axis = { max: duration, step: duration > 5000 ? 2000 : 1000, label: (ms) => `${ms / 1000} s` }
  const circuits = starts.map((_, index) => ({ index, ink: INKS[index] ?? 'one' }))
  const isStarted =
    (index: number) =>
    ([at]: readonly [number, number]): boolean =>
      at >= (starts[index] ?? 0)
  const ended = run.slowStartEndedAt.map((at) => `${(at / 1000).toFixed(2)} s`).join(' and ')
  return [
    ...chart({
      ...CHART,
      x,
      y,
      across,
      title: `${title}: throughput`,
      up: { max: 100, step: 25, label: (percent) => `${percent} %` },
      curves: circuits.map(({ index, ink }) => ({ ink, points: throughput(run, index).filter(isStarted(index)) })),
    }),
    ...chart({
      ...CHART,
      x,
      y: y + CHART.height + 50,
      across,
      title: `Windows and the queue; slow start ends at ${ended}`,
      up: { max: MOST_CELLS, step: 1000, label: (cells) => String(cells) },
      curves: [
        {
          ink: 'limit',
          points: run.samples.map(({ at }) => [at, DEFAULTS.delta * starts.filter((start) => at >= start).length]),
        },
        { ink: 'queue', points: run.samples.map(({ at, queued }) => [at, queued]) },
        ...circuits.map(({ index, ink }): Curve => ({ ink, points: windows(run, index).filter(isStarted(index)) })),
      ],
    }),
  ]
}

/** Of one circuit, in cells. */
function windows({ samples }: Run, circuit: number): [ms: number, cells: number][] {
  return samples.map(({ at, cwnd }) => [at, cwnd[circuit] ?? 0])
}

/** Of one circuit, in percent of the line's whole bandwidth. */
function throughput(run: Run, circuit: number): [ms: number, percent: number][] {
  const times = run.samples.map(({ at }) => at).filter((at) => at >= AVERAGED)
  return times.map((at) => [at, 100 * (utilization(run, at - AVERAGED, at)[circuit] ?? 0)])
}
