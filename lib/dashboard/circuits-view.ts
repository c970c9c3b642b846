/**
 * Every circuit as a path, with its streams under it.
 *
 * @module
 */
import { Elements, make, setAttribute, setText } from './elements.ts'
import { bytes, circuitWords, holdOf, rate, streamWords } from './format.ts'
import { Graph } from './graph.ts'
import type { Model, ShownCircuit, ShownStream } from './model.ts'
import { Path } from './path.ts'

/** How many circuits are drawn, and how many streams of each; of others it is said how many there are. */
const MOST_CIRCUITS = 24
const MOST_STREAMS = 12

export class CircuitsView {
  readonly element: HTMLElement
  readonly #model: Model
  readonly #you: string
  readonly #list = make('ul', { class: 'ts-circuits' })
  readonly #more = make('p', { class: 'ts-soft' })
  readonly #rows: Elements<ShownCircuit>

  constructor(model: Model, you: string) {
    this.#model = model
    this.#you = you
    this.#rows = new Elements(this.#list, (circuit) => new CircuitRow(circuit, this.#model, this.#you))
    this.element = make(
      'section',
      { 'class': 'ts-card', 'aria-labelledby': 'ts-circuits' },
      make('h2', { id: 'ts-circuits' }, 'Circuits'),
      make(
        'p',
        { class: 'ts-soft' },
        'Each goes through three relays: the first knows you, the last knows where to, none knows both.',
      ),
      this.#list,
      this.#more,
    )
  }

  show(): void {
    const { circuits, streams } = this.#model
    const used = new Set([...streams.values()].map(({ info }) => info.circuit))
    const all = [...circuits.entries()].sort(
      ([a, one], [b, two]) => rank(one, used.has(a)) - rank(two, used.has(b)) || b - a,
    )
    this.#rows.show(all.slice(0, MOST_CIRCUITS))
    const hidden = all.length - MOST_CIRCUITS
    this.#more.hidden = all.length > 0 && hidden <= 0
    setText(this.#more, all.length === 0 ? 'None yet.' : `And ${hidden} more.`)
  }
}

/** Those that carry streams first, then those that are ready for some, then what is on its way out. */
const rank = ({ info, glow }: ShownCircuit, isUsed: boolean): number => {
  if (glow !== undefined) return 4
  if (info.purpose === 'directory') return 3
  if (info.state === 'retired') return isUsed ? 1 : 4
  return isUsed ? 0 : 2
}

class CircuitRow {
  readonly element: HTMLElement
  readonly #model: Model
  readonly #words = make('span', { class: 'ts-soft' })
  readonly #bytes = make('span', { class: 'ts-soft ts-right' })
  readonly #path: Path
  readonly #streams = make('ul', { class: 'ts-streams' })
  readonly #rows: Elements<ShownStream>
  readonly #more = make('p', { class: 'ts-soft' })

  constructor(circuit: ShownCircuit, model: Model, you: string) {
    this.#model = model
    this.#path = new Path(you)
    this.#rows = new Elements(this.#streams, (stream) => new StreamRow(stream, model))
    this.element = make(
      'li',
      { class: 'ts-circuit' },
      make('div', { class: 'ts-row' }, make('h3', {}, `Circuit ${circuit.info.id}`), this.#words, this.#bytes),
      this.#path.element,
      this.#streams,
      this.#more,
    )
  }

  update(circuit: ShownCircuit): void {
    const { info, rateIn, rateOut } = circuit
    const streams = this.#model.streamsOn(info.id)
    const isHeld = streams.some(({ info: stream }) => holdOf(stream) !== undefined)
    setText(this.#words, circuitWords(info, streams.length))
    setText(this.#bytes, `${bytes(info.bytesIn)} in, ${bytes(info.bytesOut)} out`)
    setAttribute(this.element, 'data-state', info.state)
    this.#path.show(info, { rateIn: calm(rateIn), rateOut: calm(rateOut), acknowledges: false, isHeld })
    this.#rows.show(streams.slice(0, MOST_STREAMS).map((stream) => [stream.info.id, stream]))
    this.#streams.hidden = streams.length === 0
    this.#more.hidden = streams.length <= MOST_STREAMS
    setText(this.#more, `And ${streams.length - MOST_STREAMS} more streams.`)
  }
}

/** A circuit's upkeep is a few cells: it is no motion to look at. */
const calm = (perSecond: number): number => (perSecond < 5000 ? 0 : perSecond)

class StreamRow {
  readonly element: HTMLElement
  readonly #model: Model
  readonly #id: number
  readonly #button: HTMLButtonElement
  readonly #state = make('span', { class: 'ts-chip' })
  readonly #flow = make('span', { class: 'ts-soft' })
  readonly #bytes = make('span', { class: 'ts-right' })
  readonly #graph: Graph

  constructor({ info }: ShownStream, model: Model) {
    this.#model = model
    this.#id = info.id
    this.#graph = new Graph(`Throughput of stream ${info.id}`, { small: true })
    this.#button = make('button', { 'type': 'button', 'class': 'ts-target', 'aria-pressed': 'false' }, info.target)
    this.#button.title = 'Show the way of this stream'
    this.#button.addEventListener('click', () => {
      model.chosen = model.chosen === this.#id ? undefined : this.#id
    })
    this.element = make(
      'li',
      { class: 'ts-stream' },
      make('div', { class: 'ts-row' }, this.#button, this.#state, this.#flow, this.#bytes),
      this.#graph.element,
    )
  }

  update(stream: ShownStream): void {
    const { info, rateIn, rateOut } = stream
    const total = rateIn + rateOut
    setAttribute(this.#button, 'aria-pressed', `${this.#model.focus?.info.id === this.#id}`)
    setText(this.#state, streamWords(info, total))
    setAttribute(this.#state, 'data-hold', holdOf(info) ?? (total >= 1 ? 'flows' : 'quiet'))
    setText(this.#flow, flowText(info.flow))
    setText(this.#bytes, `${bytes(info.bytesIn)} in, ${bytes(info.bytesOut)} out, ${rate(total)}`)
    this.#graph.show(stream.historyIn, stream.historyOut)
  }
}

function flowText(flow: ShownStream['info']['flow']): string {
  if (flow === undefined) return ''
  if (flow.kind === 'windows') return `deliver ${flow.deliver}, package ${flow.package} of 500 cells`
  if (flow.xoffSent) return 'XOFF sent'
  return flow.xoffReceived ? 'XOFF received' : 'no XOFF'
}
