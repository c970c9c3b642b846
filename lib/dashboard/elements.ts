/**
 * Elements, made in one line each, and changed only where something has changed.
 *
 * @module
 */

const SVG = 'http://www.w3.org/2000/svg'

/** Attributes by name; `class` and `aria-…` as they are in HTML. */
export type Attributes = Readonly<Record<string, string>>

/** Makes an element. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** Makes an element of SVG. */
export function draw<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Node[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value)
  element.append(...children)
  return element
}

/** Sets the text of an element: what reads it aloud shall not hear the same again and again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** Sets an attribute, or takes it away. */
export function setAttribute(element: Element, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name)
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}

/** How fast what moves on an element goes: 1 is usual, 0 stands still. It never jumps. */
export function setPace(element: Element, pace: number): void {
  for (const animation of element.getAnimations())
    if (Math.abs(animation.playbackRate - pace) > 0.01) animation.playbackRate = pace
}

/**
 * Keeps one element for each item, in their order: made when the item comes, removed when it has gone. The others stay
 * where they are, with what is focused in them.
 */
export class Elements<Item> {
  readonly #parent: Element
  readonly #parts = new Map<number, { readonly element: Element; update(item: Item): void }>()
  readonly #make: (item: Item) => { readonly element: Element; update(item: Item): void }

  /** @param make - makes the element of an item, and what updates it */
  constructor(parent: Element, make: (item: Item) => { readonly element: Element; update(item: Item): void }) {
    this.#parent = parent
    this.#make = make
  }

  /** Shows these items, each by its number. */
  show(items: readonly (readonly [id: number, item: Item])[]): void {
    const wanted = new Set(items.map(([id]) => id))
    for (const [id, { element }] of this.#parts) {
      if (wanted.has(id)) continue
      element.remove()
      this.#parts.delete(id)
    }
    let place = this.#parent.firstElementChild
    for (const [id, item] of items) {
      let part = this.#parts.get(id)
      if (part === undefined) this.#parts.set(id, (part = this.#make(item)))
      part.update(item)
      if (part.element === place) place = place.nextElementSibling
      else this.#parent.insertBefore(part.element, place)
    }
  }
}
