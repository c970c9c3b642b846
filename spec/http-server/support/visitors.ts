/**
 * A service in this process: its visitors are scripted, and what they are answered is kept.
 *
 * @module
 */
import type { FetchHandler } from '../../../lib/http-server/fetch-handler.ts'
import type { ServeFetchOptions } from '../../../lib/http-server/fetch-server-options.ts'
import { serveFetch, type FetchServer, type FetchService } from '../../../lib/http-server/serve-fetch.ts'
import type { HttpSocket } from '../../../lib/http/connection/http-socket.ts'
import { textOf } from '../../fetch/support/outcome.ts'
import { ScriptedConnection, type SeenRequest } from '../../fetch/support/scripted-server.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { quiet } from '../../support/turn.ts'

/** The address of the service. */
export const HOST = 'abc.onion'

/** An answer as it came; its `line` is the status line. */
export type SeenAnswer = SeenRequest

/** A service, its server and its visitors. */
export class Visitors {
  readonly clock = new FakeClock()
  readonly server: FetchServer
  /** What `onError` was told. */
  readonly errors: unknown[] = []
  /** The requests that the handler got. */
  readonly requests: Request[] = []
  /** The application has cancelled the streams of visitors. */
  isCancelled = false
  readonly #handled: Promise<unknown>[] = []
  #take!: ReadableStreamDefaultController<HttpSocket>

  constructor(handler: FetchHandler, options: ServeFetchOptions = {}) {
    const incoming = new ReadableStream<HttpSocket>({
      start: (controller) => void (this.#take = controller),
      cancel: () => void (this.isCancelled = true),
    })
    const service: FetchService = { incoming }
    const kept: FetchHandler = (request) => {
      this.requests.push(request)
      const response = (async () => await handler(request))()
      this.#handled.push(response.catch(() => undefined)) // the server's to deal with
      return response
    }
    const onError = (error: unknown): void => void this.errors.push(error)
    this.server = serveFetch(service, kept, { clock: this.clock, onError, ...options })
  }

  /** Somebody comes, and sends this. */
  visit(...sent: readonly string[]): ScriptedConnection {
    const visitor = new ScriptedConnection({ hostname: HOST, port: 80 }, { secureTransport: 'off' }, () => undefined)
    visitor.open({ localAddress: `${HOST}:80` })
    this.#take.enqueue(visitor.socket)
    visitor.send(...sent)
    return visitor
  }

  /** Somebody comes, sends this, and gets what there is to get without time. */
  async ask(...sent: readonly string[]): Promise<ScriptedConnection> {
    const visitor = this.visit(...sent)
    await settled()
    return visitor
  }

  /** The handler is done with every request: what reads bodies is the runtime's, and may take turns that nothing else shows. */
  async handled(): Promise<void> {
    for (let before = -1; before !== this.#handled.length;) {
      before = this.#handled.length
      await settled()
      await Promise.all(this.#handled)
      await settled()
    }
  }

  /** The service has closed. */
  end(): void {
    this.#take.close()
  }
}

/** What the first visitor makes a server load is there. */
export const loaded = async (): Promise<void> => void (await import('../../../lib/http-server/visit.ts'))

/** Waits until nothing happens without time. */
export const settled = (): Promise<void> => quiet(12)

/** A head of these lines. */
export const head = (...lines: readonly string[]): string => [...lines, '', ''].join('\r\n')

/** A request for the service. */
export const ask = (line: string, ...fields: readonly string[]): string =>
  head(`${line} HTTP/1.1`, `Host: ${HOST}`, ...fields)

/** The status codes of what came. */
export const statuses = ({ requests }: ScriptedConnection): number[] =>
  requests.map(({ line }) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(line)?.[1]))

/** The body of a request, read by nothing but its stream: without turns of the runtime's own. */
export const bodyOf = async (request: Request): Promise<string> =>
  request.body === null ? '' : await textOf(request.body)
