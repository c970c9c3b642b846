/**
 * The static site of a page that specs drive, on 127.0.0.1: bundled for browsers in one file, as a service worker cannot
 * import later.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { build } from 'esbuild'
import { ROOT } from '../../../scripts/files.js'

const HTML = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>page</title><body>'

async function bundled(name: string, format: 'esm' | 'iife'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, 'spec', 'browser', 'support', name)],
    bundle: true,
    write: false,
    format,
    platform: 'browser',
    target: 'es2022',
    tsconfig: join(ROOT, 'tsconfig.spec.json'),
    logLevel: 'warning',
  })
  return outputFiles[0]?.text ?? ''
}

/** A site that is served. */
export class PageSite {
  readonly port: number
  /** What was asked for, oldest first. */
  readonly requests: string[] = []
  readonly #server: Server
  readonly #scheme: string

  /** @param identity - a key and a certificate, as PEM: it is served by https: then */
  static async start(identity?: { readonly key: string; readonly cert: string }): Promise<PageSite> {
    const [window, worker] = await Promise.all([bundled('window.ts', 'esm'), bundled('worker.ts', 'iife')])
    const server = identity === undefined ? createServer() : createSecureServer(identity)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    return new PageSite(server, identity === undefined ? 'http' : 'https', {
      '/window.js': window,
      '/worker.js': worker,
    })
  }

  private constructor(server: Server, scheme: string, scripts: Readonly<Record<string, string>>) {
    this.#server = server
    this.#scheme = scheme
    this.port = (server.address() as AddressInfo).port
    server.on('request', (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://site')
      this.requests.push(pathname)
      const script = scripts[pathname]
      if (script === undefined && pathname !== '/') return void response.writeHead(404).end()
      const policy = searchParams.get('policy')
      response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript')
      if (policy !== null) response.setHeader('content-security-policy', policy)
      response.end(script ?? HTML)
    })
  }

  /** The origin, by this name. */
  origin(hostname = '127.0.0.1'): string {
    return `${this.#scheme}://${hostname}:${this.port}`
  }

  /** Stops it, and cuts every connection. */
  async stop(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }
}
