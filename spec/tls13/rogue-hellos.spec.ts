import { joinBytes } from '../../lib/base/bytes/join-bytes.ts'
import { ExtensionType } from '../../lib/tls13/protocol/registry.ts'
import { expectToFail, type Script } from './support/rogue.ts'
import { bytes, u16, vector16, type HelloLies } from './support/scripted-server.ts'

const { KEY_SHARE, SUPPORTED_VERSIONS, COOKIE } = ExtensionType
const UNEXPECTED_MESSAGE = 10
const ILLEGAL_PARAMETER = 47
const DECODE_ERROR = 50
const PROTOCOL_VERSION = 70
const MISSING_EXTENSION = 109
const UNSUPPORTED_EXTENSION = 110

/** What its hello says. */
const HELLOS: readonly (readonly [does: string, lies: HelloLies, alert: number])[] = [
  ['names another version in the old field', { version: 0x0302 }, PROTOCOL_VERSION],
  ['names TLS 1.3 in the old field', { version: 0x0304 }, PROTOCOL_VERSION],
  ['leaves supported_versions out', { extensions: { [SUPPORTED_VERSIONS]: undefined } }, PROTOCOL_VERSION],
  ['chooses TLS 1.2', { extensions: { [SUPPORTED_VERSIONS]: u16(0x0303) } }, ILLEGAL_PARAMETER],
  ['chooses a version of the future', { extensions: { [SUPPORTED_VERSIONS]: u16(0x0305) } }, ILLEGAL_PARAMETER],
  ['has a version of one byte', { extensions: { [SUPPORTED_VERSIONS]: bytes(3) } }, DECODE_ERROR],
  ['has a version of three bytes', { extensions: { [SUPPORTED_VERSIONS]: bytes(3, 4, 0) } }, DECODE_ERROR],
  ['repeats another session id', { sessionId: new Uint8Array(32) }, ILLEGAL_PARAMETER],
  ['repeats no session id', { sessionId: new Uint8Array(0) }, ILLEGAL_PARAMETER],
  ['repeats too long a session id', { sessionId: new Uint8Array(33) }, ILLEGAL_PARAMETER],
  ['chooses a suite of TLS 1.3 that was not offered', { suite: 0x1302 }, ILLEGAL_PARAMETER],
  ['chooses a suite of TLS 1.2', { suite: 0xc02f }, ILLEGAL_PARAMETER],
  ['chooses a compression', { compression: 1 }, ILLEGAL_PARAMETER],
  ['leaves its key share out', { extensions: { [KEY_SHARE]: undefined } }, MISSING_EXTENSION],
  [
    'has a share of a group without one',
    { extensions: { [KEY_SHARE]: joinBytes([u16(23, 1), bytes(0)]) } },
    ILLEGAL_PARAMETER,
  ],
  [
    'has a share of an unknown group',
    { extensions: { [KEY_SHARE]: joinBytes([u16(0x4242, 1), bytes(0)]) } },
    ILLEGAL_PARAMETER,
  ],
  ['has a key that is cut short', { extensions: { [KEY_SHARE]: u16(29, 32, 1) } }, DECODE_ERROR],
  ['has a key of 31 bytes', { extensions: { [KEY_SHARE]: joinBytes([u16(29, 31), new Uint8Array(31).fill(9)]) } }, ILLEGAL_PARAMETER], // prettier-ignore
  ['has a key of 33 bytes', { extensions: { [KEY_SHARE]: joinBytes([u16(29, 33), new Uint8Array(33).fill(9)]) } }, ILLEGAL_PARAMETER], // prettier-ignore
  ['has a key of small order', { extensions: { [KEY_SHARE]: joinBytes([u16(29, 32), new Uint8Array(32)]) } }, ILLEGAL_PARAMETER], // prettier-ignore
  ['has only a group, as a HelloRetryRequest has', { extensions: { [KEY_SHARE]: u16(29) } }, DECODE_ERROR],
  ['has a byte behind its key', { extensions: { [KEY_SHARE]: joinBytes([u16(29, 32), new Uint8Array(33).fill(9)]) } }, DECODE_ERROR], // prettier-ignore
  ['chooses a pre-shared key', { extensions: { 41: u16(0) } }, UNSUPPORTED_EXTENSION],
  ['has a cookie', { extensions: { [COOKIE]: vector16(bytes(1)) } }, UNSUPPORTED_EXTENSION],
  ['answers the name in its hello', { extensions: { 0: bytes() } }, UNSUPPORTED_EXTENSION],
  ['answers ALPN in its hello', { extensions: { 16: vector16(bytes(2, 104, 50)) } }, UNSUPPORTED_EXTENSION],
  ['wants renegotiation', { extensions: { 0xff01: bytes(0) } }, UNSUPPORTED_EXTENSION],
]

