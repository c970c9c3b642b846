/**
 * `npm run page`: the page of examples/page as static files, in .build/page: any static server can show them.
 *
 * @module
 */
import { cpSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename, extname, join, sep } from 'node:path'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { ROOT } from './files.js'

const SOURCE = join(ROOT, 'examples', 'page')

/** Where the page is built. */
export const PAGE = join(ROOT, '.build', 'page')

/** The module that has the public network, as esbuild is asked for it. */
const PUBLIC_NETWORK = { filter: /[\\/]public-network\.ts$/ }

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css; charset=utf-8'],
  ['.js', 'text/javascript; charset=utf-8'],
])

/**
 * Builds the page into `outdir`.
 *
 * @param {string} [outdir]
 * @param {string} [authorities] The `DirAuthority` lines of a test network that takes the public one's place: for specs.
 */
export async function buildPage(outdir = PAGE, authorities) {
  const given = () => ({
    contents: `import { parseDirAuthorityLines } from './dir-authority-lines.ts'
      const authorities = parseDirAuthorityLines(${JSON.stringify(authorities)})
      export const publicNetwork = () => ({ authorities, fallbacks: [], testing: true })`,
    resolveDir: join(ROOT, 'lib', 'directory', 'network'),
    loader: /** @type {const} */ ('ts'),
  })
  rmSync(outdir, { recursive: true, force: true })
  mkdirSync(outdir, { recursive: true })
  await build({
    entryPoints: [join(SOURCE, 'page.ts')],
    outdir,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    tsconfig: join(ROOT, 'tsconfig.spec.json'),
    chunkNames: 'chunk-[hash]',
    logLevel: 'warning',
    plugins:
      authorities === undefined ? [] : [{ name: 'network', setup: (build) => build.onLoad(PUBLIC_NETWORK, given) }],
  })
  for (const name of ['index.html', 'page.css']) cpSync(join(SOURCE, name), join(outdir, name))
}

/**
 * Serves a folder of static files on loopback, to whoever asks it by that name.
 *
 * @param {string} folder
 * @param {number} [port]
 * @returns {Promise<{ url: string, requests: string[], close(): Promise<void> }>}
 */
export async function servePage(folder = PAGE, port = 0) {
  /** @type {string[]} */
  const requests = []
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1')
    requests.push(pathname)
    const file = join(folder, pathname === '/' ? 'index.html' : decodeURIComponent(pathname))
    if (!file.startsWith(folder + sep) || statSync(file, { throwIfNoEntry: false })?.isFile() !== true) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(200, {
      'content-type': TYPES.get(extname(file)) ?? 'application/octet-stream',
      'x-content-type-options': 'nosniff',
    })
    response.end(readFileSync(file))
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(undefined)))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port')
  return {
    url: `http://127.0.0.1:${address.port}/`,
    requests,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

if (argv[1] !== undefined && basename(argv[1]) === 'page.js' && argv[1] === fileURLToPath(import.meta.url)) {
  await buildPage()
  console.log(`the page is in ${PAGE}`)
}
