/** The dashboard of the proxy: what it serves, to whom, and what it holds for one who does not read. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { connect } from 'node:net'
import { expect } from 'chai'
import { listenDashboard, type DashboardServer } from '../../../lib/cli/proxy/dashboard-server.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'
import type { ClientEvent, WatchOptions } from '../../../lib/client/watch/client-event.ts'

interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

describe("The proxy's dashboard", () => {
  let folder: string
  let server: DashboardServer
  let pulls = 0
  let ends = 0
  /** Large, so that few fill what lies between. */
  let padding = ''

  let identities = 0

  const tor = {
    newIdentity: () => void (identities += 1),
    watch: ({ signal }: WatchOptions = {}): ReadableStream<ClientEvent> => {
      let controller: ReadableStreamDefaultController<ClientEvent>
      signal?.addEventListener('abort', () => {
        ends += 1
        controller.close()
      })
      return new ReadableStream<ClientEvent>(
        {
          start: (given) => void (controller = given),
          pull: () => {
            pulls += 1
            const status = { phase: 'ready', percent: 100, message: `Ready${padding}`, warnings: [] } as const
            controller.enqueue({ type: 'status', status })
          },
        },
        { highWaterMark: 0 },
      )
    },
  }

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'tor-streams-drawing-'))
    writeFileSync(join(folder, 'proxy-page.js'), 'export {}')
    writeFileSync(join(folder, 'secret.txt'), 'secret')
    writeFileSync(join(folder, 'other.js.map'), '{}')
  })

  beforeEach(async () => {
    pulls = ends = identities = 0
    padding = ''
    server = await listenDashboard(tor, 0, pathToFileURL(`${folder}/`))
  })

  afterEach(() => server.close())
  after(() => rmSync(folder, { recursive: true, force: true }))

  const at = (path: string): URL => new URL(path, server.url)

  /** The whole answer, or as much of the endless one as came first. */
  function ask(url: URL, options: http.RequestOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const request = http.request(url, options, (response) => {
        let body = ''
        const done = (): void => resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text
          if (response.headers['content-type'] !== 'application/x-ndjson') return
          done()
          request.destroy()
        })
        response.on('end', done)
      })
      request.on('error', reject).end()
    })
  }

  it('gives its page, its modules and its events to whoever has the address', async () => {
    const page = await ask(at(''))
    expect(page.status).to.equal(200)
    expect(page.body).to.include('<script type="module" src="proxy-page.js">')
    const code = await ask(at('proxy-page.js'))
    expect([code.status, code.headers['content-type']]).to.deep.equal([200, 'text/javascript; charset=utf-8'])
    const events = await ask(at('events'))
    expect(JSON.parse(events.body.split('\n')[0] ?? '')).to.have.nested.property('status.phase', 'ready')
  })

  it('has an address that nobody guesses, and another one each time', async () => {
    const again = await listenDashboard(tor, 0, pathToFileURL(`${folder}/`))
    const tokens = [server, again].map(({ url }) => new URL(url).pathname)
    for (const token of tokens) expect(token).to.match(/^\/[\w-]{43}\/$/)
    expect(tokens[0]).to.not.equal(tokens[1])
    await again.close()
  })

  it('is in no frame and no cache, loads nothing from elsewhere, and tells nobody its address', async () => {
    for (const path of ['', 'proxy-page.js', 'events']) {
      const { headers } = await ask(at(path))
      expect(headers['content-security-policy']).to.match(
        /^default-src 'none'; script-src 'self'.*frame-ancestors 'none'$/,
      )
      expect(headers).to.include({
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
      })
      expect(headers).to.not.have.property('access-control-allow-origin')
    }
  })

  it('gives everybody else the same empty answer', async () => {
    const { host, port } = new URL(server.url)
    const cases: Record<string, [URL, http.RequestOptions?]> = {
      'no token': [at('/')],
      'no token, and events': [at('/events')],
      'another token of the same length': [at(`/${'A'.repeat(43)}/events`)],
      'a part of the token': [at(`${new URL(server.url).pathname.slice(0, -2)}/events`)],
      'the token and more': [at(`${new URL(server.url).pathname.slice(0, -1)}A/events`)],
      'the token twice': [at(`${new URL(server.url).pathname}events/events`)],
      'a name that is led to this machine': [at('events'), { headers: { host: `rebound.example:${port}` } }],
      'this machine under another port': [at('events'), { headers: { host: '127.0.0.1:1' } }],
      'a page from elsewhere': [at('events'), { headers: { host, origin: 'https://elsewhere.example' } }],
      'a page without an origin': [at('events'), { headers: { host, origin: 'null' } }],
      'a page on another port': [at('events'), { headers: { host, origin: 'http://127.0.0.1:1' } }],
      'an image of another page': [at('proxy-page.js'), { headers: { host, 'sec-fetch-site': 'cross-site' } }],
      'a page of the same site': [at('events'), { headers: { host, 'sec-fetch-site': 'same-site' } }],
      'another method': [at('events'), { method: 'POST' }],
      'a new identity without an origin': [at('identity'), { method: 'POST' }],
      'a new identity for a page from elsewhere': [
        at('identity'),
        { method: 'POST', headers: { host, origin: 'https://elsewhere.example' } },
      ],
      'a new identity by a link': [at('identity')],
      'a new identity without the token': [
        at('/identity'),
        { method: 'POST', headers: { host, origin: `http://${host}` } },
      ],
      'something else to do': [at('events'), { method: 'POST', headers: { host, origin: `http://${host}` } }],
      'a preflight': [at('events'), { method: 'OPTIONS' }],
      'a file that is no module': [at('secret.txt')],
      'a map': [at('other.js.map')],
      'a file above': [at('..%2fsecret.txt')],
      'a module that is not there': [at('missing.js')],
      'a query': [at('events?x')],
    }
    for (const [what, [url, options]] of Object.entries(cases)) {
      const { status, body, headers } = await ask(url, options)
      expect([status, body], what).to.deep.equal([404, ''])
      expect(headers, what).to.not.have.property('access-control-allow-origin')
    }
    expect([pulls, identities]).to.deep.equal([0, 0])
  })

  it('gives a new identity to its own page', async () => {
    const { host } = new URL(server.url)
    const { status, body } = await ask(at('identity'), {
      method: 'POST',
      headers: { host, 'origin': `http://${host}`, 'sec-fetch-site': 'same-origin' },
    })
    expect([status, body, identities]).to.deep.equal([204, '', 1])
  })

  it('says so where there is no drawing beside the program, as in a compiled one', async () => {
    const nowhere = pathToFileURL(join(folder, 'nowhere/'))
    expect(await rejection(listenDashboard(tor, 0, nowhere))).to.have.property(
      'message',
      'the dashboard is not beside this program: it is in the package that npm installs',
    )
  })

  it('listens on loopback only', async () => {
    const { port } = new URL(server.url)
    const others = Object.values(networkInterfaces())
      .flat()
      .filter((each) => each !== undefined && !each.internal && each.family === 'IPv4')
    for (const each of others) {
      const refused = await new Promise((resolve) => {
        const socket = connect(Number(port), each?.address)
        socket.on('connect', () => resolve(false)).on('error', () => resolve(true))
      })
      expect(refused).to.equal(true)
    }
    expect(new URL(server.url).hostname).to.equal('127.0.0.1')
  })

  it('asks for no more events than a page reads', async () => {
    padding = '.'.repeat(500_000)
    const response = await new Promise<http.IncomingMessage>((resolve) => http.get(at('events'), resolve))
    response.pause()
    let before = -1
    // What fits between the two fills up; then nothing is asked for any more.
    while (pulls !== before) {
      before = pulls
      for (let turns = 0; turns < 200; turns++) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(pulls).to.be.below(60)
    response.destroy()
    while (ends === 0) await new Promise((resolve) => setImmediate(resolve))
  })

  it('ends for a page that goes, and for all when it is closed', async () => {
    await ask(at('events'))
    while (ends === 0) await new Promise((resolve) => setImmediate(resolve))
    const response = await new Promise<http.IncomingMessage>((resolve) => http.get(at('events'), resolve))
    response.on('error', () => undefined).resume()
    const over = new Promise((resolve) => response.on('close', resolve))
    await server.close()
    await over
    expect(ends).to.equal(2)
  })

  it('serves eight pages at the same time, and no more', async () => {
    const responses: http.IncomingMessage[] = []
    for (let count = 0; count < 8; count++)
      responses.push(await new Promise<http.IncomingMessage>((resolve) => http.get(at('events'), resolve)))
    expect((await ask(at('events'))).status).to.equal(503)
    for (const response of responses) response.on('error', () => undefined).destroy()
  })
})
