import { expect } from 'chai'
import { EndReason } from '../../lib/cell/reasons.ts'
import { Circuit } from '../../lib/circuit.ts'
import { SocketError } from '../../lib/base/errors.ts'
import { createFetch, type Fetch } from '../../lib/fetch/create-fetch.ts'
import { HttpError } from '../../lib/http/message/http-error.ts'
import { ExitRefusal } from '../../lib/testing/exit/exit.ts'
import { pattern } from '../../lib/testing/exit/exits.ts'
import type { TestCircuit } from '../../lib/testing/relay/test-circuit.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import { turn } from '../support/turn.ts'
import { ok, raw } from './support/fetch-case.ts'
import { textOf } from './support/outcome.ts'
import { ScriptedConnection, type SeenRequest } from './support/scripted-server.ts'

const ADDRESS = '203.0.113.80'
const ONE = 'http://one.example/'

const failure = (promise: Promise<unknown>): Promise<TypeError> =>
  promise.then(
    () => new TypeError('it did not reject'),
    (error: unknown) => error as TypeError,
  )

describe('fetch over a circuit', () => {
  let network: TestNetwork
  let circuit: Circuit
  let fetch: Fetch
  let origins: ScriptedConnection[]
  let answer: (request: SeenRequest, connection: ScriptedConnection) => void

  beforeEach(async () => {
    network = await TestNetwork.start({ relays: 3 })
    circuit = Circuit.open(network.path(), { transport: network.transport })
    fetch = createFetch({ connect: (address) => circuit.connect(address) })
    origins = []
    answer = (_, connection) => connection.send(ok())
    for (const relay of network.relays) {
      relay.exit = ({ host, port }) => {
        const origin = new ScriptedConnection(
          { hostname: host, port },
          { secureTransport: 'off' },
          (request, connection) => answer(request, connection),
        )
        origins.push(origin)
        return {
          readable: origin.socket.readable,
          writable: origin.socket.writable as WritableStream<Uint8Array>,
          address: ADDRESS,
          ttl: 60,
        }
      }
    }
  })

  afterEach(async () => {
    fetch.close()
    await circuit.close().catch(() => undefined) // some tests break it
    await network.close()
  })

  const exit = (): TestCircuit => network.circuits[0]?.hops[2] as TestCircuit

  it('uses one stream for several requests, and ends it with close()', async () => {
    for (let count = 0; count < 3; count++) expect(await (await fetch(ONE)).text()).to.equal('ok')
    expect(exit().streams.size).to.equal(1)
    fetch.close()
    await exit().when(() => [...exit().streams.values()].every(({ endReceived }) => endReceived === EndReason.MISC))
    expect(exit().violation).to.equal(undefined)
  })

  it('gives the host name to the exit', async () => {
    await (await fetch('http://one.example:8080/')).text()
    expect(origins[0]?.address).to.deep.equal({ hostname: 'one.example', port: 8080 })
  })

  it('uploads and downloads, every byte right', async () => {
    const bytes = pattern(0, 300_000)
    answer = (request, connection) => connection.send(ok(request.body))
    const body = new Blob([bytes]).stream()
    const response = await fetch(ONE, { method: 'POST', body, duplex: 'half' })
    expect(new Uint8Array(await response.arrayBuffer())).to.deep.equal(bytes)
    expect(exit().violation).to.equal(undefined)
  })

  it('stops the exit while nobody reads the body', async () => {
    const size = 5_000_000
    answer = (_, connection) => connection.send(raw([`Content-Length: ${size}`]), pattern(0, size))
    const response = await fetch(ONE)
    // So long as more comes, flow control allows it: a fixed window, or what XOFF leaves under way.
    for (let before = -1; exit().cellsSent !== before; await turn(50)) before = exit().cellsSent
    expect(exit().cellsSent * 498).to.be.below(size / 2)
    expect(new Uint8Array(await response.arrayBuffer())).to.deep.equal(pattern(0, size))
    expect(exit().violation).to.equal(undefined)
  })

  it('ends the stream when it is aborted', async () => {
    const controller = new AbortController()
    answer = (_, connection) => connection.send(raw(['Content-Length: 9'], 'a'))
    const response = await fetch(ONE, { signal: controller.signal })
    controller.abort(new Error('enough'))
    expect(await failure(textOf(response.body as ReadableStream<Uint8Array>))).to.have.property('message', 'enough')
    await exit().when(() => [...exit().streams.values()].every(({ endReceived }) => endReceived === EndReason.MISC))
  })

  it('tells why the exit refused', async () => {
    for (const relay of network.relays)
      relay.exit = () => {
        throw new ExitRefusal(EndReason.CONNECTREFUSED)
      }
    const error = await failure(fetch(ONE))
    expect(error).to.be.instanceOf(TypeError).and.not.instanceOf(SocketError)
    expect(error.cause).to.be.instanceOf(SocketError).with.property('code', 'END_CONNECTREFUSED')
  })

  it('takes no circuit that breaks for the end of a body', async () => {
    answer = (_, connection) => connection.send(raw([], 'up to the end'))
    const response = await fetch(ONE)
    const reading = failure(textOf(response.body as ReadableStream<Uint8Array>))
    await turn(5)
    network.circuits[0]?.link.die()
    const { cause } = await reading
    expect(cause).to.be.instanceOf(HttpError).with.property('code', 'HTTP_TRUNCATED')
    expect((cause as HttpError).cause).to.be.instanceOf(SocketError)
  })
})
