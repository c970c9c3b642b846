import { expect } from 'chai'
import { Channel } from '../lib/channel/channel.ts'
import { Circuit } from '../lib/circuit/circuit.ts'
import { readCongestionParameters, readXonXoffParameters } from '../lib/circuit/congestion/parameters.ts'
import { TorClient } from '../lib/client/tor-client.ts'
import { createFetch } from '../lib/fetch/create-fetch.ts'
import { serveHttpConnect } from '../lib/http-connect/serve-http-connect.ts'
import { serveProxy } from '../lib/http-connect/serve-proxy.ts'
import type { Transport } from '../lib/platform/links/transport.ts'
import type { Relay } from '../lib/relay.ts'
import { serveSocks } from '../lib/socks/serve-socks.ts'
import { RelayDataChunker } from '../lib/stream/bytes/relay-data-chunker.ts'
import { sink, source } from '../lib/testing/exit/exits.ts'
import { TestNetwork } from '../lib/testing/test-network.ts'
import { connectTls } from '../lib/tls13/streams/connect-tls.ts'
import { ScriptedServer } from './fetch/support/scripted-server.ts'

const RELAY: Relay = {
  addresses: [{ hostname: '192.0.2.1', port: 9001 }],
  rsaIdentity: new Uint8Array(20),
  ed25519Identity: new Uint8Array(32),
  ntorOnionKey: new Uint8Array(32),
}

