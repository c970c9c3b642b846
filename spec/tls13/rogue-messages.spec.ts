import { expect } from 'chai'
import { SocketError } from '../../lib/base/errors.ts'
import { joinBytes } from '../../lib/base/bytes/join-bytes.ts'
import { ContentType, ExtensionType, HandshakeType } from '../../lib/tls13/protocol/registry.ts'
import { identityOf, makeIdentity, type Identity } from './support/identity.ts'
import { begin, expectToFail, restOf, type Rogue, type Script } from './support/rogue.ts'
import {
  bytes,
  certificateBody,
  extensionBlock,
  u16,
  vector16,
  type Extension,
  type ScriptedServer,
} from './support/scripted-server.ts'
import { failureOf } from '../support/failures.ts'

const { KEY_SHARE } = ExtensionType
const BAD_CERTIFICATE = 42
const ILLEGAL_PARAMETER = 47
const DECODE_ERROR = 50
const DECRYPT_ERROR = 51
const MISSING_EXTENSION = 109
const UNSUPPORTED_EXTENSION = 110
const UNEXPECTED_MESSAGE = 10

/** A handshake up to its EncryptedExtensions, which are these. */
const withExtensions =
  (...extensions: readonly Extension[]): Script =>
  async (server) => {
    await server.hello()
    await server.encryptedExtensions(extensions)
  }

/** A handshake up to this message in place of Certificate. */
const withCertificate =
  (body: (own: Uint8Array) => Uint8Array): Script =>
  async (server) => {
    await server.hello()
    await server.encryptedExtensions()
    await server.message(HandshakeType.CERTIFICATE, body(server.identity.certificate))
  }

/** A handshake up to this CertificateVerify. */
const withVerify =
  (lie: Parameters<ScriptedServer['certificateVerify']>[0], finished = true): Script =>
  async (server) => {
    await server.hello()
    await server.encryptedExtensions()
    await server.certificate()
    await server.certificateVerify(lie)
    if (finished) await server.finished()
  }

const flip = (at: number) => (right: Uint8Array) => right.map((byte, index) => (index === at ? byte ^ 1 : byte))
const alpn = (...names: readonly string[]): Extension => [
  ExtensionType.ALPN,
  vector16(joinBytes(names.map((name) => joinBytes([bytes(name.length), new TextEncoder().encode(name)])))),
]

const EXTENSIONS: readonly Rogue[] = [
  { does: 'answers what was not asked', script: withExtensions([5, bytes()]), alert: UNSUPPORTED_EXTENSION },
  { does: 'answers what is for its hello', script: withExtensions([KEY_SHARE, u16(29)]), alert: UNSUPPORTED_EXTENSION },
  { does: 'sends signature algorithms', script: withExtensions([13, u16(2, 0x0403)]), alert: UNSUPPORTED_EXTENSION },
  { does: 'accepts early data', script: withExtensions([42, bytes()]), alert: UNSUPPORTED_EXTENSION },
  { does: 'has an extension twice', script: withExtensions([0, bytes()], [0, bytes()]), alert: ILLEGAL_PARAMETER },
  { does: 'answers the name with a name', script: withExtensions([0, bytes(1)]), alert: DECODE_ERROR },
  { does: 'chooses a protocol that was not offered', script: withExtensions(alpn('spdy/3')), alert: ILLEGAL_PARAMETER },
  { does: 'chooses two protocols', script: withExtensions(alpn('h2', 'http/1.1')), alert: DECODE_ERROR },
  { does: 'chooses no protocol', script: withExtensions([16, u16(0)]), alert: DECODE_ERROR },
  {
    does: 'has extensions that are longer than their message',
    script: async (server) => {
      await server.hello()
      await server.message(HandshakeType.ENCRYPTED_EXTENSIONS, u16(9, 0))
    },
    alert: DECODE_ERROR,
  },
  {
    does: 'asks for a certificate with a context',
    script: async (server) => {
      await server.hello()
      await server.encryptedExtensions()
      await server.message(13, joinBytes([bytes(1, 7), extensionBlock([[13, u16(2, 0x0403)]])]))
    },
    alert: ILLEGAL_PARAMETER,
  },
  {
    does: 'asks for a certificate without signature algorithms',
    script: async (server) => {
      await server.hello()
      await server.encryptedExtensions()
      await server.certificateRequest([])
    },
    alert: MISSING_EXTENSION,
  },
]

const CERTIFICATES: readonly Rogue[] = [
  { does: 'has none', script: withCertificate(() => certificateBody([])), alert: DECODE_ERROR },
  { does: 'has an empty one', script: withCertificate(() => certificateBody([bytes()])), alert: DECODE_ERROR },
  {
    does: 'has eleven',
    script: withCertificate((own) => certificateBody(Array<Uint8Array>(11).fill(own))),
    alert: BAD_CERTIFICATE,
  },
  {
    does: 'has a context',
    script: withCertificate((own) => joinBytes([bytes(1, 7), certificateBody([own]).subarray(1)])),
    alert: ILLEGAL_PARAMETER,
  },
  {
    does: 'has an extension that nobody asked for',
    script: withCertificate((own) => certificateBody([own], [[5, bytes(1, 0, 0, 0)]])),
    alert: UNSUPPORTED_EXTENSION,
  },
  {
    does: 'has a byte behind its list',
    script: withCertificate((own) => joinBytes([certificateBody([own]), bytes(0)])),
    alert: DECODE_ERROR,
  },
  {
    does: 'is cut short',
    script: withCertificate((own) => certificateBody([own]).subarray(0, 60)),
    alert: DECODE_ERROR,
  },
  {
    does: 'is longer than any',
    script: async (server) => {
      await server.hello()
      await server.encryptedExtensions()
      await server.record(ContentType.HANDSHAKE, bytes(11, 1, 0, 1))
    },
    alert: ILLEGAL_PARAMETER,
  },
  {
    does: 'is no certificate',
    script: async (server) => {
      await server.hello()
      await server.encryptedExtensions()
      await server.certificate([bytes(0x30, 3, 2, 1, 1)])
      await server.certificateVerify()
    },
    alert: BAD_CERTIFICATE,
    code: 'TLS_CERTIFICATE',
  },
]

