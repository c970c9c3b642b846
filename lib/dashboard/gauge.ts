/**
 * A window as ten blocks, one for each SENDME: they go dark as cells arrive, and light up as SENDMEs go out.
 *
 * @module
 */
import { make, setAttribute, setText } from './elements.ts'
import { STEP, WINDOW } from './format.ts'

/** A stream's window, drawn. */
export class WindowGauge {
  readonly element: HTMLElement
  readonly #blocks: readonly HTMLElement[]
  readonly #text = make('span', { class: 'ts-gauge-text' })
  readonly #bar: HTMLElement
  readonly #unit: string

  /**
   * @param name - what it is called
   * @param unit - what the number means: `cells may still come`
   */
  constructor(name: string, unit: string) {
    this.#unit = unit
    this.#blocks = Array.from({ length: WINDOW / STEP }, () => make('i', { class: 'ts-block' }))
    this.#bar = make(
      'div',
      { 'class': 'ts-blocks', 'role': 'meter', 'aria-label': name, 'aria-valuemin': '0', 'aria-valuemax': `${WINDOW}` },
      ...this.#blocks,
    )
    this.element = make('div', { class: 'ts-gauge' }, make('span', { class: 'ts-label' }, name), this.#bar, this.#text)
  }

  /** Shows that so many cells are left. */
  show(cells: number): void {
    const left = Math.max(0, Math.min(WINDOW, Math.floor(cells)))
    setAttribute(this.#bar, 'aria-valuenow', `${left}`)
    setAttribute(this.#bar, 'aria-valuetext', `${left} ${this.#unit}`)
    this.#bar.classList.toggle('ts-empty', left < STEP)
    for (const [index, block] of this.#blocks.entries()) {
      const part = Math.max(0, Math.min(1, (left - index * STEP) / STEP))
      block.style.setProperty('--part', part.toFixed(2))
    }
    setText(this.#text, `${left} ${this.#unit}`)
  }
}
