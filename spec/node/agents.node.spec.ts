import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import https from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import axios from 'axios'
import { expect } from 'chai'
import got from 'got'
import nodeFetch from 'node-fetch'
import * as undici6 from 'undici6'
import * as undici7 from 'undici7'
import { WebSocket, WebSocketServer } from 'ws'
import { TorError } from '../../lib/base/errors.ts'
import { guardedFetch } from '../../lib/node/proof.ts'
import { TorAgent } from '../../lib/node/tor-agent.ts'
import { undiciConnector } from '../../lib/node/undici-connector.ts'
import { unlessEngineLacks, whyLacking } from '../support/engines.ts'
import { LocalServers } from '../support/local-servers.ts'
import { authority, serverCertificate, serverKey } from '../support/tls-authority.ts'

/** Names that exist nowhere: whoever looks one up, beside `connect`, fails. */
const PLAIN = 'http://target.test'
const SECURE = 'https://target.test'

const SIZE = 8 * 1024 * 1024
const BODY = randomBytes(SIZE)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const DIGEST = sha256(BODY)

/** GET /body gives the bytes, /cut dies amid them, /endless never ends; a POST gives the digest of what came. */
async function answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  if (request.method === 'POST') {
    const hash = createHash('sha256')
    for await (const chunk of request) hash.update(chunk as Buffer)
    response.end(hash.digest('hex'))
  } else if (request.url === '/body') {
    response.writeHead(200, { 'content-length': SIZE }).end(BODY)
  } else if (request.url === '/cut') {
    response.writeHead(200, { 'content-length': SIZE })
    response.write(BODY.subarray(0, 100_000), () => request.socket.destroy())
  } else if (request.url === '/endless') {
    response.writeHead(200)
    const more = (): void => void response.write(BODY.subarray(0, 65_536), (error) => (error ? undefined : more()))
    more()
  } else {
    response.end(`${request.headers.host} ${request.url}`)
  }
}

/** A library, as the specs drive it. */
interface Library {
  /** The body of a GET. */
  get(url: string): Promise<Uint8Array>
  /** The body that a POST of `body` is answered with. */
  post(url: string, body: Uint8Array): Promise<Uint8Array>
  /** Takes the first bytes of the body, and no more. */
  cancel(url: string): Promise<void>
  close(): unknown
}

type Connect = LocalServers['connect']

