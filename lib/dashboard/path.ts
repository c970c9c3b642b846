/**
 * A circuit as a path: this side, each relay, and what lies behind the last one, with pipes between them in which data
 * moves as fast as it really does.
 *
 * @module
 */
import type { CircuitSummary } from '../client/watch/circuit-info.ts'
import type { RelayInfo } from '../stream/contract/socket-info.ts'
import { make, setAttribute, setPace, setText } from './elements.ts'

/** At this many bytes a second data moves at the usual pace. */
const USUAL_RATE = 250_000

/** What moves in the pipes. */
export interface Motion {
  /** Bytes a second towards this side. */
  readonly rateIn: number
  /** Bytes a second away from it. */
  readonly rateOut: number
  /** Whether SENDMEs go out. */
  readonly acknowledges: boolean
  /** Somebody does not read: what is in the pipes stands still. */
  readonly isHeld: boolean
}

/** Nothing moves. */
export const STILL: Motion = { rateIn: 0, rateOut: 0, acknowledges: false, isHeld: false }

const ROLES = ['guard', 'middle', 'exit'] as const

/** A path, drawn. */
export class Path {
  readonly element: HTMLOListElement
  readonly #from: string
  #shape = ''
  #relays: readonly HTMLLIElement[] = []
  #pipes: readonly HTMLElement[] = []

  /** @param from - what this side is called */
  constructor(from: string) {
    this.#from = from
    this.element = make('ol', { class: 'ts-path' })
  }

  /**
   * Draws a circuit.
   *
   * @param to - what lies behind the last relay, if something is to be drawn there
   */
  show(circuit: CircuitSummary | undefined, motion: Motion, to?: string): void {
    const path = circuit?.path ?? []
    const shape = `${circuit?.id}/${path.length}/${to ?? ''}`
    if (shape !== this.#shape) this.#build(path, to)
    this.#shape = shape
    const hops = circuit?.hops ?? 0
    for (const [index, relay] of this.#relays.entries()) relay.classList.toggle('ts-pending', index >= hops)
    for (const [index, pipe] of this.#pipes.entries()) show(pipe, index < hops || hops === path.length ? motion : STILL)
    for (const [index, pipe] of this.#pipes.entries())
      pipe.classList.toggle('ts-pending', index >= hops && hops < path.length)
  }

  #build(path: readonly RelayInfo[], to: string | undefined): void {
    const ends = [this.#from, ...(to === undefined ? [] : [to])].map((text) =>
      make('li', { class: 'ts-node ts-node-end' }, make('span', { class: 'ts-dot' }), make('b', {}, text)),
    )
    this.#relays = path.map((relay, index) =>
      relayElement(relay, path.length === 1 ? 'directory' : roleOf(index, path.length)),
    )
    const nodes = [ends[0] as HTMLLIElement, ...this.#relays, ...ends.slice(1)]
    this.#pipes = nodes.slice(1).map(() => pipeElement())
    for (const [index, node] of nodes.slice(1).entries()) node.prepend(this.#pipes[index] as HTMLElement)
    this.element.replaceChildren(...nodes)
    this.element.style.setProperty('--relays', `${Math.max(1, path.length)}`)
    setAttribute(
      this.element,
      'aria-label',
      `From ${this.#from} through ${path.length} relays${to === undefined ? '' : ` to ${to}`}`,
    )
  }
}

const roleOf = (index: number, length: number): string =>
  index === 0 ? ROLES[0] : index === length - 1 ? ROLES[2] : ROLES[1]

function relayElement({ nickname, fingerprint, flags, country }: RelayInfo, role: string): HTMLLIElement {
  const name = nickname ?? `${fingerprint.slice(0, 8)}…`
  const node = make(
    'li',
    { class: `ts-node ts-node-${role}`, title: `${name}\n${fingerprint}\n${flags.join(' ')}` },
    make('span', { class: 'ts-dot' }),
    make('b', {}, name),
    make('small', {}, role),
  )
  if (country !== undefined) setText(node.appendChild(make('small', { class: 'ts-country' })), country)
  return node
}

/** A pipe: data in the one lane, SENDMEs the other way in the other. */
export function pipeElement(): HTMLElement {
  return make(
    'span',
    { 'class': 'ts-pipe', 'aria-hidden': 'true' },
    make('i', { class: 'ts-data' }),
    make('i', { class: 'ts-back' }),
  )
}

function show(pipe: HTMLElement, { rateIn, rateOut, acknowledges, isHeld }: Motion): void {
  const [data, back] = pipe.children as unknown as readonly [HTMLElement, HTMLElement]
  const most = Math.max(rateIn, rateOut)
  const moves = most >= 1
  pipe.classList.toggle('ts-up', rateOut > rateIn)
  pipe.classList.toggle('ts-moves', moves)
  pipe.classList.toggle('ts-held', isHeld && !moves)
  pipe.classList.toggle('ts-acks', acknowledges && moves)
  // The root keeps both a trickle and a flood within what the eye can follow.
  const pace = moves ? Math.max(0.15, Math.min(4, Math.sqrt(most / USUAL_RATE))) : 0
  setPace(data, pace)
  setPace(back, acknowledges ? Math.max(0.15, pace / 2) : 0)
}
