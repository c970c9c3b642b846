/**
 * What this process itself does on the network while it is recorded, whoever does it and by which module.
 *
 * @module
 */
import { AsyncLocalStorage, createHook } from 'node:async_hooks'

/** The asynchronous resources of Node that go out otherwise: names asked of the system or by c-ares, pipes, UDP. */
const OTHER_WAYS: ReadonlySet<string> = new Set([
  'GETADDRINFOREQWRAP',
  'GETNAMEINFOREQWRAP',
  'QUERYWRAP',
  'PIPECONNECTWRAP',
  'UDPWRAP',
])

/** A connection that is being made. Node fills this in after it has announced the resource. */
interface Connecting {
  readonly address?: string
  readonly port?: number
}

/** A recorder. What was begun before it starts is not seen. */
export class Outgoing {
  /** The type of each resource by which this process looked up a name, or went out in another way than by TCP. */
  readonly otherWays: string[] = []
  readonly #connecting: Connecting[] = []
  readonly #apart = new AsyncLocalStorage<true>()
  readonly #hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (this.#apart.getStore() === true) return
      if (OTHER_WAYS.has(type)) this.otherWays.push(type)
      if (type === 'TCPCONNECTWRAP') this.#connecting.push(resource)
    },
  })

  /** Where each TCP connection was to, TLS or not, as `address:port`. */
  get connections(): string[] {
    return this.#connecting.map(({ address, port }) => `${address}:${port}`)
  }

  /** Does what is not recorded, nor what comes of it. */
  apart<T>(work: () => T): T {
    return this.#apart.run(true, work)
  }

  start(): void {
    this.#hook.enable()
  }

  stop(): void {
    this.#hook.disable()
  }
}
