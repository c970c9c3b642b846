import { expect } from 'chai'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { EndReason } from '../../../lib/cell/reasons.ts'
import { lastHop } from '../../../lib/onion/network/expected-message.ts'
import { IncomingStreams } from '../../../lib/onion/service/visit/incoming-streams.ts'
import { bytePortOf } from '../../../lib/base/streams/byte-port.ts'
import type { TorStream } from '../../../lib/stream/tor-stream.ts'
import { CircuitFixture, type Built } from '../../circuit/support/circuit-fixture.ts'
import { codeOf } from '../../support/failures.ts'
import { turn } from '../../support/turn.ts'

const HOSTNAME = `${'a'.repeat(55)}d.onion`
const BACKLOG = 3

const ascii = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

const writeTo = (socket: TorStream, bytes: Uint8Array<ArrayBuffer>): Promise<void> =>
  socket.writable.getWriter().write(bytes)

describe('The streams that visitors begin', () => {
  let fixture: CircuitFixture
  let built: Built
  let incoming: IncomingStreams
  let uses: number

  before(async () => {
    fixture = await CircuitFixture.start()
  })
  beforeEach(async () => {
    built = await fixture.open()
    uses = 0
    incoming = new IncomingStreams({
      hostname: HOSTNAME,
      ports: new Set([80, 22]),
      backlog: BACKLOG,
      streamDefaults: { endOnClose: true },
      visited: () => undefined,
      cancelled: () => undefined,
    })
    const use = { began: () => (uses += 1), ended: () => (uses -= 1) }
    lastHop(built.circuit).acceptor = incoming.acceptorOf(built.circuit, {}, use)
  })
  afterEach(async () => {
    incoming.close()
    await built.circuit.close().catch(() => undefined) // it may have been broken
  })
  after(() => fixture.close())

  /** The visitor says so. */
  async function says(command: number, streamId: number, body: Uint8Array = new Uint8Array(0)): Promise<void> {
    built.exit.send({ command, streamId, body })
    await turn(5)
  }
  const begins = (streamId: number, text = ':80\0'): Promise<void> => says(RelayCommand.BEGIN, streamId, ascii(text))

  /** What the visitor was told, by streams. */
  const told = (): (readonly [command: number, streamId: number, first: number | undefined])[] =>
    built.exit.messages.map(({ command, streamId, body }) => [command, streamId, body?.[0]] as const)

  async function taken(): Promise<TorStream> {
    const reader = incoming.readable.getReader()
    const { value } = await reader.read()
    reader.releaseLock()
    await turn(5)
    return value as TorStream
  }

  it('are answered when they are taken, and not before', async () => {
    await begins(7)
    expect(told()).to.deep.equal([])
    const socket = await taken()
    expect(told()).to.deep.equal([[RelayCommand.CONNECTED, 7, undefined]])
    expect(await socket.opened).to.deep.equal({
      remoteAddress: undefined,
      localAddress: `${HOSTNAME}:80`,
      alpn: undefined,
      ttl: undefined,
      flowControl: 'windows',
    })
  })

  it('are taken in their order, of whatever port, by whatever name', async () => {
    await begins(9, 'www.example.com:22\0')
    await begins(2, ':80\0\0\0\0\0')
    const names = [await taken(), await taken()].map(async ({ opened }) => (await opened).localAddress)
    expect(await Promise.all(names)).to.deep.equal([`${HOSTNAME}:22`, `${HOSTNAME}:80`])
  })

  it('bring what was sent ahead of the answer', async () => {
    await begins(7)
    await says(RelayCommand.DATA, 7, ascii('early'))
    const socket = await taken()
    const reader = socket.readable.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).to.equal('early')
  })

  it('end for the visitor with all that was written, when the writable closes', async () => {
    await begins(7)
    const socket = await taken()
    const writer = socket.writable.getWriter()
    await writer.write(ascii('answer'))
    await writer.close()
    await turn(5)
    expect(told().slice(1)).to.deep.equal([
      [RelayCommand.DATA, 7, undefined],
      [RelayCommand.END, 7, EndReason.DONE],
    ])
    await socket.closed
  })

  /** How a service may end a stream of which the visitor has not got all. */
  const endings: Record<string, (socket: TorStream) => Promise<unknown>> = {
    'close()': (socket) => socket.close(),
    'disposal': (socket) => socket[Symbol.asyncDispose](),
    'close(reason)': (socket) => socket.close(new Error('no more')),
  }
  for (const [how, end] of Object.entries(endings)) {
    for (const face of ['a write', 'a write of the same turn', 'a write to the port'] as const) {
      it(`do not end for the visitor as if all had come, by ${how} while ${face} waits`, async () => {
        Object.assign(built.exit.relay.withhold, { streamSendmes: true, circuitSendmes: true })
        await begins(7)
        const socket = await taken()
        const bytes = new Uint8Array(1_000_000)
        const write = face === 'a write to the port' ? bytePortOf(socket).write(bytes) : writeTo(socket, bytes)
        const rejected = codeOf(write)
        if (face !== 'a write of the same turn') await turn(20)
        await end(socket)
        expect(await rejected).to.equal('CLOSED')
        await turn(10)
        expect(told().at(-1)).to.deep.equal([RelayCommand.END, 7, EndReason.MISC])
      })
    }
  }

  it('end for the visitor with all that was written by close(), and not by close(reason)', async () => {
    for (const [reason, why] of [
      [EndReason.DONE, undefined],
      [EndReason.MISC, new Error('no more is to be had')],
    ] as const) {
      await begins(7)
      const socket = await taken()
      await writeTo(socket, ascii('answer'))
      await socket.close(why)
      await turn(5)
      expect(told().slice(-2)).to.deep.equal([
        [RelayCommand.DATA, 7, undefined],
        [RelayCommand.END, 7, reason],
      ])
    }
  })

  it("have ended when the visitor's END comes, which never says more than MISC", async () => {
    await begins(7)
    const socket = await taken()
    await says(RelayCommand.DATA, 7, ascii('all'))
    await says(RelayCommand.END, 7, Uint8Array.of(EndReason.MISC))
    expect(await new Response(socket.readable).text()).to.equal('all')
    await socket.closed
    expect(uses).to.equal(0)
  })

  it('to ports that are not served end, and the circuit stays', async () => {
    await begins(7, ':81\0')
    expect(told()).to.deep.equal([[RelayCommand.END, 7, EndReason.DONE]])
    // What was on its way, and another stream by the same id once the visitor has seen the end.
    await says(RelayCommand.DATA, 7, ascii('late'))
    await begins(7)
    await taken()
    expect(told().at(-1)).to.deep.equal([RelayCommand.CONNECTED, 7, undefined])
  })

  it('are refused when more wait than there is room for', async () => {
    for (let id = 1; id <= BACKLOG + 2; id++) await begins(id)
    expect([incoming.waiting, uses]).to.deep.equal([BACKLOG, BACKLOG])
    expect(told()).to.deep.equal([
      [RelayCommand.END, BACKLOG + 1, EndReason.DONE],
      [RelayCommand.END, BACKLOG + 2, EndReason.DONE],
    ])
    await taken()
    await begins(20)
    expect(incoming.waiting).to.equal(BACKLOG)
  })

  it('wait no more when their visitor has gone', async () => {
    await begins(7)
    await says(RelayCommand.END, 7, Uint8Array.of(EndReason.MISC))
    expect([incoming.waiting, uses]).to.deep.equal([0, 0])
    await begins(8)
    await built.circuit.close()
    await turn(5)
    expect([incoming.waiting, uses]).to.deep.equal([0, 0])
  })

  /** What only somebody hostile sends, behind a stream of id 7 that waits. */
  const hostile: Record<string, readonly (readonly [command: number, streamId: number, body?: Uint8Array])[]> = {
    'begins with the id of a stream that is there': [[RelayCommand.BEGIN, 7, ascii(':80\0')]],
    'begins without an id': [[RelayCommand.BEGIN, 0, ascii(':80\0')]],
    'begins without an end of the address': [[RelayCommand.BEGIN, 8, ascii(':80')]],
    'begins without a port': [[RelayCommand.BEGIN, 8, ascii('example.com\0')]],
    'begins at port 0': [[RelayCommand.BEGIN, 8, ascii(':0\0')]],
    'begins at port 65536': [[RelayCommand.BEGIN, 8, ascii(':65536\0')]],
    'begins with nothing': [[RelayCommand.BEGIN, 8]],
    'wants a directory': [[RelayCommand.BEGIN_DIR, 8]],
    'wants a name': [[RelayCommand.RESOLVE, 8, ascii('example.com\0')]],
    'wants the circuit longer': [[RelayCommand.EXTEND2, 0, new Uint8Array(100)]],
    'sends to a stream that is not there': [[RelayCommand.DATA, 9, ascii('x')]],
    'acknowledges what nobody sent': [[RelayCommand.SENDME, 7]],
    'says that it is connected': [[RelayCommand.CONNECTED, 7]],
    'stops a stream that nothing comes from': [[RelayCommand.XOFF, 7, Uint8Array.of(0)]],
    'answers a name': [[RelayCommand.RESOLVED, 7, new Uint8Array(10)]],
    'introduces somebody': [[RelayCommand.INTRODUCE2, 0, new Uint8Array(490)]],
    'meets somebody again': [[RelayCommand.RENDEZVOUS2, 0, new Uint8Array(64)]],
    'sends more than a window ahead of the answer': Array.from(
      { length: 501 },
      () => [RelayCommand.DATA, 7, new Uint8Array(498)] as const,
    ),
  }
  for (const [what, messages] of Object.entries(hostile)) {
    it(`close the circuit of a visitor who ${what}, and it alone`, async () => {
      await begins(7)
      for (const [command, streamId, body] of messages)
        built.exit.send({ command, streamId, body: body ?? new Uint8Array(0) })
      expect(await codeOf(built.circuit.closed)).to.equal('CIRCUIT_PROTOCOL')
      await turn(5)
      expect([incoming.waiting, uses]).to.deep.equal([0, 0])
      const other = await fixture.open()
      expect(other.circuit.hops).to.equal(3)
      await other.circuit.close()
    })
  }

  /** What a visitor may do again and again, each of which is answered without credit. */
  const repeated: Record<string, (id: number) => Promise<void> | void> = {
    'begins streams that are refused': (id) =>
      built.exit.send({ command: RelayCommand.BEGIN, streamId: 1 + (id % 3), body: ascii(':81\0') }),
    'begins streams that are taken, and ends them': async (id) => {
      built.exit.send({ command: RelayCommand.BEGIN, streamId: id, body: ascii(':80\0') })
      const reader = incoming.readable.getReader()
      await reader.read()
      reader.releaseLock()
      built.exit.send({ command: RelayCommand.END, streamId: id, body: Uint8Array.of(EndReason.MISC) })
    },
  }
  const MOST = 2300
  for (const [what, act] of Object.entries(repeated)) {
    it(`close the circuit of a visitor who ${what} while the link takes nothing, after 2500 answers`, async () => {
      let code: unknown
      built.circuit.closed.catch((error: unknown) => (code = (error as { code?: unknown }).code))
      const { sent } = built.circuit.cells
      built.guard.link.memory.toRelay.stall()
      for (let id = 1; id <= MOST; id++) await act(id)
      await turn(5)
      const before = code
      for (let id = MOST + 1; id <= MOST + 700 && code === undefined; id++) {
        await act(id)
        await turn()
      }
      const { length } = told()
      built.guard.link.memory.toRelay.resume()
      expect([before, code]).to.deep.equal([undefined, 'CIRCUIT_PROTOCOL'])
      expect(length).to.be.lessThan(300)
      expect(built.circuit.cells.sent - sent).to.be.within(2501, 3000)
    })

    it(`go on with a visitor who ${what}, where the link takes the answers`, async () => {
      for (let id = 1; id <= 6000; id++) {
        await act(id)
        if (id % 100 === 0) await turn()
      }
      await turn(5)
      await begins(7)
      await taken()
      expect(told().at(-1)).to.deep.equal([RelayCommand.CONNECTED, 7, undefined])
    })
  }

  it('leave something behind only where they are the last 512, if they are refused', async () => {
    for (let id = 1; id <= 2000; id++) {
      built.exit.send({ command: RelayCommand.BEGIN, streamId: id, body: ascii(':81\0') })
      if (id % 100 === 0) await turn()
    }
    await turn(5)
    expect(lastHop(built.circuit).streams.size).to.equal(512)
  })

  it('end without anybody when they are closed', async () => {
    const reader = incoming.readable.getReader()
    const read = reader.read()
    incoming.close()
    expect(await read).to.deep.equal({ done: true, value: undefined })
    await begins(7)
    expect(told()).to.deep.equal([[RelayCommand.END, 7, EndReason.DONE]])
  })
})

