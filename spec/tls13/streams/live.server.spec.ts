import { createServer as createTcpServer } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { expect } from 'chai'
import { deferred } from '../../../lib/base/waiting/deferred.ts'
import { CIPHER_SUITES } from '../../../lib/tls13/keys/cipher-suites.ts'
import { unlessEngineLacks } from '../../support/engines.ts'
import { codeOf, failureOf } from '../../support/failures.ts'
import { turn } from '../../support/turn.ts'
import { identityOf } from '../support/identity.ts'
import { bytesOf, secured } from '../support/live.ts'
import { LiveServers } from '../support/live-servers.ts'

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)
const encode = (words: string): Uint8Array => new TextEncoder().encode(words)
const random = (length: number): Uint8Array => {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  return bytes
}

/** As many bytes, which may come in any pieces. */
async function take(reader: ReadableStreamDefaultReader<Uint8Array>, length: number): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for (let left = length; left > 0;) {
    const { done, value } = await reader.read()
    if (done) throw new Error(`it ended ${left} bytes too early`)
    parts.push(value)
    left -= value.length
  }
  return Buffer.concat(parts)
}

describe('TLS 1.3 to servers of the runtime', function () {
  let servers: LiveServers
  beforeEach(() => {
    servers = new LiveServers()
  })
  afterEach(() => servers.stop())

  const serve = (...given: Parameters<LiveServers['serve']>): Promise<number> => servers.serve(...given)

  for (const kind of ['rsa', 'P-256', 'P-384'] as const) {
    it(`takes a certificate with a key of ${kind}, and carries bytes both ways to the end`, async () => {
      const { readable, writable, chain } = await secured(await serve(kind))
      expect(chain).to.deep.equal([(await identityOf(kind)).certificate])
      const sent = random(300_000)
      const writer = writable.getWriter()
      const reader = readable.getReader()
      const written = writer.write(sent)
      expect(Buffer.compare(await take(reader, sent.length), sent)).to.equal(0)
      await written
      await writer.close()
      expect((await reader.read()).done).to.equal(true)
    })
  }

  for (const { id } of CIPHER_SUITES.filter(({ cipher }) => cipher === 'AES-GCM')) {
    it(`speaks suite ${id.toString(16)}`, async () => {
      const { readable, writable } = await secured(await serve('P-256'), { suites: [id] })
      const writer = writable.getWriter()
      await writer.write(encode('hello'))
      expect(text((await readable.getReader().read()).value)).to.equal('hello')
      await writer.close()
    })
  }

  it('fails with a server that has no TLS 1.3, or no TLS at all', async () => {
    const old = await serve('P-256', { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' })
    expect((await failureOf(secured(old))).code).to.equal('TLS_FAILED')
    const http = await servers.listen(createTcpServer((socket) => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
    expect((await failureOf(secured(http))).message).to.contain('something that is not TLS')
    const silent = await servers.listen(createTcpServer((socket) => void socket.end()))
    expect((await failureOf(secured(silent))).code).to.equal('TLS_FAILED')
  })

  it('tells which protocol the server chose by ALPN', async () => {
    const port = await serve('P-256', { ALPNProtocols: ['http/1.1', 'h2'] })
    expect((await secured(port, { alpn: ['h2'] })).alpn).to.equal('h2')
    expect((await secured(port)).alpn).to.equal(undefined)
  })

  it('has no certificate for a server that asks for one: whoever insists ends the connection', async () => {
    const { readable, writable } = await secured(await serve('P-256', { requestCert: true, rejectUnauthorized: false }))
    const writer = writable.getWriter()
    await writer.write(encode('anonymous'))
    expect(text((await readable.getReader().read()).value)).to.equal('anonymous')
    const strict = await secured(await serve('P-256', { requestCert: true, rejectUnauthorized: true }))
    expect(await codeOf(bytesOf(strict.readable))).to.be.oneOf(['TLS_FAILED', 'TLS_TRUNCATED', 'END_CONNRESET'])
  })

  it('carries writes of every size, in both directions at once', async () => {
    const { readable, writable } = await secured(await serve('P-256'))
    const sizes = [1, 0, 2, 16_383, 16_384, 16_385, 65_537, 262_144, 262_145, 1_000_000, 3]
    const chunks = sizes.map(random)
    const writer = writable.getWriter()
    const written = (async () => {
      for (const chunk of chunks) await writer.write(chunk)
      for (let at = 0; at < 500; at++) await writer.write(Uint8Array.of(at & 0xff))
    })()
    const all = Buffer.concat([...chunks, Uint8Array.from({ length: 500 }, (_, at) => at & 0xff)])
    expect(Buffer.compare(await take(readable.getReader(), all.length), all)).to.equal(0)
    await written
    await writer.close()
  })

  unlessEngineLacks('paused TLS servers').it(
    'reads to its end an echo that is written and closed at once',
    async () => {
      const port = await serve('P-256')
      const sent = random(300_000)
      for (let round = 0; round < 10; round++) {
        const { readable, writable } = await secured(port)
        const writer = writable.getWriter()
        const over = Promise.all([writer.write(sent), writer.close()])
        expect(Buffer.compare(await bytesOf(readable), sent)).to.equal(0)
        await over
      }
    },
  )

  unlessEngineLacks('the end of hasty TLS servers').it(
    'reads to its end what a server says in the turn of its handshake',
    async () => {
      const port = await serve('P-256', {}, (socket) => void socket.end('hello'))
      for (let round = 0; round < 20; round++) {
        expect(text(await bytesOf((await secured(port)).readable))).to.equal('hello')
      }
    },
  )

  it('waits for a server that says nothing', async () => {
    const { promise, resolve } = deferred<TLSSocket>()
    const { readable } = await secured(await serve('P-256', {}, resolve))
    let isOver = false
    const all = bytesOf(readable).finally(() => (isOver = true))
    const server = await promise
    await turn(100)
    expect(isOver).to.equal(false)
    server.end('at last')
    expect(text(await all)).to.equal('at last')
  })

  it('leaves the server waiting while nobody reads, and has everything afterwards', async () => {
    const total = 32_000_000
    let taken = false
    const port = await serve('P-256', {}, (socket) => socket.end(Buffer.alloc(total, 7), () => (taken = true)))
    const { readable } = await secured(port)
    const reader = readable.getReader()
    let length = (await reader.read()).value?.length ?? 0
    expect(taken).to.equal(false)
    for (let next = await reader.read(); !next.done; next = await reader.read()) length += next.value.length
    expect(length).to.equal(total)
  })
})
