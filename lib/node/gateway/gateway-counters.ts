/**
 * What a gateway knows of what it did: numbers, and nothing of whom.
 *
 * @module
 */

/** Numbers since the gateway began. */
export interface GatewayCounters {
  /** Links that are open now. */
  readonly links: number
  /** Links that were opened. */
  readonly opened: number
  /** Bytes of links, from pages to relays. */
  readonly bytesToRelays: number
  /** Bytes of links, from relays to pages. */
  readonly bytesFromRelays: number
  /** Directories that were handed out. */
  readonly directories: number
  /** Requests that were refused, by the status of the answer. */
  readonly refused: Readonly<Record<number, number>>
  /** Links that were ended because the page broke the protocol, or sent too many pings. */
  readonly broken: number
  /** Links that were ended because nothing passed, or because the page was gone without a word. */
  readonly idle: number
}

/** The same, as they are counted. */
export class Counters {
  links = 0
  opened = 0
  bytesToRelays = 0
  bytesFromRelays = 0
  directories = 0
  broken = 0
  idle = 0
  readonly #refused = new Map<number, number>()

  /** A request was answered with `status`. */
  refuse(status: number): void {
    this.#refused.set(status, (this.#refused.get(status) ?? 0) + 1)
  }

  /** As they are now. */
  get now(): GatewayCounters {
    const { links, opened, bytesToRelays, bytesFromRelays, directories, broken, idle } = this
    const refused = Object.fromEntries(this.#refused)
    return { links, opened, bytesToRelays, bytesFromRelays, directories, refused, broken, idle }
  }
}