describe('A stream that nobody has taken, under congestion control', () => {
  it('holds half a megabyte at most: then it ends, and the circuit stays', async () => {
    const fixture = await CircuitFixture.under('congestion-control')
    const { circuit, exit } = await fixture.open()
    const incoming = new IncomingStreams({
      hostname: HOSTNAME,
      ports: new Set([80]),
      backlog: BACKLOG,
      streamDefaults: {},
      visited: () => undefined,
      cancelled: () => undefined,
    })
    let uses = 0
    lastHop(circuit).acceptor = incoming.acceptorOf(circuit, {}, { began: () => (uses += 1), ended: () => (uses -= 1) })
    exit.send({ command: RelayCommand.BEGIN, streamId: 7, body: ascii(':80\0') })
    for (let sent = 0; sent <= 524_288; sent += 498) {
      exit.send({ command: RelayCommand.DATA, streamId: 7, body: new Uint8Array(498) })
      if (sent % 4980 === 0) await turn()
    }
    await turn(10)
    expect([incoming.waiting, uses]).to.deep.equal([0, 0])
    const told = exit.messages.map(({ command }) => command).filter((command) => command !== RelayCommand.SENDME)
    expect(told).to.deep.equal([RelayCommand.XOFF, RelayCommand.END])
    await circuit.close()
    await fixture.close()
  })
})