/** What its HelloRetryRequest says. */
const RETRIES: readonly (readonly [does: string, lies: HelloLies, alert: number])[] = [
  ['asks for the share that it has', { extensions: { [KEY_SHARE]: u16(29) } }, ILLEGAL_PARAMETER],
  ['asks for a group that was not offered', { extensions: { [KEY_SHARE]: u16(24) } }, ILLEGAL_PARAMETER],
  ['asks for nothing', { extensions: { [KEY_SHARE]: undefined } }, ILLEGAL_PARAMETER],
  ['has an empty cookie', { extensions: { [COOKIE]: u16(0) } }, DECODE_ERROR],
  ['has a cookie that is cut short', { extensions: { [COOKIE]: u16(9, 1) } }, DECODE_ERROR],
  ['has bytes behind its cookie', { extensions: { [COOKIE]: u16(1, 1) } }, DECODE_ERROR],
  ['has a whole share', { extensions: { [KEY_SHARE]: u16(23, 0) } }, DECODE_ERROR],
  ['has another extension', { extensions: { 41: u16(0) } }, UNSUPPORTED_EXTENSION],
  ['chooses a suite that was not offered', { suite: 0x1303 }, ILLEGAL_PARAMETER],
  ['repeats another session id', { sessionId: new Uint8Array(32) }, ILLEGAL_PARAMETER],
]

describe('A TLS server whose hello is wrong', () => {
  for (const [does, lies, alert] of HELLOS) {
    it(`hello: ${does}`, () => expectToFail({ does, alert, script: (server) => server.hello(lies) }))
  }
  for (const [does, lies, alert] of RETRIES) {
    it(`HelloRetryRequest: ${does}`, () => expectToFail({ does, alert, script: (server) => server.retry(lies) }))
  }
  it('HelloRetryRequest: a link to a relay has none', () =>
    expectToFail({ does: '', alert: ILLEGAL_PARAMETER, isLink: true, script: (server) => server.retry() }))
  it('HelloRetryRequest: not even one for a cookie on a link to a relay', () =>
    expectToFail({
      does: '',
      alert: UNEXPECTED_MESSAGE,
      isLink: true,
      script: (server) => server.retry({ extensions: { [KEY_SHARE]: undefined, [COOKIE]: vector16(bytes(1)) } }),
    }))

  const after = (name: string, script: Script, alert: number): void => {
    it(`after a HelloRetryRequest: ${name}`, () =>
      expectToFail({
        does: name,
        alert,
        async script(server, wire) {
          await server.retry()
          await script(server, wire)
        },
      }))
  }
  after('another one', (server) => server.retry({ extensions: { [KEY_SHARE]: undefined, [COOKIE]: vector16(bytes(1)) } }), UNEXPECTED_MESSAGE) // prettier-ignore
  after('a share of the group that was not asked for', (server) => server.hello(), ILLEGAL_PARAMETER)
  after('a point that is not on the curve', (server) => server.hello({ extensions: { [KEY_SHARE]: joinBytes([u16(23, 65), bytes(4), new Uint8Array(64).fill(7)]) } }), ILLEGAL_PARAMETER) // prettier-ignore
  after('a compressed point', (server) => server.hello({ extensions: { [KEY_SHARE]: joinBytes([u16(23, 33), bytes(2), new Uint8Array(32).fill(7)]) } }), ILLEGAL_PARAMETER) // prettier-ignore
  after('another suite', (server) => server.hello({ suite: 0x1302 }), ILLEGAL_PARAMETER)
})
