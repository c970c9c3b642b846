/**
 * Programs that go through the front on a port of this machine.
 *
 * @module
 */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { programOf, RUN_ENV } from '../../../scripts/specs/engines.js'
import { APT_CLIENTS } from './apt-clients.ts'
import { BROWSER_CLIENTS } from './browser-clients.ts'
import type { FrontClient, Session, Ways } from './front-clients.ts'
import { runProgram } from './program.ts'
import { PROXIED_PROGRAMS } from './proxied-clients.ts'
import { PYTHON_CLIENTS } from './python-clients.ts'

const curl =
  (way: (proxy: string) => readonly string[]) =>
  ({ proxy, authority, environment }: Ways): Session => {
    const common = ['-q', '-sS', '--location', '--fail', '--cacert', authority.file, ...way(proxy)]
    return {
      get: (url) => runProgram('curl', [...common, url], { environment }),
      post: (url, body) => runProgram('curl', [...common, '--data-binary', '@-', url], { environment, input: body }),
    }
  }

function wget({ proxy, authority, directory, environment }: Ways): Session {
  const common = [
    '--no-config',
    '--no-hsts',
    '--no-verbose',
    '--tries=1',
    `--ca-certificate=${authority.file}`,
    '--output-document=-',
    '-e',
    'use_proxy=on',
    '-e',
    `http_proxy=http://${proxy}`,
    '-e',
    `https_proxy=http://${proxy}`,
  ]
  return {
    get: (url) => runProgram('wget', [...common, url], { environment }),
    async post(url, body) {
      const file = join(directory, 'wget-body')
      await writeFile(file, body)
      return await runProgram('wget', [...common, `--post-file=${file}`, url], { environment })
    },
  }
}

function aria2({ proxy, authority, directory, environment }: Ways): Session {
  return {
    async get(url) {
      const folder = await mkdtemp(join(directory, 'aria2-'))
      const settings = [
        '--no-conf',
        '--quiet',
        '--max-tries=1',
        '--file-allocation=none',
        `--all-proxy=http://${proxy}`,
        `--ca-certificate=${authority.file}`,
        `--dir=${folder}`,
        '--out=body',
      ]
      await runProgram('aria2c', [...settings, url], { environment })
      return await readFile(join(folder, 'body'))
    },
  }
}

/** curl, which knows of no proxy. */
function proxychains({ proxy, authority, directory, environment }: Ways): Session {
  const file = join(directory, 'proxychains.conf')
  const settings = ['strict_chain', 'proxy_dns', '[ProxyList]', `socks5 ${proxy.replace(':', ' ')}`, '']
  const run = async (url: string, args: readonly string[], input?: Uint8Array): Promise<Buffer> => {
    await writeFile(file, settings.join('\n'))
    const curl = ['curl', '-q', '-sS', '--location', '--fail', '--cacert', authority.file, ...args, url]
    return await runProgram('proxychains4', ['-q', '-f', file, ...curl], {
      environment,
      ...(input === undefined ? {} : { input }),
    })
  }
  return { get: (url) => run(url, []), post: (url, body) => run(url, ['--data-binary', '@-'], body) }
}

/** The environment in which git has no configuration and asks nobody. */
export const GIT_ENVIRONMENT: NodeJS.ProcessEnv = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
}

/** The settings that name who commits. */
export const GIT_IDENTITY: readonly string[] = ['-c', 'user.name=nobody', '-c', 'user.email=nobody@localhost.invalid']

/** The one file of a repository that is cloned. */
export const CLONED_FILE = 'body'

function git({ proxy, authority, directory, environment }: Ways): Session {
  return {
    async get(url) {
      const clone = await mkdtemp(join(directory, 'clone-'))
      // Without an address for its log git makes one up, of what the resolver knows about this machine's name.
      const settings = [
        '-c',
        `http.proxy=socks5h://${proxy}`,
        '-c',
        `http.sslCAInfo=${authority.file}`,
        ...GIT_IDENTITY,
      ]
      await runProgram('git', [...settings, 'clone', '--quiet', `${url}.git`, clone], {
        environment: { ...environment, ...GIT_ENVIRONMENT },
      })
      return await readFile(join(clone, CLONED_FILE))
    },
  }
}

/**
 * A runtime with what it is to run: the URL, the address of the front and the authority are its arguments, a body its
 * input.
 */
