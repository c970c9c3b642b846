/**
 * What a client does, drawn live: how far it is, the way of one stream in detail, throughput, and every circuit with its
 * streams. It draws from `tor.watch()` and from nothing else, and at most once a frame.
 *
 * @module
 */
import type { ClientStatus } from '../client/bootstrap/status.ts'
import type { ClientEvent } from '../client/watch/client-event.ts'
import { CircuitsView } from './circuits-view.ts'
import { make, setAttribute, setText } from './elements.ts'
import { Graph } from './graph.ts'
import { Model, type ShownCircuit, type ShownStream } from './model.ts'
import { addStyles } from './styles.ts'
import { Way, type FarEnd } from './way.ts'

/** Options of a {@link Dashboard}. */
export interface DashboardOptions {
  /**
   * Who reads on this side, as it is told.
   *
   * @defaultValue 'this page'
   */
  readonly you?: string | undefined
  /** What is known of the far end of a stream, in a network of one's own. Asked for each drawing. */
  readonly farEnd?: ((target: string) => FarEnd | undefined) | undefined
}

/**
 * Draws a client into an element.
 *
 * ```ts
 * const dashboard = new Dashboard(document.querySelector('main'))
 * await dashboard.follow(tor.watch({ interval: 250 }))
 * ```
 */
export class Dashboard {
  /** Where the controls of whoever shows it belong: under the way of the stream that they steer. */
  readonly controls: HTMLElement = make('div', { class: 'ts-controls' })
  readonly #model = new Model()
  readonly #farEnd: DashboardOptions['farEnd']
  readonly #root: HTMLElement
  readonly #phase = make('span', { class: 'ts-phase', role: 'status' })
  readonly #bar: HTMLElement
  readonly #warnings = make('p', { class: 'ts-warnings', role: 'alert' })
  readonly #way: Way
  readonly #graph = new Graph('Throughput of all circuits')
  readonly #circuits: CircuitsView
  #problem: string | undefined
  #frame: number | undefined

  /** @param root - gets the drawing in place of what is in it */
  constructor(root: HTMLElement, { you = 'this page', farEnd }: DashboardOptions = {}) {
    addStyles(root.ownerDocument)
    this.#root = root
    this.#farEnd = farEnd
    this.#way = new Way(you)
    this.#circuits = new CircuitsView(this.#model, you)
    this.#bar = make(
      'div',
      {
        'class': 'ts-bar',
        'role': 'progressbar',
        'aria-label': 'Bootstrap',
        'aria-valuemin': '0',
        'aria-valuemax': '100',
      },
      make('i'),
    )
    const legend = make(
      'p',
      { class: 'ts-legend' },
      make('span', {}, 'comes in'),
      make('span', { class: 'ts-legend-out' }, 'goes out'),
    )
    const throughput = make(
      'section',
      { 'class': 'ts-card', 'aria-labelledby': 'ts-throughput' },
      make('h2', { id: 'ts-throughput' }, 'Throughput'),
      this.#graph.element,
      legend,
    )
    root.classList.add('ts-dashboard')
    root.replaceChildren(
      make('div', { class: 'ts-status' }, this.#phase, this.#bar, this.#warnings),
      this.#way.element,
      make(
        'div',
        { class: 'ts-columns' },
        this.controls,
        make('div', { class: 'ts-side' }, throughput, this.#circuits.element),
      ),
    )
    this.#draw()
  }

  /** Shows a status: before there is a client to watch, its `onProgress` tells it. */
  status(status: ClientStatus): void {
    this.#model.apply({ type: 'status', status })
    this.#drawSoon()
  }

  /** Says what is wrong, in place of what a stream would tell; undefined when nothing is. */
  problem(sentence: string | undefined): void {
    this.#problem = sentence
    this.#drawSoon()
  }

  /** Forgets what is drawn: another client follows. */
  clear(): void {
    this.#model.clear()
    this.#drawSoon()
  }

  /** Draws what a client tells, until that ends. Rejects when it breaks. */
  async follow(events: ReadableStream<ClientEvent>): Promise<void> {
    const reader = events.getReader()
    for (;;) {
      const { value, done } = await reader.read()
      if (done) return
      this.#model.apply(value)
      this.#drawSoon()
    }
  }

  #drawSoon(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined
      this.#draw()
    })
  }

  #draw(): void {
    const model = this.#model
    const { phase, percent, message, warnings } = model.status
    setText(this.#phase, message)
    setAttribute(this.#phase, 'data-phase', phase)
    setAttribute(this.#bar, 'aria-valuenow', `${percent}`)
    this.#bar.style.setProperty('--done', `${percent / 100}`)
    this.#bar.hidden = phase === 'ready'
    setText(this.#warnings, warnings.join(' '))
    this.#root.classList.toggle('ts-problem', this.#problem !== undefined)
    const stream = model.focus
    this.#way.show(stream, this.#circuitOf(stream), stream && this.#farEnd?.(stream.info.target))
    if (this.#problem !== undefined) this.#way.say(this.#problem)
    else if (stream === undefined) this.#way.say(this.#idleSentence())
    this.#graph.show(model.historyIn, model.historyOut)
    this.#circuits.show()
  }

  /** The circuit of the stream; without a stream the one that the next may take. */
  #circuitOf(stream: ShownStream | undefined): ShownCircuit | undefined {
    const { circuits } = this.#model
    if (stream !== undefined) return stream.info.circuit === undefined ? undefined : circuits.get(stream.info.circuit)
    const all = [...circuits.values()].filter(({ info, glow }) => glow === undefined && info.purpose === 'streams')
    return all.find(({ info }) => info.state === 'open') ?? all[0]
  }

  #idleSentence(): string {
    const { phase, message, percent } = this.#model.status
    if (phase === 'closed') return 'The client is closed.'
    if (phase !== 'ready') return `${message}: ${percent} %.`
    return 'Ready: circuits through three relays stand, and nothing is on its way.'
  }
}
