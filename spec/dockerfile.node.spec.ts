/**
 * The Dockerfile of the guide on services, built as it stands by buildah, and what it makes is run. What it is not: the base
 * image is made here of this machine's Node, npm and shell in place of Docker's `node`, and the package comes from a registry
 * on loopback that has it as npm packs it.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { filesBelow, ROOT } from '../scripts/files.js'
import { packedTarballs } from './support/packed.ts'
import { servePackages, type PackageRegistry } from './support/package-registry.ts'
import { findProgram, requireProgram, skipWithout } from './support/programs.ts'

const run = promisify(execFile)

const guide = readFileSync(join(ROOT, 'docs', 'guides', 'service.md'), 'utf8')
const dockerfile = /^```dockerfile\n([^]*?)^```$/m.exec(guide)?.[1] ?? ''

/** What a shell, and the commands of the Dockerfile and of npm, need. */
const PROGRAMS = ['sh', 'mkdir', 'chown', 'chmod', 'env', 'id', 'stat']

/** Copies a program to the same place below `root`, and the libraries that it is linked to. */
function copyProgram(path: string, to: string, root: string): void {
  const listed = spawnSync('ldd', [path], { encoding: 'utf8' }).stdout
  for (const [library] of listed.matchAll(/\/\S+(?= \(0x)/g)) {
    const target = join(root, library)
    if (existsSync(target)) continue
    mkdirSync(dirname(target), { recursive: true })
    cpSync(realpathSync(library), target)
  }
  mkdirSync(dirname(join(root, to)), { recursive: true })
  cpSync(realpathSync(path), join(root, to))
}

/** The folder of npm that belongs to this Node, or that is on PATH. */
function npmFolder(): string {
  const npm = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim()
  return dirname(dirname(realpathSync(npm)))
}

/** What the base image has: Node, npm, a shell, the user `node`, and the address of a registry. */
function makeBase(root: string, registry: string): void {
  copyProgram(process.execPath, '/usr/local/bin/node', root)
  for (const name of PROGRAMS)
    copyProgram(execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim(), `/bin/${name}`, root)
  cpSync(npmFolder(), join(root, 'usr/local/lib/npm'), { recursive: true })
  writeFileSync(join(root, 'usr/local/bin/npm'), '#!/bin/sh\nexec node /usr/local/lib/npm/bin/npm-cli.js "$@"\n', {
    mode: 0o755,
  })
  mkdirSync(join(root, 'usr/bin'), { recursive: true })
  copyProgram('/usr/bin/env', '/usr/bin/env', root)
  for (const folder of ['etc', 'root', 'home/node', 'usr/local/etc']) mkdirSync(join(root, folder), { recursive: true })
  mkdirSync(join(root, 'tmp'), { mode: 0o777 })
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n')
  writeFileSync(join(root, 'usr/local/lib/npm/npmrc'), `registry=${registry}\nupdate-notifier=false\naudit=false\n`)
}

describe('The Dockerfile of the guide on services', function () {
  let folder: string
  let registry: PackageRegistry | undefined
  let buildah: string
  let container: string

  /** Buildah keeps everything in the folder of this spec, and pulls nothing. */
  async function inBuildah(...args: string[]): Promise<string> {
    const stores = ['--root', join(folder, 'store'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs']
    const policy = ['--registries-conf', join(folder, 'registries.conf')]
    const { stdout, stderr } = await run(buildah, [...stores, ...policy, ...args], { cwd: folder, timeout: 240_000 })
    return stdout + stderr
  }
  const inContainer = (...command: string[]): Promise<string> =>
    inBuildah('run', '--isolation', 'chroot', container, '--', ...command)

  before(async function () {
    this.timeout(300_000)
    buildah = requireProgram(this, 'buildah')
    const unshare = findProgram('unshare')
    if (process.getuid?.() !== 0 || unshare === undefined || spawnSync(unshare, ['-m', 'true']).status !== 0)
      skipWithout(this, 'nothing can be mounted by this user on this machine')
    folder = mkdtempSync(join(tmpdir(), 'tor-streams-dockerfile-'))
    registry = await servePackages(filesBelow(await packedTarballs(), '.tgz'))
    const [, base = ''] = /^FROM (\S+)$/m.exec(dockerfile) ?? []
    makeBase(join(folder, 'base', 'root'), registry.url)
    writeFileSync(
      join(folder, 'base', 'Dockerfile'),
      'FROM scratch\nCOPY root /\nENV PATH=/usr/local/bin:/usr/bin:/bin\n',
    )
    writeFileSync(join(folder, 'registries.conf'), 'unqualified-search-registries = []\n')
    await inBuildah('bud', '--pull-never', '--tag', base, 'base')
    mkdirSync(join(folder, 'context'))
    writeFileSync(join(folder, 'context', 'Dockerfile'), dockerfile)
    await inBuildah('bud', '--pull-never', '--isolation', 'chroot', '--tag', 'proxy', 'context')
    container = (await inBuildah('from', '--pull-never', 'proxy')).trim().split('\n').at(-1) ?? ''
  })
  after(() => {
    registry?.close()
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
  })

  it('builds, with what the package says that it needs and nothing else', async () => {
    const list = "Object.keys(JSON.parse(fs.readFileSync('node_modules/.package-lock.json')).packages).join()"
    const installed = (await inContainer('node', '-p', list)).trim().split(',')
    expect(installed).to.have.members((registry?.names ?? []).map((name) => `node_modules/${name}`))
    // Optional peers of ws: npm asks for them, and installs without them.
    expect([...(registry?.missed ?? [])].sort()).to.deep.equal(['bufferutil', 'utf-8-validate'])
  })

  it('makes an image whose command is the proxy, of a user that is not root, and whose port and volume are told', async () => {
    const { OCIv1 } = JSON.parse(await inBuildah('inspect', '--type', 'image', 'proxy')) as {
      OCIv1: { config: Record<string, unknown> }
    }
    expect(OCIv1.config).to.deep.include({
      User: 'node',
      Cmd: ['node_modules/.bin/tor-streams', 'proxy'],
      WorkingDir: '/app',
      ExposedPorts: { '9050/tcp': {} },
      Volumes: { '/cache': {} },
    })
  })

  it('makes an image whose program has a place of its own for directory and guards', async () => {
    const script = 'id -un && stat -c "%U %a" /cache && echo kept >"$XDG_CACHE_HOME/kept" && echo written'
    expect(await inContainer('sh', '-c', script)).to.equal('node\nnode 700\nwritten\n')
  })

  it('makes an image whose program fetches through a whole client', async () => {
    const server = createServer((_, response) => response.end('from the far end\n'))
    await once(server.listen(0, '127.0.0.1'), 'listening')
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      const output = await inContainer('node_modules/.bin/tor-streams', 'fetch', '--embedded', '--quiet', url)
      expect(output).to.equal('from the far end\n')
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
