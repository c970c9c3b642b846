/**
 * Charts as SVG: lines over axes, in colours for a light and a dark background.
 *
 * @module
 */

/** Which of the colours: of two circuits, of the queue, or of a limit. */
export type Ink = 'one' | 'two' | 'queue' | 'limit'

export interface Curve {
  readonly ink: Ink
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Axis {
  /** What the axis begins at is 0. */
  readonly max: number
  readonly step: number
  /** What a number of the axis is called. */
  readonly label: (value: number) => string
}

export interface Chart {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  readonly title: string
  readonly across: Axis
  readonly up: Axis
  readonly curves: readonly Curve[]
}

const STYLE = `
:root { --paper: #fff; --text: #333; --grid: #ddd; --one: #0b65c2; --two: #c2560b; --queue: #8a8a8a; --limit: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --paper: #0d1117; --text: #c9d1d9; --grid: #30363d; --one: #58a6ff; --two: #f0883e; --queue: #8b949e; --limit: #ff7b72 }
}
.paper { fill: var(--paper) }
text { fill: var(--text); font: 11px system-ui, sans-serif }
.head { font-size: 15px; font-weight: 600 }
.title { font-size: 12px; font-weight: 600 }
.end { text-anchor: end }
.middle { text-anchor: middle }
.grid { stroke: var(--grid); fill: none }
.one, .two, .queue, .limit { fill: none; stroke-width: 1.5; stroke-linejoin: round }
.one { stroke: var(--one) }
.two { stroke: var(--two) }
.queue { stroke: var(--queue) }
.limit { stroke: var(--limit); stroke-width: 1; stroke-dasharray: 5 4 }
`

/** A picture of `width` times `height`, of which `description` says in words what it shows. */
export function svg(width: number, height: number, description: string, parts: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${description}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${width}" height="${height}"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

/** Words whose first line stands at `y`. */
export function text(x: number, y: number, words: string, classes = ''): string {
  return `<text x="${round(x)}" y="${round(y)}"${classes === '' ? '' : ` class="${classes}"`}>${words}</text>`
}

/** A line from point to point. */
export function line(ink: Ink | 'grid', points: readonly (readonly [x: number, y: number])[]): string {
  return `<polyline class="${ink}" points="${points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')}"/>`
}

/** A chart with its title, its axes, and its curves, which are cut at the upper end of the axis. */
export function chart({ x, y, width, height, title, across, up, curves }: Chart): string[] {
  const toX = (value: number): number => x + (value / across.max) * width
  const toY = (value: number): number => y + height - (Math.min(value, up.max) / up.max) * height
  return [
    text(x, y - 8, title, 'title'),
    ...ticks(up).flatMap((value) => [
      line('grid', [
        [x, toY(value)],
        [x + width, toY(value)],
      ]),
      text(x - 6, toY(value) + 4, up.label(value), 'end'),
    ]),
    ...ticks(across).map((value) => text(toX(value), y + height + 15, across.label(value), 'middle')),
    ...curves.map(({ ink, points }) =>
      line(
        ink,
        points.map(([px, py]) => [toX(px), toY(py)]),
      ),
    ),
  ]
}

function ticks({ max, step }: Axis): number[] {
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, index) => index * step)
}

const round = (value: number): string => String(Math.round(value * 10) / 10)
