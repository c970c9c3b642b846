/**
 * The site of a benchmark that runs in a page: a page without anything in it, and the benchmark's own program for it as
 * `/client.js`.
 *
 * @module
 */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'

/** A site that listens on 127.0.0.1. */
export interface PageSite {
  readonly server: Server
  readonly port: number
}

/**
 * Bundles a program and serves it.
 *
 * @param client - the program's file
 * @param files - what else there is, by its path
 */
export async function servePageOf(
  client: string,
  files: ReadonlyMap<string, string | Uint8Array> = new Map(),
): Promise<PageSite> {
  const { outputFiles } = await build({
    entryPoints: [client],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
  })
  const script = outputFiles[0]?.contents
  const server = createServer(({ url = '' }, response) => {
    const isScript = url === '/client.js'
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html')
    response.end(
      isScript ? script : (files.get(url) ?? '<!doctype html><link rel="icon" href="data:,"><title>page</title>'),
    )
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { server, port: (server.address() as AddressInfo).port }
}
