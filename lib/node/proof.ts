/**
 * The proof that an HTTP library asks a hook of ours for its connections.
 *
 * Some libraries are replaced by their runtime, and then drop the hook without a word: the request goes out beside Tor.
 * So the library is told to fetch an address that must never be reached: a port of this machine's own loopback. When it
 * asks the hook for that address it is proven; when it does not, it has done no more than to knock at 127.0.0.1: no
 * name was looked up, and nothing left this machine.
 *
 * @module
 */
import { TorError } from '../base/errors.ts'
import { withheld } from '../base/withheld.ts'
import { runtimeName } from '../platform/runtime/runtime.ts'

/** Makes a request to `url` with the hook in place. Its outcome does not matter. */
export type SendProbe = (url: string) => unknown

const PROBE_HOST = '127.0.0.1'

/** The probes that are under way at one hook. */
export class Probes {
  readonly #waiting = new Map<number, () => void>()

  /**
   * The hook was asked for this address. When that is a probe, it is proven.
   *
   * @returns what the hook must fail with then; undefined for every other address
   */
  answer(address: { readonly hostname: string; readonly port: number }): Error | undefined {
    const prove = address.hostname === PROBE_HOST ? this.#waiting.get(address.port) : undefined
    if (prove === undefined) return undefined
    prove()
    const error = new Error('This was the probe of whether connections are made through Tor; it goes nowhere')
    return Object.assign(error, { code: 'TOR_PROBE' })
  }

  /**
   * Proves that `send` comes to this hook, for `http:` and for `https:`.
   *
   * @throws TorError `HOOK_IGNORED` when it does not
   */
  async prove(send: SendProbe): Promise<void> {
    if (typeof send !== 'function') throw new TypeError('Cannot use send as it is no function')
    for (const protocol of ['http', 'https']) await this.#probe(protocol, send)
  }

  async #probe(protocol: string, send: SendProbe): Promise<void> {
    const port = this.#freePort()
    let cause: unknown
    try {
      const proven = await new Promise<boolean>((resolve) => {
        this.#waiting.set(port, () => resolve(true))
        const over = (error?: unknown): void => {
          cause = error
          resolve(false)
        }
        // Also catches what `send` throws at once.
        void (async () => await send(`${protocol}://${PROBE_HOST}:${port}/`))().then(() => over(), over)
      })
      if (proven) return
    } finally {
      this.#waiting.delete(port)
    }
    const message = `an ${protocol} request did not ask for a connection through Tor: it would go beside it`
    throw new TorError('HOOK_IGNORED', message, cause === undefined ? {} : { cause: withheld(cause) })
  }

  /** A port of those that nobody is assigned (RFC 6335, section 6). */
  #freePort(): number {
    for (;;) {
      const [random] = crypto.getRandomValues(new Uint16Array(1))
      const port = (random ?? 0) | 0xc000
      if (port < 0xffff && !this.#waiting.has(port)) return port
    }
  }
}

/**
 * Refuses to make a hook in a runtime that is known to ignore it in some library's place, unless a proof comes first.
 *
 * @throws TypeError
 */
export function refuseWhereIgnored(runtimes: readonly string[], hook: string, instead: string): void {
  const name = runtimeName()
  if (!runtimes.includes(name)) return
  const why = 'as its own libraries would ignore it and connect beside Tor'
  throw new TypeError(`Cannot make ${hook} in this runtime (${name}) without a proof, ${why}: use ${instead}`)
}

/** A hook that can show that a library uses it. */
export interface ProvableHook {
  /**
   * Proves that `send(url)` asks this hook for its connection, for `http:` and for `https:`.
   *
   * @throws TorError `HOOK_IGNORED` when it does not
   */
  prove(send: SendProbe): Promise<void>
}

/**
 * A fetch that goes through a hook of ours, or fails: the first request waits for the proof that `fetch` uses the hook,
 * and without it none is ever made.
 *
 * ```ts
 * const connector = undiciConnector({ connect: tor.connect })
 * const torFetch = guardedFetch(fetch, { dispatcher: new Agent({ connect: connector }) }, connector)
 * ```
 *
 * @param fetch - the runtime's, undici's, node-fetch's
 * @param init - what makes it use the hook: `{ dispatcher }`, `{ agent }`. A request cannot change it
 * @returns a fetch that rejects with a TorError `HOOK_IGNORED` when the hook is ignored
 */
export function guardedFetch<Input, Init extends object, Answer>(
  fetch: (input: Input, init?: Init) => Promise<Answer>,
  init: NoInfer<Init>,
  hook: ProvableHook,
): (input: Input, init?: Init) => Promise<Answer> {
  if (typeof fetch !== 'function') throw new TypeError('Cannot use fetch as it is no function')
  let proof: Promise<void> | undefined
  return async (input, more) => {
    proof ??= hook.prove((url) => fetch(url as Input, init))
    await proof
    return await fetch(input, { ...more, ...init })
  }
}
