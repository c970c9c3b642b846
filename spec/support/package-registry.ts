/**
 * A registry of npm's kind with a few packages in it, on loopback.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { execFileSync } from 'node:child_process'
import { basename } from 'node:path'

/** A registry that runs. */
export interface PackageRegistry {
  readonly url: string
  /** Names of the packages that are there. */
  readonly names: readonly string[]
  /** Names of the packages that were asked for and are not there. */
  readonly missed: readonly string[]
  close(): void
}

/** Serves these tarballs, each as the one version of its package. */
export async function servePackages(tarballs: readonly string[]): Promise<PackageRegistry> {
  const packages = new Map<string, { manifest: { name: string; version: string }; file: string; content: Buffer }>()
  for (const file of tarballs) {
    const manifest = JSON.parse(execFileSync('tar', ['-xzOf', file, 'package/package.json'], { encoding: 'utf8' })) as {
      name: string
      version: string
    }
    packages.set(manifest.name, { manifest, file: basename(file), content: readFileSync(file) })
  }
  const missed: string[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '').slice(1)
    const tarball = [...packages.values()].find(({ file }) => path === `-/${file}`)
    const found = packages.get(path)
    if (tarball !== undefined) response.end(tarball.content)
    else if (found === undefined) {
      missed.push(path)
      response.writeHead(404).end('{}')
    } else {
      const { manifest, file, content } = found
      const integrity = `sha512-${createHash('sha512').update(content).digest('base64')}`
      const dist = { tarball: `${url}-/${file}`, integrity }
      response.setHeader('Content-Type', 'application/json')
      response.end(
        JSON.stringify({
          'name': manifest.name,
          'dist-tags': { latest: manifest.version },
          'versions': { [manifest.version]: { ...manifest, dist } },
        }),
      )
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  return {
    url,
    names: [...packages.keys()],
    missed,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