const runtime = (name: 'deno' | 'bun', flag: string, code: string): Pick<FrontClient, 'missing' | 'open'> => {
  const found = programOf(name)
  if ('missing' in found)
    return {
      missing: found.missing,
      open: () => {
        throw new Error(found.missing)
      },
    }
  return {
    open({ proxy, authority, environment }) {
      const run = (url: string, input: Uint8Array): Promise<Buffer> =>
        runProgram(found.path, [flag, code, url, proxy, authority.file], {
          environment: { ...environment, ...RUN_ENV },
          input,
        })
      return { get: (url) => run(url, new Uint8Array(0)), post: run }
    },
  }
}

const DENO = `
  const [url, proxy, ca] = Deno.args
  const body = await new Response(Deno.stdin.readable).arrayBuffer()
  const client = Deno.createHttpClient({ proxy: { url: 'socks5h://' + proxy }, caCerts: [Deno.readTextFileSync(ca)] })
  const response = await fetch(url, { client, ...(body.byteLength > 0 ? { method: 'POST', body } : {}) })
  if (!response.ok) throw new Error('status ' + response.status)
  await response.body.pipeTo(Deno.stdout.writable)
`

const BUN = `
  const [url, proxy, ca] = process.argv.slice(-3)
  const body = await Bun.stdin.arrayBuffer()
  const response = await fetch(url, { proxy: 'http://' + proxy, tls: { ca: await Bun.file(ca).text() }, ...(body.byteLength > 0 ? { method: 'POST', body } : {}) })
  if (!response.ok) throw new Error('status ' + response.status)
  await Bun.write(Bun.stdout, await response.arrayBuffer())
`

/** Of clients that ask the proxy to make the request, in the clear: no tunnel, and so none of the proxy's business. */
const FORWARDED = 'for `http:` the proxy makes the request, one a connection'

/** The programs, in the order of the table. */
export const PROGRAMS: readonly FrontClient[] = [
  {
    name: 'curl, SOCKS 5',
    how: '`--socks5-hostname 127.0.0.1:9050`',
    program: 'curl',
    open: curl((proxy) => ['--socks5-hostname', proxy]),
  },
  {
    name: 'curl, SOCKS 4a',
    how: '`--socks4a 127.0.0.1:9050`',
    program: 'curl',
    open: curl((proxy) => ['--socks4a', proxy]),
  },
  {
    name: 'curl, HTTP CONNECT',
    how: '`-p --proxy http://127.0.0.1:9050`',
    program: 'curl',
    open: curl((proxy) => ['--proxytunnel', '--proxy', `http://${proxy}`]),
  },
  {
    name: 'curl, HTTP proxy',
    how: '`--proxy http://127.0.0.1:9050`',
    note: FORWARDED,
    program: 'curl',
    open: curl((proxy) => ['--proxy', `http://${proxy}`]),
  },
  {
    name: 'wget',
    how: '`-e use_proxy=on -e http_proxy=127.0.0.1:9050 -e https_proxy=127.0.0.1:9050`',
    note: `${FORWARDED}; give both proxies, or a redirect to \`http:\` goes beside Tor`,
    program: 'wget',
    open: wget,
  },
  {
    name: 'aria2',
    how: '`--all-proxy=http://127.0.0.1:9050`',
    note: FORWARDED,
    program: 'aria2c',
    verbs: ['GET', ''],
    open: aria2,
  },
  {
    name: 'proxychains4',
    how: '`socks5 127.0.0.1 9050` and `proxy_dns` in its file; here with curl',
    program: 'proxychains4',
    open: proxychains,
  },
  {
    name: 'git',
    how: '`-c http.proxy=socks5h://127.0.0.1:9050`',
    note: 'set `user.name` and `user.email`, or it asks the resolver for the name of this machine',
    program: 'git',
    verbs: ['clones', ''],
    open: git,
  },
  {
    name: 'Deno 2 `fetch`',
    how: "`{ client: Deno.createHttpClient({ proxy: { url: 'socks5h://127.0.0.1:9050' } }) }`",
    note: '**asks the resolver of the system for each name too, beside Tor: use `tor.fetch`**',
    asksResolver: true,
    ...runtime('deno', 'eval', DENO),
  },
  {
    name: 'Bun 1 `fetch`',
    how: "`{ proxy: 'http://127.0.0.1:9050' }`",
    note: FORWARDED,
    ...runtime('bun', '-e', BUN),
  },
  ...APT_CLIENTS,
  ...PROXIED_PROGRAMS,
  ...PYTHON_CLIENTS,
  ...BROWSER_CLIENTS,
]
