import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'
import { expect } from 'chai'
import { systemClock } from '../../lib/base/waiting/clock.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import type { TlsAdapter } from '../../lib/platform/tls/tls-adapter.ts'
import { SecureSocket, type PlainSocket } from '../../lib/tls/secure-socket.ts'
import { LocalServers, type LocalSocket } from '../support/local-servers.ts'
import { authority, expiredCertificate, serverCertificate, serverKey } from '../support/tls-authority.ts'
import { turn } from '../support/turn.ts'
import { socketCodeOf as codeOf } from '../support/failures.ts'

interface Choice {
  readonly serverName?: string
  readonly alpn?: readonly string[]
  readonly ca?: readonly string[] | undefined
  readonly below?: (socket: LocalSocket) => PlainSocket<{ readonly remoteAddress: string | undefined }>
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const encode = (words: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(words)

async function readAll(readable: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(readable).arrayBuffer())
}

describe('TLS on top of a socket', function () {
  let servers: LocalServers
  let opened: { close(): Promise<void> }[]

  beforeEach(() => {
    servers = new LocalServers()
    opened = []
  })

  afterEach(async () => {
    for (const socket of opened) await socket.close().catch(() => undefined)
    await servers.stop()
  })

  /** A TLS server at target.test:443. */
  const serve = (listener: (socket: tls.TLSSocket) => void, options: tls.TlsOptions = {}): Promise<void> => {
    const server = tls.createServer({ key: serverKey, cert: serverCertificate, ...options }, (socket) => {
      socket.on('error', () => undefined)
      listener(socket)
    })
    server.on('tlsClientError', () => undefined)
    return servers.add('target.test:443', server)
  }

  const secure = (address: string, choice: Choice = {}) => {
    const { serverName = 'target.test', alpn = [], below = (plain: LocalSocket) => plain } = choice
    const ca = 'ca' in choice ? choice.ca : [authority]
    const [hostname = '', port] = address.split(':')
    const socket = new SecureSocket(below(servers.connect({ hostname, port: Number(port) })), {
      serverName,
      alpn,
      ca,
      adapter: currentPlatform().tls as TlsAdapter,
      streams: { ReadableStream, WritableStream },
      readableType: 'bytes',
      endOnClose: false,
      linger: 10_000,
      clock: systemClock,
    })
    opened.push(socket)
    return socket
  }

  describe('The handshake', () => {
    it('comes before opened, which says which protocol was chosen', async () => {
      await serve(() => undefined, { ALPNProtocols: ['http/1.1'] })
      const info = await secure('target.test:443', { alpn: ['h2', 'http/1.1'] }).opened
      expect(info.remoteAddress).to.match(/^192\.0\.2\.1:/)
      expect(info.alpn).to.equal('http/1.1')
    })

    it('names the server', async () => {
      const names: unknown[] = []
      await serve((socket) => names.push(socket.servername))
      await secure('target.test:443', { serverName: 'sub.target.test' }).opened
      while (names.length === 0) await turn()
      expect(names).to.deep.equal(['sub.target.test'])
    })

    const faults: Readonly<Record<string, [Choice, tls.TlsOptions]>> = {
      'is signed by nobody that is trusted': [{ ca: undefined }, {}],
      'is for another name': [{ serverName: 'example.com' }, {}],
      'is for a name, where an address was asked for': [{ serverName: '127.0.0.1' }, {}],
      'is over': [{}, { cert: expiredCertificate }],
    }
    for (const [fault, [choice, options]] of Object.entries(faults)) {
      it(`fails when the certificate ${fault}, before anything is written`, async () => {
        let received = 0
        await serve(
          (socket) =>
            socket.on('data', (bytes: Uint8Array) => {
              received += bytes.length
            }),
          options,
        )
        const socket = secure('target.test:443', choice)
        const writer = socket.writable.getWriter()
        const write = writer.write(encode('a secret'))
        write.catch(() => undefined)
        expect(await codeOf(socket.opened)).to.equal('TLS_CERTIFICATE')
        expect(await codeOf(socket.closed)).to.equal('TLS_CERTIFICATE')
        expect(await codeOf(write)).to.equal('TLS_CERTIFICATE')
        expect(await codeOf(socket.readable.getReader().read())).to.equal('TLS_CERTIFICATE')
        while (servers.open > 0) await turn()
        expect(received).to.equal(0)
      })
    }

    it('fails with what the socket below failed with', async () => {
      const socket = secure('nowhere.test:443')
      expect(await codeOf(socket.opened)).to.equal('END_RESOLVEFAILED')
      expect(await codeOf(socket.readable.getReader().read())).to.equal('END_RESOLVEFAILED')
    })

    it('fails with a server that does not speak TLS', async () => {
      await servers.add(
        'plain.test:443',
        net.createServer((socket) => socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))),
      )
      expect(await codeOf(secure('plain.test:443').opened)).to.equal('TLS_FAILED')
    })

    it('fails with a server that goes away amid it', async () => {
      await servers.add(
        'gone.test:443',
        net.createServer((socket) => socket.on('data', () => socket.end())),
      )
      const code = await codeOf(secure('gone.test:443').opened)
      expect(code).to.equal('TLS_FAILED')
    })

    it('fails with a server that has no protocol in common', async () => {
      await serve(() => undefined, { ALPNProtocols: ['h2'] })
      expect(await codeOf(secure('target.test:443', { alpn: ['http/1.1'] }).opened)).to.equal('TLS_FAILED')
    })

    it('can be given up', async () => {
      await servers.add(
        'silent.test:443',
        net.createServer(() => undefined),
      )
      const socket = secure('silent.test:443')
      const read = socket.readable.getReader().read()
      while (servers.connections === 0) await turn()
      await socket.close(new Error('enough'))
      expect(await codeOf(socket.opened)).to.equal('CLOSED')
      expect((await read).done).to.equal(true)
      while (servers.open > 0) await turn()
    })
  })