const PROOFS: readonly Rogue[] = [
  {
    does: 'leaves CertificateVerify out, though its Finished is right',
    script: async (server) => {
      await server.hello()
      await server.encryptedExtensions()
      await server.certificate()
      await server.finished()
    },
    alert: UNEXPECTED_MESSAGE,
  },
  {
    does: 'leaves both Certificate and CertificateVerify out, as with a pre-shared key',
    script: async (server) => {
      await server.hello()
      await server.encryptedExtensions()
      await server.finished()
    },
    alert: UNEXPECTED_MESSAGE,
  },
  { does: 'signs wrongly', script: withVerify({ signature: flip(20) }), alert: DECRYPT_ERROR, code: 'TLS_CERTIFICATE' },
  { does: 'signs as a client does', script: withVerify({ context: 'TLS 1.3, client CertificateVerify' }), alert: DECRYPT_ERROR, code: 'TLS_CERTIFICATE' }, // prettier-ignore
  { does: 'sends no signature', script: withVerify({ signature: () => bytes() }), alert: DECRYPT_ERROR, code: 'TLS_CERTIFICATE' }, // prettier-ignore
  { does: 'signs with 0 and 0', script: withVerify({ signature: () => bytes(0x30, 6, 2, 1, 0, 2, 1, 0) }), alert: DECRYPT_ERROR, code: 'TLS_CERTIFICATE' }, // prettier-ignore
  { does: 'sends a signature with a byte behind it', script: withVerify({ signature: (right) => joinBytes([right, bytes(0)]) }), alert: DECRYPT_ERROR, code: 'TLS_CERTIFICATE' }, // prettier-ignore
  ...[0x0503, 0x0804, 0x0401, 0x0203, 0x0807, 0x0000].map((scheme): Rogue => ({
    does: `names scheme ${scheme.toString(16).padStart(4, '0')} with a key of P-256`,
    script: withVerify({ scheme }),
    alert: ILLEGAL_PARAMETER,
  })),
  ...[0, 31].map((at): Rogue => ({
    does: `has a Finished whose byte ${at} is wrong`,
    script: async (server) => {
      await withVerify({}, false)(server, undefined as never)
      await server.finished(flip(at))
    },
    alert: DECRYPT_ERROR,
  })),
  ...[0, 31, 33].map((length): Rogue => ({
    does: `has a Finished of ${length} bytes`,
    script: async (server) => {
      await withVerify({}, false)(server, undefined as never)
      await server.finished((right) => joinBytes([right, right]).subarray(0, length))
    },
    alert: DECRYPT_ERROR,
  })),
]

describe('A TLS server whose messages are wrong', () => {
  for (const rogue of EXTENSIONS) it(`extensions: ${rogue.does}`, () => expectToFail(rogue))
  for (const rogue of CERTIFICATES) it(`Certificate: ${rogue.does}`, () => expectToFail(rogue))
  for (const rogue of PROOFS) it(`proof: ${rogue.does}`, () => expectToFail(rogue))

  it('proof: names PKCS #1 v1.5, or the scheme of a curve, with a key of RSA', async () => {
    const identity = await identityOf('rsa')
    for (const scheme of [0x0401, 0x0403, 0x0809]) {
      await expectToFail({ does: '', script: withVerify({ scheme }), alert: ILLEGAL_PARAMETER, identity })
    }
  })

  it("proof: signs with another key than the one of the certificate that it shows, whatever the key's kind", async () => {
    for (const kind of ['P-256', 'P-384', 'rsa'] as const) {
      const shown = await identityOf(kind)
      const own = await makeIdentity(kind)
      const identity: Identity = { ...shown, sign: (message) => own.sign(message) }
      await expectToFail({ does: '', script: withVerify({}), alert: DECRYPT_ERROR, code: 'TLS_CERTIFICATE', identity })
    }
  })

  it('is asked for nothing more once its certificate was refused, and is told by an alert', async () => {
    const reason = new SocketError('TLS_CERTIFICATE', 'not this one')
    let asked = 0
    const connection = await begin({
      authenticate: () => {
        asked += 1
        throw reason
      },
    })
    const rest = restOf(connection)
    await connection.server.handshake()
    expect(await failureOf(connection.secured)).to.equal(reason)
    expect((await rest).map(({ type, content }) => [type, ...content])).to.deep.equal([
      [20, 1],
      [21, 2, 46],
    ])
    expect(asked).to.equal(1)
    expect(connection.wire.isOver).to.equal(true)
  })

  it('is not held against anything before it has proved that it holds its key', async () => {
    let asked = 0
    const connection = await begin({ authenticate: () => void (asked += 1) })
    const rest = restOf(connection)
    await withVerify({ signature: flip(20) })(connection.server, connection.wire)
    await failureOf(connection.secured)
    await rest
    expect(asked).to.equal(0)
  })
})
