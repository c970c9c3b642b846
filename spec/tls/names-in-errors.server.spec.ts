/** What a runtime's own errors name, and what is left of them: in Node, Deno and Bun, each with words of its own. */
import tls from 'node:tls'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { expect } from 'chai'
import { written } from '../../scripts/specs/error-names.js'
import { SocketError, TorError } from '../../lib/base/errors.ts'
import { WithheldError } from '../../lib/base/withheld.ts'
import { TorAgent } from '../../lib/node/tor-agent.ts'
import { tlsOver } from '../../lib/node/tls-duplex.ts'
import { toDuplex } from '../../lib/node/to-duplex.ts'
import { denoTcp } from '../../lib/platform/links/deno-tcp.ts'
import { tlsTransport } from '../../lib/platform/links/node-transport.ts'
import { nodeTls } from '../../lib/platform/tls/node-tls.ts'
import { engine, unlessEngineLacks } from '../support/engines.ts'
import { LocalServers } from '../support/local-servers.ts'
import { authority, expiredCertificate, serverCertificate, serverKey } from '../support/tls-authority.ts'

/** Of the hosts that are asked for and those in the certificates. */
const NAMES = /target\.test|other\.test|127\.0\.0\.1/

const failureOf = async (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: Error) => error,
  )

/** Every error in the chain of causes, outermost first. */
const chainOf = (error: unknown): Error[] => (error instanceof Error ? [error, ...chainOf(error.cause)] : [])

describe('Errors of the runtime', function () {
  let servers: LocalServers

  beforeEach(() => {
    servers = new LocalServers()
  })
  afterEach(() => servers.stop())

  const secureServer = (cert: string): Server => {
    const server = tls.createServer({ key: serverKey, cert }, (socket) => socket.on('error', () => undefined))
    server.on('tlsClientError', () => undefined)
    return server
  }
  /** Ends in the middle of the handshake. */
  const rude = (): Server =>
    createServer((socket) => socket.once('data', () => socket.end()).on('error', () => undefined))
  /** Answers with something else. */
  const plain = (): Server =>
    createServer((socket) =>
      socket.on('error', () => undefined).once('data', () => socket.end('HTTP/1.1 400 No\r\n\r\n')),
    )

  const cases: readonly {
    what: string
    host: string
    server: () => Server
    ca: string | undefined
    code: SocketError['code']
    why: RegExp
  }[] = [
    {
      what: 'a certificate for another name',
      host: 'other.test',
      server: () => secureServer(serverCertificate),
      ca: authority,
      code: 'TLS_CERTIFICATE',
      why: /^SocketError: the server's certificate cannot be trusted: it is for another name$/,
    },
    {
      what: 'a certificate whose time is over',
      host: 'target.test',
      server: () => secureServer(expiredCertificate),
      ca: authority,
      code: 'TLS_CERTIFICATE',
      // Deno tells no more of an expired one than that it cannot be verified.
      why: engine === 'deno' ? /no authority that is trusted has signed it$/ : /cannot be trusted: its time is over$/,
    },
    {
      what: 'a certificate of nobody that is trusted',
      host: 'target.test',
      server: () => secureServer(serverCertificate),
      ca: undefined,
      code: 'TLS_CERTIFICATE',
      why: /cannot be trusted: no authority that is trusted has signed it$/,
    },
    {
      what: 'a server that ends in the middle of the handshake',
      host: 'target.test',
      server: rude,
      ca: authority,
      code: 'TLS_FAILED',
      why: /TLS/,
    },
    {
      what: 'a server that speaks no TLS',
      host: 'target.test',
      server: plain,
      ca: authority,
      code: 'TLS_FAILED',
      why: /TLS/,
    },
  ]

  for (const { what, host, server, ca, code, why } of cases) {
    it(`name no host after ${what}`, async () => {
      await servers.add(`${host}:443`, server())
      const { readable, writable, opened } = servers.connect({ hostname: host, port: 443 })
      await opened
      const request = {
        serverName: host,
        alpn: [],
        ca: ca === undefined ? undefined : [ca],
        signal: new AbortController().signal,
      }
      const error = await failureOf(nodeTls().secure({ readable, writable }, request))
      expect(error).to.be.instanceOf(SocketError).with.property('code', code)
      expect(error.message).to.match(why)
      expect(written(error)).to.not.match(NAMES)
      if (code === 'TLS_CERTIFICATE') expect(error).to.have.property('hostname', host)
      if (error.cause !== undefined) expect(error.cause).to.be.instanceOf(WithheldError)
    })

    it(`name no host over a Duplex after ${what}`, async () => {
      await servers.add(`${host}:443`, server())
      const duplex = toDuplex(servers.connect({ hostname: host, port: 443 }))
      const secured = tlsOver(duplex, host, ca === undefined ? {} : { ca })
      const errors: Error[] = []
      const closed = once(secured, 'close').catch(() => undefined)
      secured.on('error', (error: Error) => errors.push(error))
      await Promise.race([closed, once(secured, 'error')])
      for (const error of [...errors, secured.errored]) if (error !== null) expect(written(error)).to.not.match(NAMES)
      if (code === 'TLS_CERTIFICATE') {
        expect(errors[0])
          .to.have.property('code')
          .that.matches(/^[A-Z][A-Z_]+$/)
        expect(errors[0]?.cause).to.be.instanceOf(WithheldError)
      }
      secured.destroy()
    })
  }

  it('show no address of a relay that cannot be reached, and keep it for who asks', async () => {
    const transport = engine === 'deno' ? tlsTransport(denoTcp) : tlsTransport()
    const signal = new AbortController().signal
    const error = await failureOf(transport.connect({ hostname: '127.0.0.1', port: 1 }, { signal }))
    expect(error).to.be.instanceOf(TorError).with.property('code', 'LINK_UNREACHABLE')
    expect(written(error)).to.not.match(NAMES)
    const behind = chainOf(error).find((each) => each instanceof WithheldError) as WithheldError
    expect(behind.code).to.equal('ECONNREFUSED')
    expect(behind.original).to.be.instanceOf(Error)
  })

  unlessEngineLacks('agents').it('show no host where an agent is refused', async () => {
    const { default: https } = await import('node:https')
    await servers.add('other.test:443', secureServer(serverCertificate))
    const agent = new TorAgent({ connect: servers.connect, ca: authority })
    const [error] = (await once(https.get('https://other.test/', { agent: agent.https }), 'error')) as [Error]
    expect(written(error)).to.not.match(NAMES)
    agent.destroy()
  })
})