const gather = async (stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function nodeHttp(connect: Connect): Library {
  const agent = new TorAgent({ connect, ca: authority })
  const send = async (url: string, method: string, body?: Uint8Array): Promise<http.IncomingMessage> => {
    const request = url.startsWith('https:')
      ? https.request(url, { agent: agent.https, method })
      : http.request(url, { agent: agent.http, method })
    request.end(body)
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    return response
  }
  return {
    get: async (url) => gather(await send(url, 'GET')),
    post: async (url, body) => gather(await send(url, 'POST', body)),
    async cancel(url) {
      const response = await send(url, 'GET')
      await once(response, 'data')
      response.destroy()
    },
    close: () => agent.destroy(),
  }
}

function withGot(connect: Connect): Library {
  const agent = new TorAgent({ connect, ca: authority })
  const client = got.extend({ agent, retry: { limit: 0 } })
  return {
    get: (url) => client.get(url).buffer(),
    post: (url, body) => client.post(url, { body: Buffer.from(body) }).buffer(),
    async cancel(url) {
      const stream = client.stream.get(url)
      await once(stream, 'data')
      stream.destroy()
    },
    close: () => agent.destroy(),
  }
}

function withAxios(connect: Connect): Library {
  const agent = new TorAgent({ connect, ca: authority })
  const client = axios.create({
    httpAgent: agent.http,
    httpsAgent: agent.https,
    proxy: false,
    responseType: 'arraybuffer',
    maxRedirects: 0,
  })
  return {
    get: async (url) => (await client.get<Buffer>(url)).data,
    post: async (url, body) => (await client.post<Buffer>(url, body)).data,
    async cancel(url) {
      const { data } = await client.get<http.IncomingMessage>(url, { responseType: 'stream' })
      await once(data, 'data')
      data.destroy()
    },
    close: () => agent.destroy(),
  }
}

function withNodeFetch(connect: Connect): Library {
  const agent = new TorAgent({ connect, ca: authority })
  const guarded = guardedFetch(nodeFetch, { agent: agent.forUrl }, agent)
  return {
    get: async (url) => new Uint8Array(await (await guarded(url)).arrayBuffer()),
    post: async (url, body) =>
      new Uint8Array(await (await guarded(url, { method: 'POST', body: Buffer.from(body) })).arrayBuffer()),
    async cancel(url) {
      const body = (await guarded(url)).body as unknown as NodeJS.ReadableStream & { destroy(): void }
      await once(body, 'data')
      body.destroy()
    },
    close: () => agent.destroy(),
  }
}

/** What the versions of undici have in common. */
interface UndiciModule {
  readonly Agent: new (options: never) => { destroy(): Promise<void> }
}
type AnyFetch = (url: string, init?: object) => Promise<Pick<Response, 'arrayBuffer' | 'body'>>

const withUndici =
  (undici: UndiciModule, plainFetch: AnyFetch) =>
  (connect: Connect): Library => {
    const connector = undiciConnector({ connect, tls: { ca: authority } })
    const dispatcher = new undici.Agent({ connect: connector, connections: 1 } as never)
    const guarded = guardedFetch(plainFetch, { dispatcher }, connector)
    return {
      get: async (url) => new Uint8Array(await (await guarded(url)).arrayBuffer()),
      post: async (url, body) => new Uint8Array(await (await guarded(url, { method: 'POST', body })).arrayBuffer()),
      async cancel(url) {
        const reader = ((await guarded(url)).body as ReadableStream<Uint8Array>).getReader()
        await reader.read()
        await reader.cancel()
      },
      close: () => dispatcher.destroy(),
    }
  }

const undici8 = whyLacking('undici 8') === undefined ? await import('undici8') : undefined
const LIBRARIES: Readonly<Record<string, (connect: Connect) => Library>> = {
  'node:http and node:https': nodeHttp,
  'got': withGot,
  'axios': withAxios,
  'node-fetch': withNodeFetch,
  'undici 6': withUndici(undici6, undici6.fetch as unknown as AnyFetch),
  'undici 6 below the global fetch': withUndici(undici6, fetch),
  'undici 7': withUndici(undici7, undici7.fetch as unknown as AnyFetch),
  'undici 7 below the global fetch': withUndici(undici7, fetch),
  'undici 8': (connect) => withUndici(undici8 as UndiciModule, undici8?.fetch as unknown as AnyFetch)(connect),
}

const rejection = async (promise: Promise<unknown>): Promise<Error & { code?: string }> =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: Error) => error,
  )

/** The innermost error that has a code. */
const codeOf = (error: unknown): unknown => {
  const { code, cause } = error as { code?: unknown; cause?: unknown }
  return cause instanceof Error ? codeOf(cause) : code
}

/** The codes of an error and of its causes, outermost first. */
const codesOf = (error: unknown): unknown[] =>
  error instanceof Error ? [(error as { code?: unknown }).code, ...codesOf(error.cause)] : []

for (const [name, open] of Object.entries(LIBRARIES)) {
  const guard = name === 'undici 8' ? unlessEngineLacks('undici 8') : { describe }

  guard.describe(`Through connect: ${name}`, function () {
    let servers: LocalServers
    let library: Library

    beforeEach(async () => {
      servers = new LocalServers()
      const listener = (request: http.IncomingMessage, response: http.ServerResponse): void =>
        void answer(request, response)
      await servers.add('target.test:80', http.createServer(listener))
      await servers.add('target.test:443', https.createServer({ key: serverKey, cert: serverCertificate }, listener))
      await servers.add('other.example:443', https.createServer({ key: serverKey, cert: serverCertificate }, listener))
      library = open(servers.connect)
    })

    afterEach(async () => {
      await library.close()
      await servers.stop()
    })

    for (const origin of [PLAIN, SECURE]) {
      it(`fetches 8 MiB from ${origin}`, async () => {
        expect(sha256(await library.get(`${origin}/body`))).to.equal(DIGEST)
        expect(servers.calls).to.deep.equal([origin === PLAIN ? 'target.test:80' : 'target.test:443'])
      })

      it(`sends 8 MiB to ${origin}`, async () => {
        expect(Buffer.from(await library.post(`${origin}/`, BODY)).toString()).to.equal(DIGEST)
      })

      it(`uses a connection to ${origin} again`, async () => {
        for (const path of ['/1', '/2', '/3']) {
          expect(Buffer.from(await library.get(origin + path)).toString()).to.equal(`target.test ${path}`)
        }
        expect(servers.calls).to.have.length(1)
      })

      it(`closes the connection to ${origin} when the body is no longer wanted`, async () => {
        await library.cancel(`${origin}/endless`)
        while (servers.open > 0) await new Promise((resolve) => setImmediate(resolve))
        expect(Buffer.from(await library.get(`${origin}/after`)).toString()).to.equal('target.test /after')
      })

      it(`tells when the connection to ${origin} dies amid a body`, async () => {
        await rejection(library.get(`${origin}/cut`))
        while (servers.open > 0) await new Promise((resolve) => setImmediate(resolve))
      })

      it(`opens another connection to ${origin} after an idle one has died`, async () => {
        await library.get(`${origin}/1`)
        servers.reset()
        while (servers.open > 0) await new Promise((resolve) => setImmediate(resolve))
        expect(Buffer.from(await library.get(`${origin}/2`)).toString()).to.equal('target.test /2')
        expect(servers.calls).to.have.length(2)
      })
    }

    it("fails with Node's code for the failure when there is no such server, and ours behind it", async () => {
      for (const url of ['http://nowhere.test/', 'https://nowhere.test/']) {
        const error = await rejection(library.get(url))
        expect(codesOf(error)).to.include('ENOTFOUND')
        // node-fetch keeps the code of an error, and nothing else.
        if (name !== 'node-fetch') expect(codesOf(error).at(-1)).to.equal('END_RESOLVEFAILED')
      }
      expect(servers.calls).to.deep.equal(['nowhere.test:80', 'nowhere.test:443'])
    })

    it('refuses a server whose certificate is for another name', async () => {
      expect(codeOf(await rejection(library.get('https://other.example/')))).to.equal('ERR_TLS_CERT_ALTNAME_INVALID')
    })

    it('fails when connect throws', async () => {
      const broken = open(() => {
        throw Object.assign(new TypeError('refused'), { code: 'ADDRESS_REFUSED' })
      })
      expect(codeOf(await rejection(broken.get(`${PLAIN}/`)))).to.equal('ADDRESS_REFUSED')
      await broken.close()
    })
  })
}