describe('An object of options', () => {
  let dials: number
  /** Nobody is reached by it. */
  const transport: Transport = {
    connect() {
      dials++
      return Promise.reject(new Error('refused'))
    },
  }
  const server = new ScriptedServer()
  const { connect } = server
  const circuit = (): Circuit => Circuit.open([RELAY], { transport })
  const connection = (): { readable: ReadableStream<Uint8Array>; writable: WritableStream } => ({
    readable: new ReadableStream(),
    writable: new WritableStream(),
  })
  const network = { authorities: [], fallbacks: [] }

  beforeEach(() => {
    dials = 0
  })

  /** Every front that takes options, with one that is misspelt or has no place there, and what was meant. */
  const refused: Readonly<
    Record<string, readonly [misuse: (options: never) => unknown, options: object, meant?: string]>
  > = {
    'TorClient.open': [
      (options) => TorClient.open(options),
      { transport, congestioncontrol: false },
      'congestionControl',
    ],
    'the network of TorClient.open': [
      (options) => TorClient.open({ transport, network: options }),
      { ...network, testign: true },
      'network.testing',
    ],
    'streamDefaults of TorClient.open': [
      (options) => TorClient.open({ transport, streamDefaults: options }),
      { optimstic: false },
      'streamDefaults.optimistic',
    ],
    'tls in streamDefaults of TorClient.open': [
      (options) => TorClient.open({ transport, streamDefaults: { tls: options } }),
      { adaptor: {} },
      'streamDefaults.tls.adapter',
    ],
    'Channel.connect': [(options) => Channel.connect(RELAY, options), { transport, timeOut: 1 }, 'timeout'],
    'Circuit.open': [(options) => Circuit.open([RELAY], options), { transport, channels: 1 }, 'channel'],
    'streamDefaults of Circuit.open': [
      (options) => Circuit.open([RELAY], { transport, streamDefaults: options }),
      { isolation: 'a' },
    ],
    'congestionControl of Circuit.open': [
      (options) => Circuit.open([RELAY], { transport, congestionControl: options }),
      { ...readCongestionParameters(new Map()), cwndinit: 124 },
      'congestionControl.cwndInit',
    ],
    'xonXoff of Circuit.open': [
      (options) => Circuit.open([RELAY], { transport, xonXoff: options }),
      { ...readXonXoffParameters(new Map()), xoffclient: 1 },
      'xonXoff.xoffClient',
    ],
    'Circuit.openToDirectory': [
      (options) => Circuit.openToDirectory(RELAY, options),
      { transport, signall: 1 },
      'signal',
    ],
    'Circuit.openToDirectory, which has fixed windows': [
      (options) => Circuit.openToDirectory(RELAY, options),
      { transport, congestionControl: false },
    ],
    'Circuit.connect': [(options) => circuit().connect('a.test:80', options), { endOnclose: true }, 'endOnClose'],
    'Circuit.connect, which has one circuit': [
      (options) => circuit().connect('a.test:80', options),
      { isolation: 'a' },
    ],
    'Circuit.connect, which has one exit': [(options) => circuit().connect('a.test:80', options), { exit: () => true }],
    'tls of Circuit.connect': [(options) => circuit().connect('a.test:80', { tls: options }), { cA: 'pem' }, 'tls.ca'],
    'Circuit.connectDirectory': [(options) => circuit().connectDirectory(options), { timeot: 1 }, 'timeout'],
    'Circuit.resolve': [async (options) => await circuit().resolve('a.test', options), { timeot: 1 }, 'timeout'],
    'Circuit.resolve, which has one circuit': [
      async (options) => await circuit().resolve('a.test', options),
      { isolation: 'a' },
    ],
    'createFetch': [(options) => createFetch(options), { connect, maxIdel: 1 }, 'maxIdle'],
    'an init of fetch': [
      (options) => createFetch({ connect })('http://a.test/', options),
      { isolaton: 'a' },
      'isolation',
    ],
    'an init of fetch with limits of its own': [
      (options) => createFetch({ connect })('http://a.test/', options),
      { timeout: 1 },
    ],
    'an init of fetch for another library': [
      (options) => createFetch({ connect })('http://a.test/', options),
      { dispatcher: {} },
    ],
    'an init of fetch for another runtime': [
      (options) => createFetch({ connect })('http://a.test/', options),
      { proxy: 'http://127.0.0.1:1' },
    ],
    'serveSocks': [(options) => serveSocks(connection(), options), { connect, extendederrors: true }, 'extendedErrors'],
    'serveHttpConnect': [(options) => serveHttpConnect(connection(), options), { connect, resolv: connect }, 'resolve'],
    'serveProxy': [(options) => serveProxy(connection(), options), { connect, handshakeTimout: 1 }, 'handshakeTimeout'],
    'connectTls': [
      (options) => connectTls(connection(), options),
      { serverName: 'a.test', servername: 'a.test' },
      'serverName',
    ],
    'RelayDataChunker': [(options) => new RelayDataChunker(options), { cellsize: 1 }, 'cellSize'],
    'TestNetwork.start': [(options) => TestNetwork.start(options), { relay: 1 }, 'relays'],
    'a relay of TestNetwork.start': [
      (options) => TestNetwork.start({ relays: [options] }),
      { nickName: 'a' },
      'relays.nickname',
    ],
    'source': [(options) => source(options), { length: 1, chunksize: 1 }, 'chunkSize'],
    'sink': [(options) => sink(options), { sha265: true }, 'sha256'],
  }
  for (const [front, [misuse, options, meant]] of Object.entries(refused)) {
    it(`is refused by ${front} with a name that it does not know, and nothing is dialled for it`, async () => {
      let error: unknown
      const before = server.connections.length
      try {
        await misuse(options as never)
      } catch (caught) {
        error = caught
      }
      expect(error).to.be.instanceOf(TypeError)
      const name = Object.keys(options).at(-1) as string
      expect((error as Error).message).to.contain(`"${name}" as there is none of this name`)
      if (meant !== undefined) expect((error as Error).message).to.contain(`did you mean ${meant}?`)
      expect(server.connections).to.have.lengthOf(before)
      if (!front.includes('Circuit.connect') && !front.includes('Circuit.resolve')) expect(dials).to.equal(0)
    })
  }

  it('that is a set of numbers is refused when one is missing', () => {
    const congestionControl = { ...readCongestionParameters(new Map()), cwndInit: undefined }
    expect(() => Circuit.open([RELAY], { transport, congestionControl: congestionControl as never })).to.throw(
      TypeError,
      'congestionControl.cwndInit as it is no number',
    )
    expect(() => Circuit.open([RELAY], { transport, xonXoff: {} as never })).to.throw(TypeError, 'xonXoff.')
  })

  it('of fetch has every member of the standard', async () => {
    const answering = new ScriptedServer((_, connected) => connected.send('HTTP/1.1 204 No\r\n\r\n'))
    const fetch = createFetch({ connect: answering.connect })
    const response = await fetch('http://a.test/', {
      method: 'POST',
      headers: {},
      body: 'x',
      referrer: '',
      referrerPolicy: 'no-referrer',
      mode: 'cors',
      credentials: 'omit',
      cache: 'no-store',
      redirect: 'follow',
      integrity: '',
      keepalive: false,
      signal: null,
      window: null,
      duplex: 'half',
      priority: 'low',
    })
    expect(response.status).to.equal(204)
    fetch.close()
  })

  it('of fetch may say again which URL is asked for, as libraries do that had a Request in mind, and no other', async () => {
    const answering = new ScriptedServer((_, connected) => connected.send('HTTP/1.1 204 No\r\n\r\n'))
    const fetch = createFetch({ connect: answering.connect })
    const saying = (url: unknown): Promise<Response> => fetch('http://a.test', { url } as never)
    for (const same of ['http://a.test', 'http://A.test:80/', new URL('http://a.test/'), undefined])
      expect((await saying(same)).status).to.equal(204)
    const { length } = answering.connections
    for (const other of ['http://b.test/', 'https://a.test/', 'http://a.test/#here', '/', 'nonsense', null, 1]) {
      const error = await saying(other).then(
        () => undefined,
        (thrown: unknown) => thrown,
      )
      expect(error, String(other)).to.be.instanceOf(TypeError)
    }
    expect(answering.connections).to.have.lengthOf(length)
    fetch.close()
  })

  it('of fetch may be a Request', async () => {
    const answering = new ScriptedServer((_, connected) => connected.send('HTTP/1.1 204 No\r\n\r\n'))
    const fetch = createFetch({ connect: answering.connect })
    const init = Object.assign(new Request('http://b.test/', { headers: { 'x-one': '1' } }), { kept: 'by its library' })
    expect((await fetch('http://a.test/', init)).status).to.equal(204)
    expect(answering.requests[0]?.fields.get('x-one')).to.equal('1')
    fetch.close()
  })
})