  describe('Bytes', () => {
    const block = new Uint8Array(65_536).map((_, index) => (index * 7) % 256)

    it('go and come, 8 MiB each way', async () => {
      await serve((socket) => void socket.pipe(socket))
      const socket = secure('target.test:443')
      const writer = socket.writable.getWriter()
      const send = async (): Promise<void> => {
        for (let sent = 0; sent < 128; sent++) await writer.write(block)
      }
      const sending = send()
      const reader = socket.readable.getReader({ mode: 'byob' })
      let at = 0
      let view = new Uint8Array(65_536)
      while (at < 8 * 1024 * 1024) {
        const { value } = await reader.read(view)
        if (value === undefined) throw new Error('it ended early')
        for (let index = 0; index < value.length; index += 997)
          expect(value[index]).to.equal(block[(at + index) % 65_536])
        at += value.length
        view = new Uint8Array(value.buffer)
      }
      await sending
      expect(at).to.equal(8 * 1024 * 1024)
    })

    it('wait below while nobody reads', async () => {
      let below = 0
      await serve((socket) => {
        const more = (): void => void socket.write(block, (error) => (error ? undefined : more()))
        more()
      })
      const socket = secure('target.test:443', {
        below: (plain) => ({
          ...plain,
          readable: plain.readable.pipeThrough(
            new TransformStream<Uint8Array, Uint8Array>({
              transform(chunk, controller) {
                below += chunk.length
                controller.enqueue(chunk)
              },
            }),
          ),
        }),
      })
      const reader = socket.readable.getReader()
      await reader.read()
      let seen = -1
      for (let quiet = 0; quiet < 20; quiet = below === seen ? quiet + 1 : 0) {
        seen = below
        await turn()
      }
      expect(below).to.be.at.most(5 * 65_536)
    })

    it('that nobody takes make a write wait', async () => {
      let gate!: () => void
      const opened = new Promise<void>((resolve) => {
        gate = resolve
      })
      await serve(() => undefined)
      let isShut = false
      const socket = secure('target.test:443', {
        below: (plain) => {
          const writer = plain.writable.getWriter()
          return {
            ...plain,
            writable: new WritableStream<BufferSource>({
              async write(chunk) {
                if (isShut) await opened
                await writer.write(chunk)
              },
            }),
          }
        },
      })
      await socket.opened
      isShut = true
      const writer = socket.writable.getWriter()
      let written = 0
      for (let index = 0; index < 20; index++)
        writer.write(block).then(
          () => {
            written += 1
          },
          () => undefined,
        )
      await turn(20)
      expect(written).to.be.at.most(1)
      gate()
    })
  })

