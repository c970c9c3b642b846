/**
 * How TypeScript of this repository becomes JavaScript that any engine runs: one esbuild call, the same for specs,
 * examples and the benchmark. `splitting` keeps a single copy of each module of lib, so that `instanceof` and module
 * state hold across specs.
 *
 * `tor-streams` and its entries are lib itself, by the `paths` of tsconfig.spec.json, so that examples read as a user
 * writes them.
 *
 * A file named `*.worker.ts` is an entry of its own, found at run time with `new URL('./name.worker.js',
 * import.meta.url)` from a module of the same folder that is itself an entry.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { build } from 'esbuild'
import { filesBelow, ROOT } from './files.js'

/** Packages that bring a program or read their own files, and so stay where they are. Only Node specs import them. */
const EXTERNAL = [
  'node:*',
  'esbuild',
  'typescript',
  'webpack',
  'rollup',
  '@rollup/plugin-node-resolve',
  'puppeteer-core',
  'undici6',
  'undici7',
  'undici8',
  'got',
  'axios',
  'node-fetch',
  'ws',
  'pg',
  'mysql2',
  'ioredis',
  'mqtt',
  'nodemailer',
  'smtp-server',
  'ssh2',
  'ky',
  'socks-proxy-agent',
  'http-proxy-agent',
  'https-proxy-agent',
  'viem',
  'ethers',
  '@grpc/grpc-js',
]

/**
 * A folder of this process below .build, so that two runs in one clone do not mix. Those of processes that are gone are
 * removed.
 *
 * @param {string} name
 */
export function outputFolder(name) {
  const parent = join(ROOT, '.build', name)
  for (const pid of existsSync(parent) ? readdirSync(parent) : []) {
    if (!isAlive(Number(pid))) rmSync(join(parent, pid), { recursive: true, force: true })
  }
  const folder = join(parent, String(process.pid))
  mkdirSync(folder, { recursive: true })
  return folder
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false // There is no such process.
  }
}

/**
 * Bundles `entries` into `outdir`. Output files keep their path below `outbase`.
 *
 * @param {{ entries: readonly string[], outdir: string, outbase: string }} options
 * @returns {Promise<import('esbuild').Metafile>}
 */
export async function bundle({ entries, outdir, outbase }) {
  const folders = [...new Set(entries.map((entry) => dirname(entry)))]
  const workers = folders.flatMap((folder) => filesBelow(folder, '.worker.ts', { deep: false }))
  const { metafile } = await build({
    entryPoints: [...entries, ...workers],
    outdir,
    outbase,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    tsconfig: join(ROOT, 'tsconfig.spec.json'),
    external: EXTERNAL,
    chunkNames: 'chunks/[name]-[hash]',
    sourcemap: true,
    metafile: true,
    logLevel: 'warning',
  })
  writeFileSync(join(outdir, 'package.json'), '{ "type": "module" }\n')
  return metafile
}

/**
 * Lets specs count what is being loaded, as they count other work that is not time: while a program waits for a file, time
 * that a spec lets pass must stand still.
 *
 * @param {string} outdir
 * @param {import('esbuild').Metafile} metafile
 */
export function countLoading(outdir, metafile) {
  for (const output of Object.keys(metafile.outputs)) {
    if (!output.endsWith('.js')) continue
    const path = join(outdir, relative(outdir, output))
    const code = readFileSync(path, 'utf8')
    const counting = code.replaceAll(/\bimport\("\.{1,2}\/[^"\n]+\.js"\)/g, `(${LOADING})($&)`)
    if (counting !== code) writeFileSync(path, counting)
  }
}

/** Hands a module's promise to whoever counts: spec/support/under-way.ts. */
const LOADING = 'module=>globalThis[Symbol.for("tor-streams.spec.loading")]?.(module)??module'
