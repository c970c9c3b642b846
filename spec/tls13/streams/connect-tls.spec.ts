import { expect } from 'chai'
import { connectTls, SocketError, type ConnectTlsOptions, type TlsStreams } from 'tor-streams/tls'
import { Alert, ContentType } from '../../../lib/tls13/protocol/registry.ts'
import { codeOf, failureOf } from '../../support/failures.ts'
import { turn } from '../../support/turn.ts'
import { watchedSignal } from '../../support/watched-signal.ts'
import { HOST, NOW, root, server as serverOf, type Fields, type Issued } from '../../webpki/support/certificates.ts'
import { serverExtensions } from '../../webpki/support/certificates.ts'
import { dns, ip } from '../../webpki/support/extensions.ts'
import { pemOf } from '../../webpki/support/pem.ts'
import type { Identity } from '../support/identity.ts'
import { bytes, ScriptedServer, type FromClient } from '../support/scripted-server.ts'
import { Wire } from '../support/wire.ts'

const DAY = 86_400_000
const { ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC } = ContentType

describe('connectTls of tor-streams/tls', () => {
  let top: Issued
  before(async () => {
    top = await root()
  })

  const identity = async (fields: Fields = {}): Promise<Identity> => {
    const { der, key } = await serverOf(top, fields)
    return {
      kind: 'P-256',
      certificate: der,
      certificatePem: '',
      keyPem: '',
      sign: (text) => key.sign(new Uint8Array(text)),
    }
  }

  /** A client that trusts the authority, and the server of it: the server has the ClientHello. */
  async function begin(options: Partial<ConnectTlsOptions> = {}, fields: Fields = {}) {
    const wire = new Wire()
    const secured = connectTls(wire.below, { serverName: HOST, ca: pemOf(top.der), now: () => NOW, ...options })
    secured.catch(() => undefined) // looked at by whoever began it
    const server = new ScriptedServer(await identity(fields), (chunk) => wire.give(chunk))
    const hello = (await wire.take()) as Uint8Array
    await server.take(hello)
    return { wire, server, secured, hello: new TextDecoder('latin1').decode(hello) }
  }

  async function connect(options: Partial<ConnectTlsOptions> = {}) {
    const begun = await begin(options)
    await begun.server.handshake()
    const streams: TlsStreams = await begun.secured
    await begun.server.take((await begun.wire.take()) as Uint8Array)
    return { ...begun, streams }
  }

  it('carries bytes both ways to a server whose certificate is good, until both sides have ended', async () => {
    const { wire, server, streams } = await connect()
    expect(streams.peerCertificates).to.deep.equal([server.identity.certificate])
    expect(streams.alpn).to.equal(undefined)
    const writer = streams.writable.getWriter()
    await writer.write(bytes(1, 2, 3))
    expect(await server.take((await wire.take()) as Uint8Array)).to.deep.equal([
      { type: APPLICATION_DATA, content: bytes(1, 2, 3) },
    ])
    await server.data(bytes(4, 5))
    await server.alert(0, 1)
    const reader = streams.readable.getReader()
    expect(await reader.read()).to.deep.equal({ done: false, value: bytes(4, 5) })
    expect((await reader.read()).done).to.equal(true)
    let isClosed = false
    void streams.closed.then(() => (isClosed = true))
    await turn(3)
    expect(isClosed, 'writes may go on').to.equal(false)
    await writer.close()
    await streams.closed
    expect(await server.take((await wire.take()) as Uint8Array)).to.deep.equal([{ type: ALERT, content: bytes(1, 0) }])
    expect(wire.isClosed).to.equal(true)
  })

  it('is closed too when nobody reads any more and the writable is closed, and leaves nothing below open', async () => {
    const { wire, streams } = await connect()
    await streams.writable.close()
    await streams.readable.cancel('enough')
    await streams.closed
    expect(wire.cancelled).to.equal('enough')
    expect(wire.isOver).to.equal(true)
  })

  it('lets go of the bytes below when both sides have ended, though the server holds on to them', async () => {
    let cancels = 0
    const { wire, server, secured } = await (async () => {
      const wire = new Wire()
      const reader = wire.below.readable.getReader()
      const readable = new ReadableStream<Uint8Array>(
        {
          pull: async (controller) => controller.enqueue((await reader.read()).value as Uint8Array),
          cancel: () => void (cancels += 1),
        },
        { highWaterMark: 0 },
      )
      const below = { readable, writable: wire.below.writable }
      const secured = connectTls(below, { serverName: HOST, ca: pemOf(top.der), now: () => NOW })
      const server = new ScriptedServer(await identity(), (chunk) => wire.give(chunk))
      await server.take((await wire.take()) as Uint8Array)
      return { wire, server, secured }
    })()
    await server.handshake()
    const { readable, writable, closed } = await secured
    await server.alert(0, 1)
    expect((await readable.getReader().read()).done).to.equal(true)
    expect(cancels).to.equal(0)
    await writable.close()
    await closed
    expect(wire.isClosed).to.equal(true)
    expect(cancels).to.equal(1)
  })

  it('is there after one flight of each side, and sends its own last word with what is written first', async () => {
    const { wire, server, secured } = await begin()
    await server.handshake()
    const { writable } = await secured
    await writable.getWriter().write(bytes(1))
    const sent = await server.take((await wire.take()) as Uint8Array)
    expect(sent.at(-1)).to.deep.equal({ type: APPLICATION_DATA, content: bytes(1) })
  })

  it('offers what it is told by ALPN, and says what the server chose', async () => {
    const { server, secured, hello } = await begin({ alpn: ['h2', 'http/1.1'] })
    expect(hello).to.contain('h2').and.to.contain('http/1.1')
    await server.hello()
    await server.encryptedExtensions([[16, bytes(0, 3, 2, 104, 50)]])
    await server.certificate()
    await server.certificateVerify()
    await server.finished()
    expect((await secured).alpn).to.equal('h2')
  })

  it('names the server in its hello, without the dot at the end, and an address never', async () => {
    const named = await begin({ serverName: `${HOST}.` })
    expect(named.hello).to.contain(HOST).and.not.to.contain(`${HOST}.`)
    await named.server.handshake()
    await named.secured
    const numbered = await begin({ serverName: '127.0.0.1' }, { extensions: serverExtensions(ip(127, 0, 0, 1)) })
    expect(numbered.hello).not.to.contain('127.0.0.1')
    await numbered.server.handshake()
    await numbered.secured
  })

  const REFUSED: Readonly<
    Record<string, readonly [options: Partial<ConnectTlsOptions>, fields: Fields, alert: number]>
  > = {
    'another name': [{}, { extensions: serverExtensions(dns('other.test')) }, Alert.BAD_CERTIFICATE],
    'a time that is over': [{ now: () => NOW + 2 * DAY }, {}, Alert.CERTIFICATE_EXPIRED],
    'a time to come': [{ now: () => NOW - 2 * DAY }, {}, Alert.CERTIFICATE_EXPIRED],
    'an authority that the web does not know': [{ ca: undefined }, {}, Alert.UNKNOWN_CA],
  }
  for (const [of, [options, fields, alert]] of Object.entries(REFUSED)) {
    it(`refuses a certificate of ${of}, tells the server and sends it nothing`, async () => {
      const { wire, server, secured } = await begin(options, fields)
      await server.handshake()
      const error = await failureOf(secured)
      expect(error).to.be.instanceOf(SocketError)
      expect(error.code).to.equal('TLS_CERTIFICATE')
      const told: FromClient[] = []
      for (let chunk = await wire.take(); chunk !== undefined; chunk = await wire.take()) {
        told.push(...(await server.take(chunk)))
      }
      expect(told.filter(({ type }) => type !== (CHANGE_CIPHER_SPEC as number))).to.deep.equal([
        { type: ALERT, content: bytes(2, alert) },
      ])
      await turn(2)
      expect(wire.isOver).to.equal(true)
    })
  }

  it('errors on both sides and in closed when the bytes end without the end of TLS', async () => {
    const { wire, server, streams } = await connect()
    await server.data(bytes(1))
    wire.end()
    const reader = streams.readable.getReader()
    expect((await reader.read()).value).to.deep.equal(bytes(1))
    expect(await codeOf(reader.read())).to.equal('TLS_TRUNCATED')
    expect(await codeOf(streams.closed)).to.equal('TLS_TRUNCATED')
    expect(await codeOf(streams.writable.getWriter().write(bytes(1)))).to.equal('TLS_TRUNCATED')
  })

  it('errors with what the streams below fail with, in closed too', async () => {
    const { wire, streams } = await connect()
    const error = new Error('the network is gone')
    wire.fail(error)
    const read = streams.readable.getReader().read()
    for (const promise of [read, streams.closed]) expect(await promise.catch((each: unknown) => each)).to.equal(error)
  })

  it('errors in closed with what the writable is aborted with, and can be read on', async () => {
    const { server, streams } = await connect()
    await streams.writable.abort('enough')
    expect(await streams.closed.catch((reason: unknown) => reason)).to.equal('enough')
    await server.data(bytes(3))
    expect((await streams.readable.getReader().read()).value).to.deep.equal(bytes(3))
  })

  it('is given up by its signal in the handshake, with the reason as cause', async () => {
    const { abort, signal, listeners } = watchedSignal()
    const { wire, secured } = await begin({ signal })
    abort.abort('enough')
    const error = await failureOf(secured)
    expect([error.code, error.cause]).to.deep.equal(['ABORTED', 'enough'])
    await turn(2)
    expect(wire.isOver).to.equal(true)
    expect(listeners()).to.equal(0)
  })

  it('is given up by its signal after the handshake: a read, a write and an idle side', async () => {
    for (const waits of ['read', 'write', 'nothing']) {
      const { abort, signal, listeners } = watchedSignal()
      const { wire, streams } = await connect({ signal })
      const reader = streams.readable.getReader()
      const writer = streams.writable.getWriter()
      writer.closed.catch(() => undefined) // the same as the write
      if (waits === 'write') wire.holdDeaf()
      const waiting = waits === 'read' ? reader.read() : waits === 'write' ? writer.write(bytes(1)) : undefined
      await turn(2)
      abort.abort('enough')
      for (const promise of [waiting ?? reader.read(), reader.read(), writer.write(bytes(2)), streams.closed]) {
        expect(await codeOf(promise), waits).to.equal('ABORTED')
      }
      await turn(2)
      expect(wire.cancelled).to.be.instanceOf(SocketError)
      expect(wire.aborted).to.be.instanceOf(SocketError)
      expect(listeners()).to.equal(0)
    }
  })

  it('listens to its signal no longer once both sides have ended', async () => {
    const { abort, signal, listeners } = watchedSignal()
    const { streams } = await connect({ signal })
    expect(listeners()).to.equal(1)
    await streams.writable.close()
    await streams.readable.cancel()
    await streams.closed
    await turn(1)
    expect(listeners()).to.equal(0)
    abort.abort()
    await streams.closed
  })

  const WRONG: Readonly<Record<string, readonly [options: object, named: string]>> = {
    'no name': [{ serverName: undefined }, 'serverName'],
    'an empty name': [{ serverName: '.' }, 'serverName'],
    'a name that is not ASCII': [{ serverName: 'bücher.test' }, 'serverName'],
    'a name that is too long': [{ serverName: 'a'.repeat(254) }, 'serverName'],
    'ALPN that is no list': [{ alpn: 'h2' }, 'alpn'],
    'an empty protocol': [{ alpn: [''] }, 'alpn'],
    'no authority': [{ ca: [] }, 'option ca'],
    'an authority that is no certificate': [{ ca: 'none' }, 'option ca'],
    'a signal that is none': [{ signal: {} }, 'signal'],
    'a clock that is a time': [{ now: 5 }, 'now'],
    'a misspelt option': [{ servername: 'a.test' }, 'did you mean serverName?'],
  }
  for (const [what, [options, named]] of Object.entries(WRONG)) {
    it(`refuses ${what}, and leaves the streams below alone`, async () => {
      const { below } = new Wire()
      const given = { serverName: HOST, ca: pemOf(top.der), ...options } as ConnectTlsOptions
      const error: unknown = await connectTls(below, given).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      expect(error).to.be.instanceOf(TypeError)
      expect((error as Error).message).to.contain(named)
      expect(below.readable.locked || below.writable.locked).to.equal(false)
    })
  }
})