describe('Agents: what must never go beside Tor', () => {
  it('guardedFetch makes no request with a fetch that ignores the hook', async () => {
    const servers = new LocalServers()
    const asked: string[] = []
    const ignorant = async (url: string): Promise<string> => {
      asked.push(url)
      return 'an answer from beside Tor'
    }
    const agent = new TorAgent({ connect: servers.connect })
    const guarded = guardedFetch<string, object, string>(ignorant, { agent }, agent)
    const error = await rejection(guarded('http://target.test/secret'))
    expect(error).to.be.instanceOf(TorError)
    expect(error.code).to.equal('HOOK_IGNORED')
    expect((await rejection(guarded('http://target.test/again'))).code).to.equal('HOOK_IGNORED')
    expect(asked.filter((url) => !/^https?:\/\/127\.0\.0\.1:\d+\/$/.test(url))).to.deep.equal([])
    expect(servers.calls).to.deep.equal([])
  })

  it('guardedFetch refuses a fetch that uses the hook for http: only', async () => {
    const agent = new TorAgent({ connect: new LocalServers().connect })
    const half = (url: string): Promise<unknown> => nodeFetch(url, url.startsWith('http:') ? { agent: agent.http } : {})
    expect((await rejection(guardedFetch(half, {}, agent)('http://target.test/'))).code).to.equal('HOOK_IGNORED')
  })

  it('guardedFetch does not let a request replace the hook', async () => {
    const servers = new LocalServers()
    const agent = new TorAgent({ connect: servers.connect })
    const guarded = guardedFetch(nodeFetch, { agent: agent.forUrl }, agent)
    await rejection(guarded('http://target.test/', { agent: http.globalAgent }))
    expect(servers.calls).to.deep.equal(['target.test:80'])
  })

  it('a library can be proven to use the agent, and the proof itself asks for no connection', async () => {
    const servers = new LocalServers()
    const agent = new TorAgent({ connect: servers.connect })
    await agent.prove((url) => axios.get(url, { httpAgent: agent.http, httpsAgent: agent.https, proxy: false }))
    expect(
      (await rejection(agent.prove((url) => axios.get(url, { httpAgent: agent.http, proxy: false })))).code,
    ).to.equal('HOOK_IGNORED')
    expect(servers.calls).to.deep.equal([])
  })

  it('SNI has no dot at the end of a name (RFC 6066, section 3), and the certificate counts as for the name', async () => {
    const servers = new LocalServers()
    const seen: (string | false | undefined)[] = []
    const server = https.createServer({ key: serverKey, cert: serverCertificate }, (request, response) => {
      seen.push((request.socket as TLSSocket & { servername?: string | false }).servername)
      response.end()
    })
    await servers.add('target.test.:443', server)
    const agent = new TorAgent({ connect: servers.connect, ca: authority, keepAlive: false })
    const request = https.get('https://target.test./', { agent: agent.https })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.resume()
    await once(response, 'end')
    for (const undici of [undici6, undici7]) {
      const connector = undiciConnector({ connect: servers.connect, tls: { ca: authority } })
      const dispatcher = new undici.Agent({ connect: connector })
      await (await undici.request('https://target.test./', { dispatcher: dispatcher as never })).body.text()
      await dispatcher.destroy()
    }
    expect(seen).to.deep.equal(['target.test', 'target.test', 'target.test'])
    await servers.stop()
  })

  it('TorAgent refuses a socketPath', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tor-streams-agents-'))
    const servers = new LocalServers()
    const request = http.get({
      agent: new TorAgent({ connect: servers.connect }).http,
      socketPath: join(folder, 'none'),
      path: '/',
    })
    const [error] = (await once(request, 'error')) as [Error]
    expect(error.message).to.match(/socketPath/)
    await rm(folder, { recursive: true })
  })

  it('TorAgent checks certificates though told not to', async () => {
    const servers = new LocalServers()
    await servers.add(
      'target.test:443',
      https.createServer({ key: serverKey, cert: serverCertificate }, (_, response) => response.end()),
    )
    const agent = new TorAgent({ connect: servers.connect, rejectUnauthorized: false })
    const request = https.get('https://target.test/', { agent: agent.https, rejectUnauthorized: false })
    const [error] = (await once(request, 'error')) as [Error & { code: string }]
    expect(error.code).to.equal('UNABLE_TO_VERIFY_LEAF_SIGNATURE')
    await servers.stop()
  })

  it('closes the stream when TLS cannot even begin', async () => {
    const servers = new LocalServers()
    await servers.add('target.test:443', http.createServer())
    const options = { connect: servers.connect, minVersion: 'none' as never }
    const [error] = (await once(
      https.get('https://target.test/', { agent: new TorAgent(options).https }),
      'error',
    )) as [Error]
    expect(error).to.be.instanceOf(Error)
    const connector = undiciConnector({ connect: servers.connect, tls: { minVersion: 'none' as never } })
    const failure = await new Promise((resolve) => {
      connector(
        { hostname: 'target.test', protocol: 'https:' },
        (...[reason]: [error: Error | null, socket: unknown]) => resolve(reason),
      )
    })
    expect(failure).to.be.instanceOf(Error)
    expect(servers.calls).to.have.length(2)
    expect(servers.open).to.equal(0)
    await servers.stop()
  })

  it('undiciConnector always answers in a later turn', async () => {
    const connector = undiciConnector({
      connect: () => {
        throw new TypeError('refused')
      },
    })
    let isLater = false
    const error = new Promise<Error | null>((resolve) => {
      connector(
        { hostname: 'target.test', protocol: 'http:' },
        (...[failure]: [error: Error | null, socket: unknown]) => {
          expect(isLater).to.equal(true)
          resolve(failure)
        },
      )
    })
    isLater = true
    expect(await error).to.be.instanceOf(TypeError)
  })

  it('hooks without a connect are refused', () => {
    expect(() => new TorAgent({} as never)).to.throw(TypeError, /connect/)
    expect(() => undiciConnector({} as never)).to.throw(TypeError, /connect/)
  })
})

