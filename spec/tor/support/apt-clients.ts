/**
 * apt, with settings, lists and packages of its own folder: nothing of this machine's is read or written.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FrontClient, Session, Ways } from './front-clients.ts'
import { runProgram } from './program.ts'
import { testBytes } from './test-bytes.ts'

/** The one package. It is only downloaded, so its file is no package: apt compares checksums. */
const PACKAGE = 'body'

const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex')

/** Makes `SIZE.apt` with a package of so many bytes, for whoever serves files. */
export async function makeAptRepository(directory: string, size: number): Promise<void> {
  const folder = join(directory, `${size}.apt`)
  await mkdir(folder)
  const content = testBytes(size)
  const packages = [
    `Package: ${PACKAGE}`,
    'Version: 1',
    'Architecture: all',
    'Maintainer: nobody <nobody@localhost.invalid>',
    `Filename: ./${PACKAGE}.deb`,
    `Size: ${size}`,
    `SHA256: ${sha256(content)}`,
    'Description: bytes',
    '',
  ].join('\n')
  const release = ['Suite: specs', 'SHA256:', ` ${sha256(packages)} ${packages.length} Packages`, ''].join('\n')
  await writeFile(join(folder, 'Packages'), packages)
  await writeFile(join(folder, 'Release'), release)
  await writeFile(join(folder, `${PACKAGE}.deb`), content)
}

/** Where apt keeps all that it knows. */
const settingsOf = (folder: string, proxy: string, authority: string): string => `\
Dir "${folder}/";
Dir::Etc "${folder}/etc";
Dir::State "${folder}/state";
Dir::State::status "${folder}/status";
Dir::Cache "${folder}/cache";
Dir::Log "${folder}/log";
Dir::Bin::methods "/usr/lib/apt/methods";
APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Acquire::Languages "none";
Acquire::Retries "0";
Acquire::http::Proxy "${proxy}";
Acquire::https::Proxy "${proxy}";
Acquire::https::CAInfo "${authority}";
`

/** Updates its lists and downloads the package. */
const apt =
  (scheme: string) =>
  ({ proxy, authority, directory, environment }: Ways): Session => ({
    async get(url) {
      const folder = await mkdtemp(join(directory, 'apt-'))
      for (const place of ['etc/apt.conf.d', 'state/lists/partial', 'cache/archives/partial', 'log'])
        await mkdir(join(folder, place), { recursive: true })
      const settings = join(folder, 'apt.conf')
      await writeFile(settings, settingsOf(folder, `${scheme}://${proxy}`, authority.file))
      await writeFile(join(folder, 'status'), '')
      await writeFile(join(folder, 'etc', 'sources.list'), `deb [trusted=yes] ${url}.apt/ ./\n`)
      const env = { environment: { ...environment, APT_CONFIG: settings, LC_ALL: 'C' } }
      await runProgram('apt-get', ['--quiet', 'update'], env)
      await runProgram('apt-get', ['--quiet', '--yes', '--download-only', 'install', PACKAGE], env)
      return await readFile(join(folder, 'cache', 'archives', `${PACKAGE}_1_all.deb`))
    },
  })

const how = (scheme: string): string =>
  `\`Acquire::http::Proxy "${scheme}://127.0.0.1:9050";\` and the same for \`Acquire::https::Proxy\``

/** In the order of the table. */
export const APT_CLIENTS: readonly FrontClient[] = [
  {
    name: 'apt, SOCKS 5',
    how: how('socks5h'),
    program: 'apt-get',
    verbs: ['installs', ''],
    open: apt('socks5h'),
  },
  {
    name: 'apt, HTTP proxy',
    how: how('http'),
    note: 'for `http:` the proxy makes the request, one a connection',
    program: 'apt-get',
    verbs: ['installs', ''],
    open: apt('http'),
  },
]
