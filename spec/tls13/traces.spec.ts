import { p256 } from '@noble/curves/nist.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { joinBytes } from '../../lib/base/bytes/join-bytes.ts'
import { nobleX25519 } from '../../lib/platform/crypto/curves/noble-x25519.ts'
import type { ClientHello, RetryRequest } from '../../lib/tls13/messages/client-hello.ts'
import { x25519Share, type KeyShare } from '../../lib/tls13/keys/key-share.ts'
import { NamedGroup } from '../../lib/tls13/protocol/registry.ts'
import { TlsClient } from '../../lib/tls13/tls-client.ts'
import { COMPATIBLE, RETRIED, SIMPLE, type Trace } from './support/rfc8448.ts'

const HEADER = 5
const bytesOf = (digits: string): Uint8Array<ArrayBuffer> => new Uint8Array(hexToBytes(digits.replace(/\s/g, '')))
/** What the traces send as data. */
const DATA = Uint8Array.from({ length: 50 }, (_, at) => at)

/** A share with the trace's key; checked to be the one that the trace's hello has. */
async function x25519Of(trace: Trace): Promise<KeyShare> {
  const secretKey = await nobleX25519.secretKey(bytesOf(trace.x25519Key))
  const publicKey = await nobleX25519.publicKey(secretKey)
  return x25519Share({ ...nobleX25519, generateKeyPair: async () => ({ secretKey, publicKey }) })
}

function p256Of(digits: string): KeyShare {
  const secretKey = bytesOf(digits)
  return {
    group: NamedGroup.SECP256R1,
    publicKey: p256.getPublicKey(secretKey, false),
    sharedSecret: async (serverKey) => p256.getSharedSecret(secretKey, serverKey, false).subarray(1, 33),
  }
}

/** The trace's ClientHello, with what the answers to it have to fit. */
function helloOf(digits: string, shares: readonly KeyShare[], retry?: ClientHello['retry']): ClientHello {
  const message = bytesOf(digits).subarray(HEADER)
  const sessionId = message.subarray(39, 39 + (message[38] as number))
  for (const { publicKey } of shares) expect(bytesToHex(message)).to.contain(bytesToHex(publicKey))
  return {
    message,
    sessionId,
    suites: [0x1301, 0x1303, 0x1302],
    groups: [NamedGroup.X25519, NamedGroup.SECP256R1],
    shares,
    extensions: [0, 0xff01, 10, 35, 51, 43, 13, 45, 28],
    alpn: [],
    retry,
  }
}

class Replay {
  readonly trace: Trace
  readonly client: TlsClient
  /** What the core asked for when it was to make another hello. */
  retried: RetryRequest | undefined
  chain: readonly Uint8Array[] = []

  private constructor(trace: Trace, share: KeyShare) {
    this.trace = trace
    const { retry, p256Key } = trace
    const hello = helloOf(trace.hello, [share], async (request) => {
      this.retried = request
      return helloOf(retry?.hello as string, [p256Of(p256Key as string)])
    })
    this.client = new TlsClient(hello, (chain) => {
      this.chain = chain
    })
  }

  static async of(trace: Trace): Promise<Replay> {
    return new Replay(trace, await x25519Of(trace))
  }

  /** Gives the client what the trace's server sends, in pieces of this many bytes. Returns the data that came out. */
  async give(digits: string, size: number): Promise<string> {
    const bytes = bytesOf(digits)
    const data: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += size) {
      data.push(...(await this.client.receive(bytes.subarray(at, at + size))).data)
    }
    return bytesToHex(joinBytes(data))
  }

  async expectToSend(digits: string, what: string): Promise<void> {
    expect(bytesToHex(await this.client.takeOutput()), what).to.equal(bytesToHex(bytesOf(digits)))
  }
}

describe('TLS 1.3 by the traces of RFC 8448', () => {
  const traces = {
    'section 3, one round trip': SIMPLE,
    'section 5, HelloRetryRequest': RETRIED,
    'section 7, compatibility mode': COMPATIBLE,
  }
  for (const [name, trace] of Object.entries(traces)) {
    for (const size of [Infinity, 1, 7]) {
      const pieces = size === Infinity ? 'whole' : `in pieces of ${size}`
      it(`${name}: sends each record byte for byte, and takes the server's ${pieces}`, async () => {
        const replay = await Replay.of(trace)
        const { client } = replay
        await replay.expectToSend(trace.hello, 'ClientHello')
        if (trace.retry !== undefined) {
          await replay.give(trace.retry.request, size)
          expect(replay.retried?.group).to.equal(NamedGroup.SECP256R1)
          expect(bytesToHex(bytesOf(trace.retry.hello))).to.contain(bytesToHex(replay.retried?.cookie as Uint8Array))
          await replay.expectToSend(trace.retry.hello, 'second ClientHello')
        }
        expect(await replay.give(trace.serverHello, size)).to.equal('')
        expect(await replay.give(trace.serverFlight, size)).to.equal('')
        expect(client.isOpen).to.equal(true)
        expect(replay.chain).to.have.length(1)
        await replay.expectToSend(trace.clientFlight, "the client's flight")
        if (trace.ticket !== undefined) expect(await replay.give(trace.ticket, size)).to.equal('')
        if (trace.data !== undefined) {
          client.write(DATA)
          await replay.expectToSend(trace.data.client, 'data')
          expect(await replay.give(trace.data.server, size)).to.equal(bytesToHex(DATA))
        }
        client.end()
        await replay.expectToSend(trace.closeNotify.client, 'close_notify')
        expect(await client.receive(bytesOf(trace.closeNotify.server))).to.deep.equal({ data: [], ended: true })
      })
    }
  }
})
