/**
 * When a process ends that uses a client: never while something of the client's is awaited, and at once when it is
 * closed. Real processes with a real clock.
 */
import { spawn } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { bundle, outputFolder } from '../../../scripts/bundle.js'
import { ROOT } from '../../../scripts/files.js'
import { programOf, RUN_ENV, RUN_FLAGS } from '../../../scripts/specs/engines.js'
import { skipBecause } from '../../support/programs.ts'
import { startTlsNetwork, type TlsNetwork } from './tls-network.ts'

const outdir = outputFolder('process')
const program = join(outdir, 'spec', 'client', 'process', 'program.js')

interface Ended {
  readonly code: number | null
  readonly output: string
}

async function run(command: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...RUN_ENV },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return { code, output }
}

/** By scenario: the exit code and what is printed. */
const EXPECTED: Readonly<Record<string, readonly [code: number, output: RegExp]>> = {
  'open, from nothing': [3, /^failed: DIRECTORY_UNAVAILABLE LINK_UNREACHABLE/],
  'open, with a directory': [3, /^failed: TIMEOUT .*LINK_UNREACHABLE/],
  'connect, to a host that is silent': [3, /^failed: TIMEOUT/],
  'connect, without a network': [3, /^failed: TIMEOUT/],
  'fetch, without a network': [3, /^failed: TypeError TIMEOUT/],
  'resolve, without a network': [3, /^failed: TIMEOUT/],
  'close': [0, /^hello\ndone\n$/],
  'idle, while its links are open': [0, /^hello\ndone\nstill here\n$/],
  'idle, without a link': [0, /^done\n$/],
}

describe('A process with a client', function () {
  let network: TlsNetwork

  before(async () => {
    await bundle({
      entries: [join(ROOT, 'spec', 'client', 'process', 'program.ts'), join(ROOT, 'lib', 'cli', 'bin.ts')],
      outdir,
      outbase: ROOT,
    })
    network = await startTlsNetwork(({ host }) => {
      if (host === 'silent.example') return new Promise(() => undefined)
      const answer = new TextEncoder().encode('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
      return {
        readable: new ReadableStream({ start: (controller) => controller.enqueue(answer) }),
        writable: new WritableStream(),
      }
    })
  })
  after(async () => {
    await network.close()
    rmSync(outdir, { recursive: true, force: true })
  })

  for (const engine of ['node', 'deno', 'bun'] as const) {
    describe(`in ${engine}`, () => {
      const runs = new Map<string, Promise<Ended>>()
      before(function () {
        const found = programOf(engine)
        if ('missing' in found) return skipBecause(this, found.missing)
        const { authorities, leaves } = network
        // They wait for most of their time: all at once.
        for (const scenario of Object.keys(EXPECTED)) {
          const args = [...RUN_FLAGS[engine], program, scenario, JSON.stringify({ authorities, leaves })]
          runs.set(scenario, run(found.path, args))
        }
      })

      for (const [scenario, [code, output]] of Object.entries(EXPECTED)) {
        it(`${code === 0 ? 'ends when nothing is left to do' : 'tells what failed'}: ${scenario}`, async () => {
          const ended = await runs.get(scenario)
          expect(ended?.output).to.match(output)
          expect(ended?.code).to.equal(code)
        })
      }
    })
  }

  it('fails a test of node --test by the error that the client gives', async () => {
    const { authorities, leaves } = network
    const file = join(outdir, 'refused.test.mjs')
    const args = JSON.stringify([
      process.execPath,
      program,
      'open, with a directory',
      JSON.stringify({ authorities, leaves }),
    ])
    writeFileSync(
      file,
      `import test from 'node:test'\nprocess.argv = ${args}\ntest('opens', async () => { await (await import(${JSON.stringify(program)})).finished; if (process.exitCode === 3) process.exitCode = 0 })\n`,
    )
    const { output } = await run(process.execPath, ['--test', '--test-reporter=tap', file])
    expect(output)
      .to.match(/failed: TIMEOUT/)
      .and.to.match(/# pass 1\n/)
  })

  it('tells on the command line what failed when every link is refused', async () => {
    const file = join(outdir, 'refused')
    writeFileSync(file, network.authorities.replace(/orport=\d+/, 'orport=1'))
    const { code, output } = await run(process.execPath, [
      join(outdir, 'lib', 'cli', 'bin.js'),
      'fetch',
      '-q',
      '--network',
      file,
      'http://example.com/',
    ])
    expect(output).to.match(/^tor-streams: .*\(DIRECTORY_UNAVAILABLE\)\. [^\n]*\n$/)
    expect(code).to.equal(1)
  })
})
