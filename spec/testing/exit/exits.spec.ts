import { sha256 } from '@noble/hashes/sha2.js'
import { expect } from 'chai'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { decodeConnected } from '../../../lib/cell/relay/connected.ts'
import { decodeEnd, encodeEnd } from '../../../lib/cell/relay/end.ts'
import { EndReason } from '../../../lib/cell/reasons.ts'
import { decodeResolved, encodeResolve } from '../../../lib/cell/relay/resolve.ts'
import { ExitRefusal } from '../../../lib/testing/exit/exit.ts'
import type { ExitConnection, ExitRequest } from '../../../lib/testing/exit/exit.ts'
import { echo, pattern, sink, source } from '../../../lib/testing/exit/exits.ts'
import { tcpExit } from '../../../lib/testing/exit/tcp-exit.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { begin, MinimalClient, sendData } from '../support/minimal-client.ts'

const { BEGIN_DIR, CONNECTED, DATA, END, RESOLVE, RESOLVED, SENDME } = RelayCommand

describe('An exit of a test network', () => {
  let network: TestNetwork
  let relay: TestRelay
  let client: MinimalClient
  let circuit: TestCircuit

  beforeEach(async () => {
    network = await TestNetwork.start({ relays: 1 })
    relay = network.relays[0] as TestRelay
    client = await MinimalClient.build(network, network.path(1))
    circuit = network.circuits[0] as TestCircuit
  })

  afterEach(async () => {
    await network.close()
  })

  /** A destination whose two streams are given, the rest being harmless. */
  const connection = (parts: Partial<ExitConnection>): ExitConnection => ({
    readable: new ReadableStream<Uint8Array>(),
    writable: new WritableStream<Uint8Array>(),
    ...parts,
  })

  it('echoes by default, and tells an address', async () => {
    await begin(client, 1)
    await client.message({ command: DATA, streamId: 1, body: Uint8Array.of(5, 6) })
    await client.answer(DATA, 1)
    expect(client.dataOf(1)).to.deep.equal(Uint8Array.of(5, 6))
    expect(decodeConnected((await client.answer(CONNECTED, 1)).body).address).to.be.a('string')
  })

  it('is asked for what the BEGIN names', async () => {
    const requests: ExitRequest[] = []
    relay.exit = (request) => {
      requests.push(request)
      return echo()(request)
    }
    await begin(client, 1, '::1', 443)
    await client.answer(CONNECTED, 1)
    expect(requests[0]).to.include({ host: '::1', port: 443, flags: 0 })
    expect(circuit.streams.get(1)?.target).to.deep.equal({ host: '::1', port: 443, flags: 0 })
  })

  it('sends what the destination sends, and then END with DONE', async () => {
    relay.exit = source({ length: 100_000, chunkSize: 777 })
    await begin(client, 1)
    expect(decodeEnd((await client.answer(END, 1)).body).reason).to.equal(EndReason.DONE)
    expect(client.dataOf(1)).to.deep.equal(pattern(0, 100_000))
    expect(circuit.streams.get(1)).to.include({ bytesSent: 100_000, endSent: EndReason.DONE, state: 'ended' })
  })

  it('keeps optimistic DATA until the destination is there', async () => {
    let connect: (made: ExitConnection) => void = () => undefined
    const target = sink({ sha256: true })
    relay.exit = () => new Promise((resolve) => (connect = resolve))
    await begin(client, 1)
    await sendData(client, 1, 120)
    await circuit.when(() => circuit.dataReceived.get(1) === 120)
    expect(circuit.streams.get(1)).to.include({ state: 'connecting', dataConsumed: 0 })
    expect(circuit.streams.get(1)?.flow.sendmesSent).to.equal(0)
    await client.answer(SENDME, 0) // that of the circuit, which follows receipt
    expect(client.messages).to.have.length(1)
    connect(target())
    await client.answer(CONNECTED, 1)
    await circuit.when(() => target.bytes === 120)
    expect(target.sha256).to.deep.equal(sha256(Uint8Array.from({ length: 120 }, (_, index) => index)))
    expect(client.messages.map(({ command }) => command)[1]).to.equal(CONNECTED)
  })

  it('gives the destination everything that came before END, and closes it', async () => {
    const target = sink()
    relay.exit = target
    await begin(client, 1)
    await client.answer(CONNECTED, 1)
    await sendData(client, 1, 60)
    await client.message({ command: END, streamId: 1, body: encodeEnd(EndReason.MISC) })
    await circuit.when(() => target.ended === 1)
    expect(target.bytes).to.equal(60)
    expect(client.messages.some(({ command }) => command === END)).to.equal(false)
  })

  it('never closes a destination before everything has been written to it', async () => {
    const events: string[] = []
    let take: () => void = () => undefined
    relay.exit = () =>
      connection({
        writable: new WritableStream<Uint8Array>({
          write: (chunk) => new Promise((resolve) => (take = () => (events.push(`wrote ${chunk.length}`), resolve()))),
          close: () => void events.push('closed'),
        }),
      })
    await begin(client, 1)
    await client.answer(CONNECTED, 1)
    await sendData(client, 1, 60)
    await client.message({ command: END, streamId: 1, body: encodeEnd(EndReason.MISC) })
    await circuit.when(() => circuit.streams.get(1)?.state === 'ended')
    while (!events.includes('closed')) {
      const before = events.length
      take()
      await circuit.when(() => events.length > before)
    }
    expect(events.at(-1)).to.equal('closed')
    expect(circuit.streams.get(1)?.dataConsumed).to.equal(60)
  })

  it('gives up a destination that comes after the END', async () => {
    let connect: (made: ExitConnection) => void = () => undefined
    let cancelled: unknown
    let signal: AbortSignal | undefined
    relay.exit = (request) => {
      signal = request.signal
      return new Promise((resolve) => (connect = resolve))
    }
    await begin(client, 1)
    await client.message({ command: END, streamId: 1, body: encodeEnd(EndReason.MISC) })
    await circuit.when(() => circuit.streams.get(1)?.state === 'ended')
    expect(signal?.aborted).to.equal(true)
    await new Promise<void>((resolve) => {
      const readable = new ReadableStream<Uint8Array>({
        cancel(reason) {
          cancelled = reason
          resolve()
        },
      })
      connect(connection({ readable }))
    })
    expect(cancelled).to.be.instanceOf(Error)
    expect(client.messages).to.have.length(0)
  })

  it('gives up its destinations when the circuit goes', async () => {
    const events: string[] = []
    let done: () => void = () => undefined
    const both = new Promise<void>((resolve) => (done = resolve))
    const note = (event: string): void => {
      if (events.push(event) === 2) done()
    }
    relay.exit = () =>
      connection({
        readable: new ReadableStream<Uint8Array>({ cancel: () => note('cancel') }),
        writable: new WritableStream<Uint8Array>({ abort: () => note('abort') }),
      })
    await begin(client, 1)
    await client.answer(CONNECTED, 1)
    circuit.link.die()
    await both
    expect(events.sort()).to.deep.equal(['abort', 'cancel'])
  })

  const refusals: readonly (readonly [string, () => unknown, number])[] = [
    ['the reason of an ExitRefusal', () => new ExitRefusal(EndReason.CONNECTREFUSED), EndReason.CONNECTREFUSED],
    ['INTERNAL when the handler fails otherwise', () => new Error('oops'), EndReason.INTERNAL],
  ]
  for (const [name, error, reason] of refusals) {
    it(`refuses with ${name}`, async () => {
      relay.exit = () => {
        throw error()
      }
      await begin(client, 1)
      expect(decodeEnd((await client.answer(END, 1)).body).reason).to.equal(reason)
    })
  }

  it('tells the address and TTL of an EXITPOLICY', async () => {
    relay.exit = () => Promise.reject(new ExitRefusal(EndReason.EXITPOLICY, { address: '198.51.100.7', ttl: 60 }))
    await begin(client, 1)
    const end = decodeEnd((await client.answer(END, 1)).body)
    expect(end).to.deep.equal({ reason: EndReason.EXITPOLICY, address: '198.51.100.7', ttl: 60 })
  })

  it('ends with INTERNAL when the handler gives an address that is none', async () => {
    relay.exit = () => connection({ address: 'nowhere' })
    await begin(client, 1)
    expect(decodeEnd((await client.answer(END, 1)).body).reason).to.equal(EndReason.INTERNAL)
  })

  it('ends with CONNRESET when the destination fails, or with the reason that it gives', async () => {
    relay.exit = () =>
      connection({ readable: new ReadableStream({ start: (controller) => controller.error(new Error('reset')) }) })
    await begin(client, 1)
    expect(decodeEnd((await client.answer(END, 1)).body).reason).to.equal(EndReason.CONNRESET)
    relay.exit = () =>
      connection({
        readable: new ReadableStream({ start: (controller) => controller.error(new ExitRefusal(EndReason.TIMEOUT)) }),
      })
    await begin(client, 2)
    expect(decodeEnd((await client.answer(END, 2)).body).reason).to.equal(EndReason.TIMEOUT)
  })

  it('ends with CONNRESET when the destination takes no more', async () => {
    relay.exit = () =>
      connection({
        writable: new WritableStream({
          write() {
            throw new Error('full')
          },
        }),
      })
    await begin(client, 1)
    await sendData(client, 1, 1)
    expect(decodeEnd((await client.answer(END, 1)).body).reason).to.equal(EndReason.CONNRESET)
  })

  it('is no directory unless it is made one', async () => {
    await client.message({ command: BEGIN_DIR, streamId: 1 })
    expect(decodeEnd((await client.answer(END, 1)).body).reason).to.equal(EndReason.NOTDIRECTORY)
    relay.directory = () => connection({})
    await client.message({ command: BEGIN_DIR, streamId: 2 })
    expect((await client.answer(CONNECTED, 2)).body).to.have.length(0)
    expect(circuit.streams.get(2)?.target).to.equal(undefined)
  })

  it('resolves nothing unless it is told how', async () => {
    await client.message({ command: RESOLVE, streamId: 1, body: encodeResolve('name.test') })
    expect(decodeResolved((await client.answer(RESOLVED, 1)).body)).to.deep.equal([
      { type: 'error', transient: false, ttl: 60 },
    ])
    const names: string[] = []
    relay.resolve = (name) => {
      names.push(name)
      return [{ type: 'ipv4', address: '198.51.100.7', ttl: 5 }]
    }
    await client.message({ command: RESOLVE, streamId: 2, body: encodeResolve('Name.test') })
    expect(decodeResolved((await client.answer(RESOLVED, 2)).body)).to.deep.equal([
      { type: 'ipv4', address: '198.51.100.7', ttl: 5 },
    ])
    expect(names).to.deep.equal(['name.test'])
  })

  it('answers an error when the resolver fails, or gives what cannot be said', async () => {
    relay.resolve = () => Promise.reject(new Error('no'))
    await client.message({ command: RESOLVE, streamId: 1, body: encodeResolve('name.test') })
    relay.resolve = () => [{ type: 'ipv4', address: 'x', ttl: 5 }]
    await client.message({ command: RESOLVE, streamId: 2, body: encodeResolve('name.test') })
    await client.message({ command: RESOLVE, streamId: 3, body: new Uint8Array(5) })
    for (const streamId of [1, 2, 3]) {
      expect(decodeResolved((await client.answer(RESOLVED, streamId)).body)[0]).to.include({
        type: 'error',
        transient: false,
      })
    }
  })

  it('stops echoing when nobody takes the echo, and goes on after a SENDME', async () => {
    await begin(client, 1)
    await sendData(client, 1, 500)
    await client.until(() => client.messages.filter(({ command }) => command === DATA).length > 0)
    expect(client.dataOf(1)[0]).to.equal(0)
    expect(circuit.streams.get(1)?.dataReceived).to.be.at.most(500)
  })
})

describe('pattern', () => {
  it('is the same bytes wherever it is cut', () => {
    const whole = pattern(0, 200_000)
    for (const [from, to] of [
      [0, 1],
      [65_520, 65_522],
      [65_521, 131_500],
      [199_999, 200_000],
    ] as const) {
      expect(pattern(from, to - from)).to.deep.equal(whole.slice(from, to))
    }
    expect(new Set(whole.subarray(0, 2_000)).size).to.equal(256)
  })
})

describe('source', () => {
  it('refuses lengths and chunk sizes that are none', () => {
    expect(() => source({ length: -1 })).to.throw(RangeError, 'length')
    expect(() => source({ length: 1, chunkSize: 0 })).to.throw(RangeError, 'chunkSize')
  })
})

describe('tcpExit', () => {
  it('says so where the runtime has no TCP', function () {
    const { process } = globalThis as { process?: { getBuiltinModule?: unknown } }
    if (process?.getBuiltinModule === undefined) expect(() => tcpExit()).to.throw(TypeError, 'node:net')
    else expect(tcpExit()).to.be.a('function')
  })
})
