import https from 'node:https'
import tls from 'node:tls'
import { expect } from 'chai'
import { Circuit } from '../../lib/circuit/circuit.ts'
import type { SocketError } from '../../lib/base/errors.ts'
import { WithheldError } from '../../lib/base/withheld.ts'
import { createFetch } from '../../lib/fetch/create-fetch.ts'
import { tcpExit } from '../../lib/testing/exit/tcp-exit.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import type { TlsAdapter } from '../../lib/platform/tls/tls-adapter.ts'
import { LocalServers } from '../support/local-servers.ts'
import { authority, serverCertificate, serverKey } from '../support/tls-authority.ts'
import { socketCodeOf as codeOf } from '../support/failures.ts'

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)
const encode = (words: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(words)

/** A byte at a time would do too; lines of SMTP are short. */
async function readLine(readable: ReadableStream<Uint8Array>): Promise<string> {
  const reader = readable.getReader()
  const { value } = await reader.read()
  reader.releaseLock()
  return text(value)
}

describe('TLS on a Tor stream', function () {
  let servers: LocalServers
  let network: TestNetwork
  let circuit: Circuit

  beforeEach(async () => {
    servers = new LocalServers()
    const options = { key: serverKey, cert: serverCertificate, ALPNProtocols: ['http/1.1'] }
    await servers.add(
      'target.test:443',
      tls.createServer(options, (socket) => {
        socket.on('error', () => undefined)
        socket.pipe(socket)
      }),
    )
    network = await TestNetwork.start({
      relays: 3,
      exit: tcpExit({ redirect: (host, port) => ({ host: '127.0.0.1', port: servers.portOf(`${host}:${port}`) }) }),
    })
    circuit = Circuit.open(network.path(3), {
      transport: network.transport,
      streamDefaults: { rejectInternalAddresses: false },
    })
  })

  afterEach(async () => {
    await circuit.close()
    await network.close()
    await servers.stop()
  })

  it('opens after the handshake, with the protocol that was chosen, and echoes', async () => {
    const socket = circuit.connect('target.test:443', {
      secureTransport: 'on',
      alpn: ['http/1.1'],
      tls: { ca: authority },
    })
    expect(socket.secureTransport).to.equal('on')
    const { alpn, remoteAddress } = await socket.opened
    expect(alpn).to.equal('http/1.1')
    expect(remoteAddress).to.equal('127.0.0.1:443')
    const writer = socket.writable.getWriter()
    await writer.write(encode('over Tor and TLS'))
    expect(await readLine(socket.readable)).to.equal('over Tor and TLS')
    await socket.close()
    await socket.closed
  })

  it('moves 4 MiB each way, with the windows in between', async () => {
    const socket = circuit.connect('target.test:443', { secureTransport: 'on', tls: { ca: authority } })
    const block = new Uint8Array(65_536).map((_, index) => (index * 11) % 256)
    const writer = socket.writable.getWriter()
    const send = async (): Promise<void> => {
      for (let sent = 0; sent < 64; sent++) await writer.write(block)
    }
    const sending = send()
    const reader = socket.readable.getReader()
    for (let at = 0; at < 4 * 1024 * 1024;) {
      const { value } = await reader.read()
      if (value === undefined) throw new Error('it ended early')
      for (let index = 0; index < value.length; index += 991)
        expect(value[index]).to.equal(block[(at + index) % 65_536])
      at += value.length
    }
    await sending
    await socket.close()
  })

  it('carries https: of a fetch', async () => {
    const server = https.createServer({ key: serverKey, cert: serverCertificate }, (request, response) => {
      response.end(`${request.headers.host} ${request.url}`)
    })
    await servers.add('www.target.test:443', server)
    const fetch = createFetch({
      connect: (address, options) => circuit.connect(address, { ...options, tls: { ca: authority } }),
    })
    for (const path of ['/1', '/2']) {
      expect(await (await fetch(`https://www.target.test${path}`)).text()).to.equal(`www.target.test ${path}`)
    }
    expect(servers.connections).to.equal(1)
    const error = await fetch('https://nowhere.test/').then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).to.be.instanceOf(TypeError)
    fetch.close()
  })

  it('fails when the certificate is not trusted, and the stream ends', async () => {
    const socket = circuit.connect('target.test:443', { secureTransport: 'on' })
    expect(await codeOf(socket.opened)).to.equal('TLS_CERTIFICATE')
    expect(await codeOf(socket.closed)).to.equal('TLS_CERTIFICATE')
    while (servers.connections > 0) await new Promise((resolve) => setImmediate(resolve))
  })

  it('fails with the END of an exit that cannot connect', async () => {
    const socket = circuit.connect('127.0.0.1:1', { secureTransport: 'on' })
    expect(await codeOf(socket.opened)).to.match(/^END_/)
  })

  it('begins by startTls() on a stream that was in the clear', async () => {
    const socket = circuit.connect('target.test:443', { secureTransport: 'starttls', tls: { ca: authority } })
    expect([socket.secureTransport, socket.upgraded]).to.deep.equal(['starttls', false])
    await socket.opened
    const secured = socket.startTls()
    expect([socket.upgraded, secured.upgraded, secured.secureTransport]).to.deep.equal([true, false, 'on'])
    expect(() => socket.startTls()).to.throw(TypeError)
    await socket.close()
    await secured.opened
    await secured.writable.getWriter().write(encode('after STARTTLS'))
    expect(await readLine(secured.readable)).to.equal('after STARTTLS')
    await secured.close()
  })

  it('cannot begin on a stream that somebody reads or writes', async () => {
    const socket = circuit.connect('target.test:443', { secureTransport: 'starttls' })
    const reader = socket.readable.getReader()
    expect(() => socket.startTls()).to.throw(TypeError, 'locked')
    reader.releaseLock()
    expect(socket.upgraded).to.equal(false)
    await socket.close()
  })

  it('ends with the signal', async () => {
    const giveUp = new AbortController()
    const socket = circuit.connect('target.test:443', {
      secureTransport: 'on',
      tls: { ca: authority },
      signal: giveUp.signal,
    })
    await socket.opened
    giveUp.abort()
    expect(await codeOf(socket.closed)).to.equal('ABORTED')
    expect(await codeOf(socket.readable.getReader().read())).to.equal('ABORTED')
  })

  it('errors when the circuit dies', async () => {
    const socket = circuit.connect('target.test:443', { secureTransport: 'on', tls: { ca: authority } })
    await socket.opened
    const read = socket.readable.getReader().read()
    await circuit.close()
    expect(await codeOf(read)).to.equal('CIRCUIT_CLOSED')
    expect(await codeOf(socket.closed)).to.equal('CIRCUIT_CLOSED')
  })

  it('is made by the adapter that was given', async () => {
    const asked: unknown[] = []
    const adapter: TlsAdapter = {
      async secure(below, { serverName, alpn, ca }) {
        asked.push({ serverName, alpn, ca })
        return { readable: below.readable, writable: below.writable as WritableStream<Uint8Array>, alpn: 'its own' }
      },
    }
    const options = { secureTransport: 'on', sni: 'other.test', alpn: ['a', 'b'], tls: { ca: 'PEM', adapter } } as const
    const socket = circuit.connect('target.test:443', options)
    expect((await socket.opened).alpn).to.equal('its own')
    expect(asked).to.deep.equal([{ serverName: 'other.test', alpn: ['a', 'b'], ca: ['PEM'] }])
    await socket.close()
  })

  it('fails when the adapter does, with its error as the cause', async () => {
    const cause = new Error('no entropy')
    const socket = circuit.connect('target.test:443', {
      secureTransport: 'on',
      tls: { adapter: { secure: () => Promise.reject(cause) } },
    })
    const error = await socket.opened.then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect((error as SocketError).code).to.equal('TLS_FAILED')
    expect((error as SocketError).cause)
      .to.be.instanceOf(WithheldError)
      .with.property('original', cause)
  })
})
