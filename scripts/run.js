/**
 * Runs a TypeScript program of this repository in Node: `node scripts/run.js FILE [ARGUMENTS]`. Node 20 does not read
 * TypeScript, so it is bundled to .build first. The program gets the arguments and a `gc()`.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { bundle, outputFolder } from './bundle.js'

const [file, ...args] = process.argv.slice(2)
if (file === undefined || !existsSync(file)) {
  console.error(file === undefined ? 'usage: node scripts/run.js FILE [ARGUMENTS]' : `there is no file ${file}`)
  process.exit(2)
}

const source = resolve(file)
const outdir = outputFolder('run')
await bundle({ entries: [source], outdir, outbase: dirname(source) })

const program = join(outdir, `${basename(source, '.ts')}.js`)
const child = spawn(process.execPath, ['--enable-source-maps', '--expose-gc', program, ...args], { stdio: 'inherit' })
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, () => child.kill(signal))
child.on('exit', (code) => {
  rmSync(outdir, { recursive: true, force: true })
  process.exitCode = code ?? 1
})