  describe('The end', () => {
    it('is an end when the server says so', async () => {
      // Node's server says it only once its first bytes are gone.
      await serve((socket) => {
        socket.write('all of it')
        socket.on('data', () => socket.end())
      })
      const socket = secure('target.test:443')
      const writer = socket.writable.getWriter()
      await writer.write(encode('enough'))
      expect(text(await readAll(socket.readable))).to.equal('all of it')
      await socket.closed
      expect(await codeOf(writer.closed)).to.equal('ENDED')
      while (servers.open > 0) await turn()
    })

    it('is none when the connection just ends', async () => {
      let cut!: () => void
      await serve((socket) => void socket.write('some of it'))
      const socket = secure('target.test:443', {
        below: (plain) => {
          const through = new TransformStream<Uint8Array, Uint8Array>({
            start(controller) {
              cut = () => controller.terminate()
            },
          })
          plain.readable.pipeTo(through.writable).catch(() => undefined)
          return { ...plain, readable: through.readable }
        },
      })
      const reader = socket.readable.getReader()
      const { value } = await reader.read()
      expect(text(value as Uint8Array)).to.equal('some of it')
      cut()
      expect(await codeOf(reader.read())).to.equal('TLS_TRUNCATED')
      expect(await codeOf(socket.closed)).to.equal('TLS_TRUNCATED')
    })

    it('is a failure when the connection is reset, with its code', async () => {
      await serve((socket) => void socket.write('some of it'))
      const socket = secure('target.test:443')
      const reader = socket.readable.getReader()
      await reader.read()
      servers.reset()
      expect(await codeOf(reader.read())).to.equal('END_CONNRESET')
      expect(await codeOf(socket.closed)).to.equal('END_CONNRESET')
    })

    it('is told by closed when the connection is reset and nobody reads', async () => {
      await serve((socket) => socket.on('data', () => undefined))
      const socket = secure('target.test:443')
      await socket.opened
      servers.reset()
      const writer = socket.writable.getWriter()
      const write = async (): Promise<void> => {
        for (;;) await writer.write(new Uint8Array(65_536))
      }
      expect(await codeOf(write())).to.equal('END_CONNRESET')
      expect(await codeOf(socket.closed)).to.equal('END_CONNRESET')
    })

    it('waits for the answer after the request was closed', async () => {
      await serve((socket) => {
        let request = ''
        socket.on('data', (bytes: Buffer) => {
          request += bytes.toString()
          if (request.endsWith('!')) socket.end(`${request} and the answer`)
        })
      })
      const socket = secure('target.test:443')
      const writer = socket.writable.getWriter()
      await writer.write(encode('the request!'))
      await writer.close()
      expect(text(await readAll(socket.readable))).to.equal('the request! and the answer')
    })

    it('is told to the server by close()', async () => {
      const ended: Promise<unknown>[] = []
      await serve((socket) => {
        socket.resume()
        ended.push(once(socket, 'end'))
      })
      const socket = secure('target.test:443')
      await socket.opened
      while (ended.length === 0) await turn()
      await socket.close()
      await ended[0]
    })

    it('is told to the server when the readable is cancelled and the writable closed', async () => {
      await serve((socket) => void socket.write('something'))
      const socket = secure('target.test:443')
      await socket.opened
      await socket.readable.cancel()
      await socket.writable.close()
      await socket.closed
      while (servers.open > 0) await turn()
    })

    it('comes at once when the writable is aborted', async () => {
      await serve(() => undefined)
      const socket = secure('target.test:443')
      await socket.opened
      const read = socket.readable.getReader().read()
      await socket.writable.abort(new Error('no more'))
      expect(await codeOf(read)).to.equal('ABORTED')
      while (servers.open > 0) await turn()
    })
  })
})
