/**
 * Libraries for HTTP of Python, as Debian has them, each in a process of its own.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { FrontClient, Session, Ways } from './front-clients.ts'
import { runProgram } from './program.ts'

/** Debian's own, as its packages are for no other. */
const PYTHON = '/usr/bin/python3'

const PACKAGES = '/usr/lib/python3/dist-packages'

/** What is not there of the Debian packages that hold these modules. */
function missing(modules: Readonly<Record<string, string>>): string | undefined {
  const absent = Object.entries(modules).filter(
    ([module]) => !existsSync(join(PACKAGES, module)) && !existsSync(join(PACKAGES, `${module}.py`)),
  )
  if (absent.length === 0) return undefined
  const packages = absent.map(([, name]) => name).join(' ')
  return `modules of Python are missing: apt-get install --no-install-recommends ${packages}`
}

/** The URL, the address of the front and the authority are `url`, `proxy` and `ca`; `body` is empty for a GET. */
const PROLOGUE = `
import sys
url, proxy, ca = sys.argv[1:]
body = sys.stdin.buffer.read()
`

const REQUESTS = `${PROLOGUE}
import requests
session = requests.Session()
session.trust_env = False
session.verify = ca
session.proxies = {'http': 'socks5h://' + proxy, 'https': 'socks5h://' + proxy}
answer = session.post(url, data=body) if body else session.get(url)
answer.raise_for_status()
# It takes a body that was cut off for whole.
length = answer.headers.get('content-length')
if length is not None and int(length) != len(answer.content):
    raise OSError('the body was cut off')
sys.stdout.buffer.write(answer.content)
`

const HTTPX = `${PROLOGUE}
import httpx
with httpx.Client(proxies='socks5://' + proxy, verify=ca, trust_env=False, follow_redirects=True, timeout=120) as client:
    answer = client.post(url, content=body) if body else client.get(url)
    answer.raise_for_status()
    sys.stdout.buffer.write(answer.content)
`

const AIOHTTP = `${PROLOGUE}
import asyncio, ssl
import aiohttp, aiohttp_socks
async def main():
    connector = aiohttp_socks.ProxyConnector.from_url('socks5://' + proxy, rdns=True, ssl=ssl.create_default_context(cafile=ca))
    async with aiohttp.ClientSession(connector=connector, raise_for_status=True) as session:
        async with (session.post(url, data=body) if body else session.get(url)) as answer:
            sys.stdout.buffer.write(await answer.read())
asyncio.run(main())
`

const URLLIB = `${PROLOGUE}
import ssl, urllib.request
opener = urllib.request.build_opener(
    urllib.request.ProxyHandler({'http': 'http://' + proxy, 'https': 'http://' + proxy}),
    urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
sys.stdout.buffer.write(opener.open(url, body or None).read())
`

const python =
  (code: string) =>
  ({ proxy, authority, environment }: Ways): Session => {
    const run = (url: string, input: Uint8Array): Promise<Buffer> =>
      runProgram(PYTHON, ['-I', '-c', code, url, proxy, authority.file], { environment, input })
    return { get: (url) => run(url, new Uint8Array(0)), post: run }
  }

const client = (code: string, modules: Readonly<Record<string, string>>): Pick<FrontClient, 'missing' | 'open'> => {
  const why = existsSync(PYTHON) ? missing(modules) : 'Python is not installed: apt-get install python3'
  return { ...(why === undefined ? {} : { missing: why }), open: python(code) }
}

/** In the order of the table. */
export const PYTHON_CLIENTS: readonly FrontClient[] = [
  {
    name: "Python's urllib",
    how: "`ProxyHandler({'http': 'http://127.0.0.1:9050', 'https': 'http://127.0.0.1:9050'})`",
    note: 'for `http:` the proxy makes the request; give both proxies, or what is left out goes beside Tor',
    ...client(URLLIB, {}),
  },
  {
    name: 'Python requests 2',
    how: "`proxies = {'http': 'socks5h://127.0.0.1:9050', 'https': 'socks5h://127.0.0.1:9050'}`",
    note: '`socks5h`, or it asks the resolver for each name; it takes a body that was cut off for whole: compare its length',
    ...client(REQUESTS, { requests: 'python3-requests', socks: 'python3-socks' }),
  },
  {
    name: 'Python httpx 0.23',
    how: "`httpx.Client(proxies='socks5://127.0.0.1:9050', timeout=60)`",
    note: 'needs socksio; there is no `socks5h`, and it asks no resolver; 5 seconds, as it has by itself, are few',
    ...client(HTTPX, { httpx: 'python3-httpx', socksio: 'python3-socksio' }),
  },
  {
    name: 'Python aiohttp 3',
    how: "aiohttp-socks: `ProxyConnector.from_url('socks5://127.0.0.1:9050', rdns=True)`",
    note: '`rdns=True`, or it asks the resolver for each name',
    ...client(AIOHTTP, { aiohttp: 'python3-aiohttp', aiohttp_socks: 'python3-aiohttp-socks' }),
  },
]
