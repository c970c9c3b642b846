/**
 * Directory servers that are functions, asked in their order as a DocumentSource asks them.
 *
 * @module
 */
import type { RequestHeaders } from '../../../lib/client/bootstrap/sources/directory-request.ts'
import { TorError } from '../../../lib/base/errors.ts'
import type { DocumentRequest, DocumentSource } from '../../../lib/client/bootstrap/sources/document-source.ts'

/** The document that a server has at a path; undefined when it has none. */
export type FakeServer = (path: string, lane: number, headers?: RequestHeaders) => string | undefined | Promise<string>

export class FakeSource implements Pick<DocumentSource, 'fetch' | 'release'> {
  servers: readonly FakeServer[]
  /** Whether the next server is asked when the request says so, and not at once. */
  waits = false
  /** What was asked, and of which server by its index. */
  readonly asked: { readonly path: string; readonly server: number }[] = []
  /** The indices of servers whose documents had what those before lacked. */
  readonly outdoing: number[] = []

  constructor(...servers: readonly FakeServer[]) {
    this.servers = servers
  }

  async fetch<T>(
    { path, headers, lane = 0, lacked, between }: DocumentRequest,
    accept: (text: string, outdo: () => void) => Promise<T> | T,
  ): Promise<T> {
    let failure: unknown = new TorError('DIRECTORY_UNAVAILABLE', 'no directory server could be asked')
    for (const [server, documentAt] of this.servers.entries()) {
      if (server > 0 && this.waits && (await between?.(false)) === false) break
      const asked = typeof path === 'string' ? path : path()
      this.asked.push({ path: asked, server })
      try {
        const text = await documentAt(asked, lane, headers?.() ?? {})
        if (text === undefined) throw new TorError('DIRECTORY_UNAVAILABLE', 'the relay answered 404')
        return await accept(text, () => this.outdoing.push(server))
      } catch (error) {
        failure = error
        lacked?.()
      }
    }
    throw failure as TorError
  }

  release(): void {
    // it has learned nothing
  }
}
