/**
 * Rates over time: what came in as an area, what went out as a line.
 *
 * @module
 */
import { draw, make, setAttribute, setText } from './elements.ts'
import { rate } from './format.ts'
import { HISTORY_SIZE, type History } from './history.ts'

const HEIGHT = 100

/** A graph of two histories. */
export class Graph {
  readonly element: HTMLElement
  readonly #svg: SVGSVGElement
  readonly #area = draw('path', { class: 'ts-area' })
  readonly #in = draw('path', { class: 'ts-line-in' })
  readonly #out = draw('path', { class: 'ts-line-out' })
  readonly #top = make('span', { class: 'ts-graph-top' })
  readonly #name: string
  /** The scale, which grows at once and shrinks slowly. */
  #scale = 1000

  /** @param name - what is drawn, for whoever does not see it */
  constructor(name: string, { small = false }: { readonly small?: boolean } = {}) {
    this.#name = name
    this.#svg = draw(
      'svg',
      {
        'viewBox': `0 0 ${HISTORY_SIZE - 1} ${HEIGHT}`,
        'preserveAspectRatio': 'none',
        'role': 'img',
        'aria-label': name,
      },
      this.#area,
      this.#in,
      this.#out,
    )
    this.element = make('div', { class: small ? 'ts-graph ts-small' : 'ts-graph' }, this.#svg)
    if (!small) this.element.append(this.#top)
  }

  /** Draws what there is now. */
  show(incoming: History, outgoing: History): void {
    const highest = Math.max(incoming.highest, outgoing.highest, 1000)
    this.#scale = Math.max(highest, this.#scale * 0.98)
    const line = pointsOf(incoming, this.#scale)
    this.#in.setAttribute('d', `M${line}`)
    this.#area.setAttribute('d', `M0,${HEIGHT}L${line}L${HISTORY_SIZE - 1},${HEIGHT}Z`)
    this.#out.setAttribute('d', `M${pointsOf(outgoing, this.#scale)}`)
    setText(this.#top, rate(this.#scale))
    setAttribute(
      this.#svg,
      'aria-label',
      `${this.#name}: now ${rate(incoming.recent(4))} in and ${rate(outgoing.recent(4))} out`,
    )
  }
}

function pointsOf(history: History, scale: number): string {
  const points: string[] = []
  for (let index = 0; index < HISTORY_SIZE; index++)
    points.push(`${index},${(HEIGHT - (history.at(index) / scale) * (HEIGHT - 4) - 1).toFixed(1)}`)
  return points.join('L')
}
