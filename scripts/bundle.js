/**
 * How TypeScript of this repository becomes JavaScript that any engine runs: one esbuild call, the same for specs, examples and
 * the benchmark. `splitting` keeps a single copy of each module of lib, so that `instanceof` and module state hold across specs.
 *
 * `tor-streams` and its entries are lib itself, by the `paths` of tsconfig.spec.json, so that examples read as a user writes them.
 *
 * A file named `*.worker.ts` is an entry of its own, found at run time with `new URL('./name.worker.js', import.meta.url)` from
 * a module of the same folder that is itself an entry.
 *
 * @module
 */
import { rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'
import { filesBelow, ROOT } from './files.js'

/** Packages that bring a program or read their own files, and so stay where they are. Only Node specs import them. */
const EXTERNAL = ['node:*', 'esbuild', 'typescript', 'puppeteer-core']

/**
 * Bundles `entries` into `outdir`, which is emptied first. Output files keep their path below `outbase`.
 *
 * @param {{ entries: readonly string[], outdir: string, outbase: string }} options
 * @returns {Promise<import('esbuild').Metafile>}
 */
export async function bundle({ entries, outdir, outbase }) {
  rmSync(outdir, { recursive: true, force: true })
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
