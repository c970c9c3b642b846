import { expect } from 'chai'
import { decodeBase64 } from '../../lib/directory/text/encoding.ts'
import { nobleX25519 } from '../../lib/platform/crypto/curves/noble-x25519.ts'
import { x25519Share } from '../../lib/tls13/keys/key-share.ts'
import { p256Share } from '../../lib/tls13/keys/p256-share.ts'
import { createLinkHello } from '../../lib/tls13/messages/link-hello.ts'
import type { ClientHello } from '../../lib/tls13/messages/client-hello.ts'
import { OPENSSL_3_0 } from '../support/tor-hellos.ts'
import { helloShape } from '../support/client-hello.ts'
import { bytes } from './support/scripted-server.ts'
import { joinBytes } from '../../lib/base/bytes/join-bytes.ts'

const SUITES = [0x1301, 0x1302]

/** A hello of tor's, as a message, and what in it is of that time. */
const theirs = (decodeBase64(OPENSSL_3_0.replace(/\s/g, '')) as Uint8Array).subarray(5)
const NAME = 'www.67ogtixyyjr7i.com'
const RANDOM = 6
const SESSION_ID = RANDOM + 32 + 1
const KEY = 0xf6

const helloTo = async (serverName: string): Promise<ClientHello> =>
  createLinkHello({
    serverName,
    suites: SUITES,
    share: await p256Share(),
    makeX25519Share: () => x25519Share(nobleX25519),
  })

/** The message as a record has it. */
const shapeOf = ({ message }: ClientHello): ReturnType<typeof helloShape> =>
  helloShape(joinBytes([bytes(22, 3, 1, message.length >> 8, message.length & 255), message]))

describe('the ClientHello of a link to a relay', () => {
  it('is that of the tor client byte for byte, but for the random values and the key', async () => {
    const ours = (await helloTo(NAME)).message.slice()
    for (const [at, size] of [
      [RANDOM, 32],
      [SESSION_ID, 32],
      [KEY, 65],
    ] as const)
      ours.set(theirs.subarray(at, at + size), at)
    expect(ours).to.deep.equal(theirs)
  })

  it('has 512 bytes for every name that tor makes up', async () => {
    for (let length = 4; length <= 25; length++) {
      const { message } = await helloTo(`www.${'a'.repeat(length)}.com`)
      expect(message.length).to.equal(512)
    }
  })

  it('has fresh random values each time', async () => {
    const [first, second] = [await helloTo(NAME), await helloTo(NAME)]
    for (const [at, size] of [
      [RANDOM, 32],
      [SESSION_ID, 32],
      [KEY, 65],
    ] as const)
      expect(first.message.subarray(at, at + size)).not.to.deep.equal(second.message.subarray(at, at + size))
  })

  it('lets the server choose what is spoken only', async () => {
    const { suites, groups, extensions } = await helloTo(NAME)
    expect({ suites, groups, extensions }).to.deep.equal({ suites: SUITES, groups: [0x17, 0x1d], extensions: [0, 10] })
  })

  it('repeats itself with a share of X25519 and the cookie where the relay asks for that, once', async () => {
    const first = await helloTo(NAME)
    const second = (await first.retry?.({ group: 0x1d, cookie: bytes(7, 8) })) as ClientHello
    expect(second.retry).to.equal(undefined)
    expect(second.message.subarray(4, SESSION_ID + 32)).to.deep.equal(first.message.subarray(4, SESSION_ID + 32))
    const [before, after] = [shapeOf(first), shapeOf(second)]
    const share = { type: 51, data: '29:32' }
    const cookie = { type: 44, data: '00020708' }
    const expected = before.extensions.flatMap((each) => (each.type === 51 ? [share, cookie] : [each]))
    expect(after.extensions).to.deep.equal(expected)
    expect(second.message.length).to.equal(512)
  })

  it('repeats the same share where the relay only wants its cookie back', async () => {
    const first = await helloTo(NAME)
    const second = (await first.retry?.({ group: undefined, cookie: bytes(1) })) as ClientHello
    expect(second.shares).to.deep.equal(first.shares)
  })
})
