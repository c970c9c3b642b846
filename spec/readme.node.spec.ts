/**
 * Every program of the README and the guides: its types against the package as npm packs it, and a run of it in this Node
 * as it stands. Programs for a page are marked `javascript`, and are not run here.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { transform } from 'esbuild'
import { guideWithTable } from '../scripts/error-table.js'
import { ROOT } from '../scripts/files.js'
import { installPacked } from './support/packed.ts'
import { authority, serverCertificate, serverKey } from './support/tls-authority.ts'

const run = promisify(execFile)
const GUIDES = join(ROOT, 'docs', 'guides')
const guides = readdirSync(GUIDES).sort()

/** A program, and where it stands. */
const programs = [
  ['README.md', join(ROOT, 'README.md')] as const,
  ...guides.map((name) => [name, join(GUIDES, name)] as const),
].flatMap(([name, file]) =>
  [...readFileSync(file, 'utf8').matchAll(/^```(?:js|ts)\n([^]*?)^```$/gm)].map(([, code], index) => ({
    name: `${name}, number ${index + 1},`,
    code: code as string,
  })),
)

/** Makes `TorClient.open()` use a network of this process, whose exits find a server of this process under every name. */
const PRELOAD = `
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import tls from 'node:tls'
import { MemoryStorage, TorClient } from 'tor-streams'
import { tcpExit, TestNetwork } from 'tor-streams/testing'
const { authority, key, cert } = JSON.parse(process.env.README_TLS)
const connect = tls.connect
tls.connect = (options) => connect({ ...options, ...(options.servername === 'example.com' && { ca: authority, servername: 'target.test' }) })
const answer = (request, response) => request.resume().on('end', () => response.end('hello'))
const servers = [http.createServer(answer), https.createServer({ key, cert }, answer)]
const [plain, secure] = await Promise.all(servers.map(async (server) => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  server.unref()
  return server.address().port
}))
const network = await TestNetwork.start({
  authorities: 3,
  exit: tcpExit({ redirect: (_host, port) => ({ host: '127.0.0.1', port: port === 443 ? secure : plain }) }),
  resolve: () => [{ type: 'ipv4', address: '203.0.113.7', ttl: 60 }],
})
const open = TorClient.open.bind(TorClient)
TorClient.open = (options) =>
  open(
    options?.transport
      ? { storage: new MemoryStorage(), ...options }
      : { storage: new MemoryStorage(), ...options, network: network.config, transport: network.transport },
  )
`

const TORRC = `SocksPort 0\nDirAuthority a orport=1 v3ident=${'A'.repeat(40)} 127.0.0.1:2 ${'B'.repeat(40)}\n`

describe('The programs of the README and the guides', function () {
  let folder: string

  before(async function () {
    this.timeout(300_000)
    folder = mkdtempSync(join(tmpdir(), 'tor-streams-readme-'))
    await installPacked(folder)
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'preload.mjs'), PRELOAD)
    writeFileSync(join(folder, 'torrc'), TORRC)
    for (const [index, { code }] of programs.entries()) {
      writeFileSync(join(folder, `program${index}.mjs`), code)
      writeFileSync(join(folder, `typed${index}.mts`), code)
    }
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('stand beside links and pictures that are in the package too', () => {
    const packed = join(folder, 'node_modules', 'tor-streams')
    const links = [...readFileSync(join(packed, 'README.md'), 'utf8').matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)]
    expect(links.length).to.be.greaterThan(3)
    for (const [, link] of links) expect(existsSync(join(packed, link as string)), link).to.equal(true)
  })

  it('are there', () => {
    expect(programs.length).to.be.at.least(3)
  })

  // The dashboard draws in a page, and has its elements in its types.
  it('and every entry but the dashboard can be compiled against without the DOM, and without skipping the check of libraries', async () => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      exports: Record<string, unknown>
    }
    const entries = Object.keys(exports).filter((entry) => !entry.endsWith('.json') && entry !== './dashboard')
    const code = entries
      .map((entry, index) => `export * as e${index} from '${entry.replace('.', 'tor-streams')}'\n`)
      .join('')
    writeFileSync(join(folder, 'without-dom.mts'), code)
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    const flags = [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--lib',
      'es2022',
      '--types',
      'node',
      '--module',
      'nodenext',
    ]
    const { stdout } = await run(process.execPath, [tsc, ...flags, join(folder, 'without-dom.mts')], {
      cwd: folder,
    }).catch((error: { stdout: string }) => error)
    expect(stdout).to.equal('')
  })

  it('have the right types', async () => {
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    const flags = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom,dom.iterable,esnext.disposable']
    const files = programs.map((_, index) => join(folder, `typed${index}.mts`))
    const { stdout } = await run(
      process.execPath,
      [tsc, ...flags, '--types', 'node', '--module', 'nodenext', ...files],
      {
        cwd: folder,
      },
    ).catch((error: { stdout: string }) => error)
    expect(stdout).to.equal('')
  })

  for (const [index, { name, code }] of programs.entries()) {
    it(`${name} has nothing that Node 20 would not parse`, async () => {
      const inNode20 = await transform(code, { target: 'node20.19', format: 'esm' })
      expect(inNode20.code).to.equal((await transform(code, { target: 'esnext', format: 'esm' })).code)
    })

    it(`${name} runs`, async () => {
      const tls = JSON.stringify({ authority, key: serverKey, cert: serverCertificate })
      const { stdout } = await run(process.execPath, ['--import', './preload.mjs', `program${index}.mjs`], {
        cwd: folder,
        env: { ...process.env, README_TLS: tls },
        timeout: 60_000,
      })
      expect(stdout.trim()).not.to.equal('')
    })
  }
})

describe('The guides', () => {
  it('name every error code, with what it means and what to do', () => {
    expect(readFileSync(join(GUIDES, 'errors.md'), 'utf8')).to.equal(guideWithTable())
  })

  for (const name of guides) {
    it(`${name} links to what is there`, () => {
      const text = readFileSync(join(GUIDES, name), 'utf8')
      for (const [, link] of text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) expect(guides).to.include(link)
    })
  }

  it('are in the documentation', () => {
    const { projectDocuments } = JSON.parse(readFileSync(join(ROOT, 'typedoc.json'), 'utf8')) as {
      projectDocuments: string[]
    }
    const ours = projectDocuments.filter((name) => name.startsWith('docs/guides/'))
    expect(ours.sort()).to.deep.equal(guides.map((name) => `docs/guides/${name}`))
  })
})
