import { expect } from 'chai'
import {
  webSocketTransport,
  type WebSocketTransportOptions,
} from '../../../lib/transports/websocket/web-socket-transport.ts'
import { failureOf, torCodeOf } from '../../support/failures.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'
import { scriptedSockets, type ScriptedSocket } from './support/scripted-socket.ts'

const RELAY = { hostname: '203.0.113.7', port: 9001 }
const GATEWAY = 'wss://gateway.example'
const never = new AbortController().signal

function dial(options: Partial<WebSocketTransportOptions> = {}, signal: AbortSignal = never) {
  const { made, WebSocket } = scriptedSockets()
  const clock = new FakeClock()
  const transport = webSocketTransport({ url: GATEWAY, WebSocket, clock, ...options })
  const link = transport.connect(RELAY, { signal })
  link.catch(() => undefined) // each spec looks for itself
  return { link, made, socket: made[0] as ScriptedSocket }
}

describe('webSocketTransport', () => {
  it('makes one WebSocket a link, with the subprotocols that it was given', async () => {
    for (const protocols of ['binary', ['binary', 'tor'], undefined]) {
      const { link, made, socket } = dial({ protocols })
      expect(made).to.have.length(1)
      expect(socket.url).to.equal('wss://gateway.example/203.0.113.7:9001')
      expect(socket.protocols).to.deep.equal(protocols === undefined ? [] : [protocols].flat())
      socket.open()
      expect((await link).peerCertificate).to.equal(undefined)
    }
  })

  it('fails with LINK_UNREACHABLE when the gateway does not come up with a connection', async () => {
    for (const code of [1000, 1006, 1011, 4404]) {
      const { link, socket } = dial()
      socket.end(code)
      const failure = await failureOf(link)
      expect(failure.code).to.equal('LINK_UNREACHABLE')
      expect(failure.message).not.to.match(/203\.0\.113|example/)
    }
  })

  it('fails with LINK_UNREACHABLE when no WebSocket can be made, and shows no address', async () => {
    class WebSocket {
      constructor(url: string) {
        throw new SyntaxError(`cannot have ${url}`)
      }
    }
    const failure = await failureOf(dial({ WebSocket: WebSocket as never }).link)
    expect(failure.code).to.equal('LINK_UNREACHABLE')
    expect(String(failure.cause)).not.to.contain('gateway.example')
  })

  it('fails a link with LINK_OVERFLOW beyond receiveBufferLimit', async () => {
    const { link, socket } = dial({ receiveBufferLimit: 10_000 })
    socket.open()
    const reader = (await link).readable.getReader()
    socket.message(9000)
    socket.message(1000)
    expect(await torCodeOf(reader.read())).to.equal('LINK_OVERFLOW')
    expect(socket.closes).to.equal(1)
  })

  it('makes nothing when the signal has aborted, and rejects with its reason in every phase', async () => {
    const reason = new Error('enough')
    const rejection = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error)
    const before = dial({}, AbortSignal.abort(reason))
    expect(await rejection(before.link)).to.equal(reason)
    expect(before.made).to.deep.equal([])
    const abort = new AbortController()
    const during = dial({}, abort.signal)
    await turn()
    abort.abort(reason)
    expect(await rejection(during.link)).to.equal(reason)
    expect(during.socket.closes).to.equal(1)
  })

  it('rejects when the function of the URL throws, or gives none, and makes nothing', async () => {
    const { link, made } = dial({ url: () => 'gateway' })
    expect(await link.catch((error: unknown) => error)).to.be.instanceOf(TypeError)
    expect(made).to.deep.equal([])
  })

  const bad: readonly (readonly [string, unknown, typeof TypeError | typeof RangeError])[] = [
    ['url', undefined, TypeError],
    ['url', 'gateway', TypeError],
    ['protocols', 7, TypeError],
    ['protocols', '', TypeError],
    ['protocols', ['a b'], TypeError],
    ['protocols', ['binary', 'binary'], TypeError],
    ['protocols', [undefined], TypeError],
    ['receiveBufferLimit', 0, RangeError],
    ['receiveBufferLimit', -1, RangeError],
    ['receiveBufferLimit', NaN, RangeError],
    ['receiveBufferLimit', '16', RangeError],
    ['urll', GATEWAY, TypeError],
    ['WebSocket', 'WebSocket', TypeError],
  ]
  for (const [name, value, kind] of bad) {
    it(`refuses the option ${name} when it is ${JSON.stringify(value) ?? String(value)}`, () => {
      const { WebSocket } = scriptedSockets()
      expect(() => webSocketTransport({ url: GATEWAY, WebSocket, [name]: value })).to.throw(kind, name)
    })
  }
})