describe('WebSockets through connect', () => {
  for (const protocol of ['ws', 'wss']) {
    it(`ws speaks ${protocol}: and is told when the connection dies`, async () => {
      const servers = new LocalServers()
      const server =
        protocol === 'ws' ? http.createServer() : https.createServer({ key: serverKey, cert: serverCertificate })
      await servers.add(`target.test:${protocol === 'ws' ? 80 : 443}`, server)
      const sockets = new WebSocketServer({ server: server as http.Server })
      sockets.on('connection', (socket) =>
        socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
      )
      const agent = new TorAgent({ connect: servers.connect, ca: authority })
      const socket = new WebSocket(`${protocol}://target.test/`, {
        agent: agent.forUrl({ protocol: protocol === 'ws' ? 'http:' : 'https:' }),
      })
      await once(socket, 'open')
      socket.send(BODY.subarray(0, 1_000_000))
      const [echoed] = (await once(socket, 'message')) as [Buffer]
      expect(sha256(echoed)).to.equal(sha256(BODY.subarray(0, 1_000_000)))
      socket.on('error', () => undefined)
      const closed = once(socket, 'close') as Promise<[number]>
      servers.reset()
      expect((await closed)[0]).to.equal(1006)
      sockets.close()
      await servers.stop()
    })
  }
})
