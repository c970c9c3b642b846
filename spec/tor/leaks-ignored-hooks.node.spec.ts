import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { ROOT } from '../../scripts/files.js'
import { programOf, RUN_ENV, RUN_FLAGS } from '../../scripts/specs/engines.js'
import { requireProgram, skipBecause } from '../support/programs.ts'
import { ChildRecorder } from './support/outgoing-child.ts'
import { runProgram } from './support/program.ts'

const HOOKS = join(ROOT, 'spec', 'tor', 'support', 'ignored-hooks.ts')

/** What becomes of each hook, by the runtime. */
const OUTCOMES = {
  deno: {
    'fetch': 'HOOK_IGNORED',
    'undici7': 'asked the hook',
    'node-fetch': 'asked the hook',
    'a connector without a proof': 'TypeError',
    'an agent without a proof': 'made',
  },
  bun: {
    'fetch': 'HOOK_IGNORED',
    'undici7': 'asked the hook',
    'undici': 'HOOK_IGNORED',
    'node-fetch': 'HOOK_IGNORED',
    'a connector without a proof': 'TypeError',
    'an agent without a proof': 'TypeError',
  },
} as const

for (const name of ['deno', 'bun'] as const) {
  describe(`Hooks that ${name} ignores`, function () {
    let program: string
    let directory: string
    let recorder: ChildRecorder

    before(async function () {
      const found = programOf(name)
      if ('missing' in found) skipBecause(this, found.missing)
      program = found.path
      const gcc = requireProgram(this, 'gcc')
      directory = await mkdtemp(join(tmpdir(), 'tor-streams-hooks-'))
      recorder = await ChildRecorder.make(gcc, directory)
    })

    after(async () => {
      if (directory !== undefined) await rm(directory, { recursive: true, force: true })
    })

    const run = async (label: string, ...args: readonly string[]): Promise<unknown> => {
      const environment = { PATH: process.env['PATH'], HOME: directory, ...RUN_ENV, ...recorder.environment(label) }
      return JSON.parse((await runProgram(program, [...RUN_FLAGS[name], HOOKS, ...args], { environment })).toString())
    }

    it('make every request fail, and nothing goes out but a knock at loopback', async () => {
      expect(await run('guarded')).to.deep.equal(OUTCOMES[name])
      const seen = await recorder.seen('guarded')
      expect(seen).not.to.deep.equal([])
      for (const line of seen) expect(line).to.match(/^address 127\.0\.0\.1:(49|5\d|6[0-5])\d{3}$/)
    })

    it('would be passed by otherwise', async () => {
      const server = createServer((_, response) => response.end('beside Tor'))
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const { port } = server.address() as AddressInfo
      expect(await run('unguarded', `http://localhost:${port}/`)).to.deep.equal({ fetch: 'made' })
      expect(await recorder.seen('unguarded')).to.include(`address 127.0.0.1:${port}`)
      server.closeAllConnections()
      server.close()
    })
  })
}
