import { execFile } from 'node:child_process'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { SocketError } from '../../lib/base/errors.ts'
import { listenSocks, type SocksListener } from '../../lib/node.ts'
import type { ProxyAddress, ProxyConnect } from '../../lib/proxy/connect.ts'
import { pattern } from '../../lib/testing/exit/exits.ts'
import { LocalServers } from '../support/local-servers.ts'
import { requireProgram } from '../support/programs.ts'

const BODY = Buffer.from(pattern(0, 5_000_000))
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('curl through listenSocks', () => {
  let curl: string
  let servers: LocalServers
  let listener: SocksListener
  const asked: (ProxyAddress & { readonly isolation: string | undefined })[] = []

  /** `GET /` gives 5 MB; a `POST` gives the digest of what was sent. */
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === 'GET') return void response.end(BODY)
    const hash = createHash('sha256')
    request.on('data', (chunk: Buffer) => hash.update(chunk))
    request.on('end', () => response.end(hash.digest('hex')))
  }

  before(async function () {
    curl = requireProgram(this, 'curl')
    servers = new LocalServers()
    const server: Server = createServer(answer)
    await servers.add('target.test:80', server)
    const connect: ProxyConnect = (address, { isolation }) => {
      asked.push({ ...address, isolation })
      if (address.hostname === 'refused.test') throw new SocketError('ADDRESS_REFUSED', 'refused')
      return servers.connect(address)
    }
    listener = await listenSocks({ connect, resolve: () => Promise.resolve([]), port: 0, http: true })
  })

  beforeEach(() => void (asked.length = 0))

  after(async () => {
    await listener?.close()
    await servers?.stop()
  })

  /** Runs curl with the proxy `127.0.0.1:port` in place of PROXY. */
  const run = (
    args: readonly string[],
    input?: Uint8Array,
  ): Promise<{ code: number; output: Buffer; errors: string }> =>
    new Promise((resolve) => {
      const proxied = args.map((each) => each.replace('PROXY', `127.0.0.1:${listener.port}`))
      const child = execFile(
        curl,
        ['-q', '-sS', '--max-time', '8', ...proxied],
        { encoding: 'buffer', maxBuffer: 20_000_000, env: {} },
        (error, output, errors) => {
          resolve({
            code: typeof error?.code === 'number' ? error.code : error ? -1 : 0,
            output,
            errors: errors.toString(),
          })
        },
      )
      child.stdin?.on('error', () => undefined) // curl may end before it has read all
      child.stdin?.end(input)
    })

  const WAYS: readonly (readonly [name: string, args: readonly string[], isolation?: string])[] = [
    ['--socks5-hostname', ['--socks5-hostname', 'PROXY']],
    ['--socks5-hostname with credentials', ['--socks5-hostname', 'user:secret@PROXY'], 'socks5 4:user 6:secret'],
    ['--socks4a', ['--socks4a', 'PROXY']],
    ['--proxy socks4a with a user id', ['--proxy', 'socks4a://user@PROXY'], 'socks4 4:user'],
    ['--proxy with --proxytunnel', ['--proxytunnel', '--proxy', 'http://PROXY']],
    [
      '--proxytunnel with credentials',
      ['--proxytunnel', '--proxy', 'http://tor-iso:x@PROXY'],
      'http 18:Basic dG9yLWlzbzp4 - -',
    ],
    [
      '--proxytunnel with an isolation field',
      ['--proxytunnel', '--proxy', 'http://PROXY', '--proxy-header', 'X-Tor-Stream-Isolation: one'],
      'http - - 3:one',
    ],
  ]

  for (const [name, args, isolation] of WAYS) {
    it(`downloads by ${name}`, async () => {
      const { code, output, errors } = await run([...args, 'http://target.test/'])
      expect({ code, errors, sha256: sha256(output) }).to.deep.equal({ code: 0, errors: '', sha256: sha256(BODY) })
      expect(asked).to.deep.equal([{ hostname: 'target.test', port: 80, isolation }])
    })

    it(`uploads by ${name}`, async () => {
      const { code, output, errors } = await run([...args, '--data-binary', '@-', 'http://target.test/'], BODY)
      expect({ code, errors, sha256: output.toString() }).to.deep.equal({ code: 0, errors: '', sha256: sha256(BODY) })
    })
  }

  it('asks for two addresses over two streams', async () => {
    const { code, output } = await run([
      '--socks5-hostname',
      'PROXY',
      '--parallel',
      'http://target.test/',
      'http://target.test/',
    ])
    expect({ code, length: output.length }).to.deep.equal({ code: 0, length: 2 * BODY.length })
    expect(asked.length).to.be.within(1, 2)
  })

  it('is told why not', async () => {
    const socks = await run(['--socks5-hostname', 'PROXY', 'http://refused.test/'])
    expect(socks.code).to.equal(97) // CURLE_PROXY
    expect(socks.errors).to.match(/\(2\)/)
    expect((await run(['--socks4a', 'PROXY', 'http://refused.test/'])).code).to.equal(97)
    const http = await run(['--proxytunnel', '--proxy', 'http://PROXY', 'http://refused.test/'])
    expect(http.code).to.equal(56) // CURLE_RECV_ERROR
    expect(http.errors).to.contain('403')
  })

  it('fetches through the port as a plain HTTP proxy, and uploads', async () => {
    const { code, output } = await run(['--include', '--proxy', 'http://PROXY', 'http://target.test/'])
    expect([code, /^HTTP\/1\.1 200 /.test(output.toString('latin1'))]).to.deep.equal([0, true])
    const chunked = ['--header', 'Transfer-Encoding: chunked', '--data-binary', 'a body in chunks']
    const posted = await run([...chunked, '--proxy', 'http://PROXY', 'http://target.test/'])
    expect(posted.code).to.equal(0)
    expect(asked.length).to.be.greaterThan(0)
  })

  it('leaves no stream behind when the proxy is closed', async () => {
    await listener.close()
    expect(listener.connections).to.equal(0)
    while (servers.open > 0) await new Promise<void>((resolve) => setImmediate(resolve))
  })
})
