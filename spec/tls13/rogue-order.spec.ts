import { handshakeMessage } from '../../lib/tls13/messages/handshake-message.ts'
import { ContentType } from '../../lib/tls13/protocol/registry.ts'
import { joinBytes } from '../../lib/base/bytes/join-bytes.ts'
import { expectToFail, type Script } from './support/rogue.ts'
import { certificateBody, extensionBlock, u16 } from './support/scripted-server.ts'
import { identityOf } from './support/identity.ts'

const UNEXPECTED_MESSAGE = 10

/** How the server comes to each state of the client's, and which messages are legal there (RFC 8446, appendix A.1). */
const STATES: Readonly<Record<string, { readonly reach: Script; readonly legal: readonly number[] }>> = {
  'after the ClientHello': { reach: async () => undefined, legal: [2] },
  'after a HelloRetryRequest': { reach: (server) => server.retry(), legal: [2] },
  'after the ServerHello': { reach: (server) => server.hello(), legal: [8] },
  'after EncryptedExtensions': {
    reach: async (server) => {
      await server.hello()
      await server.encryptedExtensions()
    },
    legal: [11, 13],
  },
  'after CertificateRequest': {
    reach: async (server) => {
      await server.hello()
      await server.encryptedExtensions()
      await server.certificateRequest()
    },
    legal: [11],
  },
  'after Certificate': {
    reach: async (server) => {
      await server.hello()
      await server.encryptedExtensions()
      await server.certificate()
    },
    legal: [15],
  },
  'after CertificateVerify': {
    reach: async (server) => {
      await server.hello()
      await server.encryptedExtensions()
      await server.certificate()
      await server.certificateVerify()
    },
    legal: [20],
  },
  'after Finished': { reach: (server) => server.handshake(), legal: [4, 24] },
}

/** Every message that there is, each well-formed. */
const MESSAGES: Readonly<Record<string, readonly [type: number, body: () => Promise<Uint8Array> | Uint8Array]>> = {
  HelloRequest: [0, () => new Uint8Array(0)],
  ClientHello: [1, () => new Uint8Array(80)],
  ServerHello: [
    2,
    () => joinBytes([u16(0x0303), new Uint8Array(32), Uint8Array.of(0), u16(0x1301), new Uint8Array(3)]),
  ],
  HelloVerifyRequest: [3, () => new Uint8Array(3)],
  NewSessionTicket: [4, () => joinBytes([new Uint8Array(8), Uint8Array.of(0, 0, 1, 1, 0, 0)])],
  EndOfEarlyData: [5, () => new Uint8Array(0)],
  EncryptedExtensions: [8, () => extensionBlock([])],
  Certificate: [11, async () => certificateBody([(await identityOf('P-256')).certificate])],
  ServerKeyExchange: [12, () => new Uint8Array(40)],
  CertificateRequest: [13, () => joinBytes([Uint8Array.of(0), extensionBlock([[13, u16(2, 0x0403)]])])],
  ServerHelloDone: [14, () => new Uint8Array(0)],
  CertificateVerify: [15, () => u16(0x0403, 2, 0)],
  Finished: [20, () => new Uint8Array(32)],
  CertificateStatus: [22, () => Uint8Array.of(1, 0, 0, 0)],
  KeyUpdate: [24, () => Uint8Array.of(0)],
  CompressedCertificate: [25, () => new Uint8Array(8)],
  message_hash: [254, () => new Uint8Array(32)],
}

/** Records of another kind than handshake. */
const RECORDS: Readonly<Record<string, readonly [type: number, content: Uint8Array]>> = {
  'application data': [ContentType.APPLICATION_DATA, Uint8Array.of(1, 2, 3)],
  'a heartbeat': [24, Uint8Array.of(1, 0, 0)],
  'a record of type 0': [0, Uint8Array.of(1)],
}

describe('A TLS server whose messages are out of order', () => {
  for (const [state, { reach, legal }] of Object.entries(STATES)) {
    for (const [name, [type, body]] of Object.entries(MESSAGES)) {
      if (legal.includes(type)) continue
      it(`${state}: ${name} ends the connection`, () =>
        expectToFail({
          does: name,
          alert: UNEXPECTED_MESSAGE,
          async script(server, wire) {
            await reach(server, wire)
            await server.record(ContentType.HANDSHAKE, handshakeMessage(type, await body()))
          },
        }))
    }
    for (const [name, [type, content]] of Object.entries(RECORDS)) {
      if (state === 'after Finished' && type === ContentType.APPLICATION_DATA) continue
      it(`${state}: ${name} ends the connection`, () =>
        expectToFail({
          does: name,
          alert: UNEXPECTED_MESSAGE,
          async script(server, wire) {
            await reach(server, wire)
            await server.record(type, content)
          },
        }))
    }
    it(`${state}: a record that is not encrypted, or encrypted too early, ends the connection`, () =>
      expectToFail({
        does: 'plain',
        alert: UNEXPECTED_MESSAGE,
        async script(server, wire) {
          await reach(server, wire)
          const content = handshakeMessage(legal[0] as number, new Uint8Array(40))
          const isEarly = legal[0] === 2
          await server.record(isEarly ? ContentType.APPLICATION_DATA : ContentType.HANDSHAKE, content, { plain: true })
        },
      }))
  }
})
