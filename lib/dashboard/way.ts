/**
 * The way of one stream in detail: who reads on this side, what waits there, which windows are open, the relays between,
 * and the far end, as far as anybody knows it.
 *
 * @module
 */
import type { StreamInfo } from '../client/watch/circuit-info.ts'
import { make, setText } from './elements.ts'
import { bytes, holdOf, rate, streamSentence } from './format.ts'
import { WindowGauge } from './gauge.ts'
import type { ShownCircuit, ShownStream } from './model.ts'
import { Path, STILL } from './path.ts'

/** What is known of the far end: only a network of one's own tells. */
export interface FarEnd {
  /** The cells that it may still send; Infinity where only an XOFF stops it. */
  readonly maySend: number
  /** Bytes that it has sent. */
  readonly sent: number
}

/** What the path leads to. */
const FAR = 'the far end'

/** The bytes of a stream's window of 500 cells: more than that does not wait under windows. */
const WINDOW_BYTES = 249_000

export class Way {
  readonly element: HTMLElement
  readonly #you: string
  readonly #say = make('p', { class: 'ts-say', role: 'status' })
  readonly #path: Path
  readonly #near: HTMLElement
  readonly #fill = make('i', { class: 'ts-fill' })
  readonly #waiting = make('span', { class: 'ts-tank-text' })
  readonly #readRate = make('span', { class: 'ts-number' })
  readonly #deliver = new WindowGauge('Deliver window', 'cells may still come')
  readonly #nearLamp = make('p', { class: 'ts-lamp' })
  readonly #far: HTMLElement
  readonly #farName = make('span', { class: 'ts-target' })
  readonly #farState = make('span', { class: 'ts-number' })
  readonly #farSent = make('p', { class: 'ts-soft' })
  readonly #maySend = new WindowGauge('May still send', 'cells')
  readonly #farLamp = make('p', { class: 'ts-lamp' })
  readonly #backLegend = make('span', { class: 'ts-legend-back' }, 'SENDMEs: 50 cells more may come')

  /** @param you - who reads on this side: `this page` */
  constructor(you: string) {
    this.#you = you
    this.#path = new Path(you)
    this.#near = make(
      'div',
      { class: 'ts-card ts-end' },
      make('h2', {}, you.charAt(0).toUpperCase() + you.slice(1)),
      make('p', {}, make('span', { class: 'ts-label' }, 'reads '), this.#readRate),
      make('div', { class: 'ts-tank' }, this.#fill, this.#waiting),
      this.#deliver.element,
      this.#nearLamp,
    )
    this.#far = make(
      'div',
      { class: 'ts-card ts-end' },
      make('h2', {}, 'Far end'),
      make('p', {}, this.#farName),
      make('p', {}, this.#farState),
      this.#farSent,
      this.#maySend.element,
      this.#farLamp,
    )
    this.element = make(
      'section',
      { 'class': 'ts-way', 'aria-label': 'The way of a stream' },
      this.#say,
      make('div', { class: 'ts-track' }, this.#near, this.#path.element, this.#far),
      make('p', { class: 'ts-legend' }, make('span', {}, 'data'), this.#backLegend),
    )
  }

  /** What is told while there is no stream, or in place of what the stream would tell. */
  say(sentence: string): void {
    setText(this.#say, sentence)
  }

  /** Draws a stream on its circuit; without a stream a circuit that is ready for one. */
  show(stream: ShownStream | undefined, circuit: ShownCircuit | undefined, far: FarEnd | undefined): void {
    this.element.classList.toggle('ts-idle', stream === undefined)
    if (stream === undefined) {
      this.#path.show(circuit?.info, STILL, FAR)
      this.#showNothing()
      return
    }
    const { info, rateIn, rateOut } = stream
    const hold = holdOf(info)
    const total = rateIn + rateOut
    this.#path.show(
      circuit?.info,
      {
        rateIn,
        rateOut,
        acknowledges: info.flow?.kind === 'windows',
        isHeld: hold !== undefined,
      },
      FAR,
    )
    setText(this.#say, streamSentence(info, total, this.#you))
    setText(this.#readRate, rate(rateIn))
    this.#showTank(info)
    this.#showNear(info)
    setText(this.#farName, info.target)
    this.#showFar(info, far, rateIn)
    this.#near.classList.toggle('ts-held', hold === 'reader' && total < 1)
    this.#far.classList.toggle('ts-held', hold !== undefined && total < 1)
  }

  #showNothing(): void {
    setText(this.#readRate, rate(0))
    setText(this.#waiting, 'nothing waits here')
    this.#fill.style.setProperty('--level', '0')
    this.#deliver.element.hidden = this.#maySend.element.hidden = true
    this.#nearLamp.hidden = this.#farLamp.hidden = true
    setText(this.#farName, 'nobody yet')
    setText(this.#farState, '')
    setText(this.#farSent, '')
    this.#near.classList.remove('ts-held')
    this.#far.classList.remove('ts-held')
  }

  #showTank({ waiting, flow }: StreamInfo): void {
    // Under congestion control a little more than this may wait before the XOFF is obeyed.
    const most = flow?.kind === 'congestion-control' ? WINDOW_BYTES * 2 : WINDOW_BYTES
    this.#fill.style.setProperty('--level', Math.min(1, waiting / most).toFixed(3))
    setText(this.#waiting, waiting === 0 ? 'nothing waits here' : `${bytes(waiting)} wait to be read`)
  }

  #showNear({ flow }: StreamInfo): void {
    this.#deliver.element.hidden = flow?.kind !== 'windows'
    if (flow?.kind === 'windows') this.#deliver.show(flow.deliver)
    this.#backLegend.hidden = flow?.kind !== 'windows'
    this.#nearLamp.hidden = flow?.kind !== 'congestion-control'
    if (flow?.kind === 'congestion-control') lamp(this.#nearLamp, flow.xoffSent, 'XOFF sent: stop', 'no XOFF: go on')
  }

  #showFar({ flow }: StreamInfo, far: FarEnd | undefined, rateIn: number): void {
    const isWindows = flow?.kind === 'windows'
    this.#maySend.element.hidden = !isWindows || far === undefined
    if (far !== undefined && isWindows) this.#maySend.show(far.maySend)
    this.#farLamp.hidden = isWindows || far === undefined
    if (far !== undefined && !isWindows)
      lamp(this.#farLamp, far.maySend === 0, 'XOFF came: it stands still', 'nothing holds it back')
    setText(this.#farState, rateIn >= 1 ? `sends ${rate(rateIn)}` : isStopped(far, flow) ? 'stands still' : 'is quiet')
    setText(
      this.#farSent,
      far === undefined ? 'What it may still send, it knows by itself.' : `has sent ${bytes(far.sent)}`,
    )
  }
}

const isStopped = (far: FarEnd | undefined, flow: StreamInfo['flow']): boolean =>
  far !== undefined ? far.maySend === 0 : flow?.kind === 'windows' ? flow.deliver === 0 : flow?.xoffSent === true

function lamp(element: HTMLElement, isStop: boolean, stop: string, go: string): void {
  element.classList.toggle('ts-stop', isStop)
  setText(element, isStop ? stop : go)
}
