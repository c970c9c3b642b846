import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { decodeXon } from '../../../lib/cell/relay/xon-xoff.ts'
import { EndReason } from '../../../lib/cell/reasons.ts'
import { TorStream } from '../../../lib/stream/tor-stream.ts'
import { turn } from '../../support/turn.ts'
import type { FakeCircuit } from '../support/fake-circuit.ts'
import {
  BYOB,
  cells,
  codeOf,
  concat,
  connected as connectedBy,
  connecting,
  pattern,
  sameBytes,
  type StreamFixture,
  type FixtureOptions,
} from '../support/stream-fixture.ts'
import { Watch } from '../support/watch.ts'

const { DATA, END, SENDME, XOFF, XON } = RelayCommand
const CELL = 498

const connected = (options: FixtureOptions = {}): StreamFixture =>
  connectedBy({ ...BYOB, congestionControl: true, credit: 100_000, ...options })

/** The rates of the XONs that were sent, in 1000 bytes per second. */
const ratesOf = (circuit: FakeCircuit): number[] => circuit.sentOf(XON).map(({ body }) => decodeXon(body))

/** Sends `bytes` in cells, `pass` of them in each read of the link. */
function flood({ circuit }: StreamFixture, bytes: number, from = 0, pass = 100): void {
  const all = cells(Math.ceil(bytes / CELL), CELL, from)
  for (let at = 0; at < all.length; at += pass) circuit.data(...all.slice(at, at + pass))
}

/** Reads so many bytes, `portion` at a time and one portion each `pause` ms. */
async function drain(fixture: StreamFixture, bytes: number, portion: number, pause: number): Promise<Uint8Array> {
  const reader = fixture.socket.readable.getReader({ mode: 'byob' })
  const chunks: Uint8Array[] = []
  for (let left = bytes; left > 0;) {
    fixture.clock.advance(pause)
    const { value, done } = await reader.read(new Uint8Array(Math.min(portion, left)))
    if (done) break
    left -= value.length
    chunks.push(value)
  }
  reader.releaseLock()
  return concat(chunks)
}

describe('a stream on a circuit with congestion control', () => {
  it('says so when it opens, and shows what is in place of windows', async () => {
    const { socket } = connected()
    expect((await socket.opened).flowControl).to.equal('congestion-control')
    expect(socket.windows).to.deep.equal({ package: Infinity, deliver: 489 })
    const directory = connecting({ congestionControl: true })
    directory.circuit.connect()
    expect((await directory.socket.opened).flowControl).to.equal('congestion-control')
  })

  it('has no window in either direction: no SENDME goes out, and none is waited for', async () => {
    const fixture = connected()
    const written = fixture.socket.writable.getWriter().write(pattern(2000 * CELL))
    await written
    expect(fixture.circuit.cells).to.have.length(2000)
    for (let round = 0; round < 10; round++) {
      flood(fixture, 300 * CELL, round * 300 * CELL)
      await drain(fixture, 300 * CELL, 65_536, 0)
    }
    expect(fixture.circuit.sentOf(SENDME)).to.deep.equal([])
    expect(fixture.circuit.sentOf(XOFF)).to.deep.equal([])
  })

  it("stops for want of the circuit's credit as with windows", async () => {
    const { circuit, socket } = connected({ credit: 7 })
    const watch = new Watch()
    const writer = socket.writable.getWriter()
    void watch.add('write', writer.write(pattern(20 * CELL)))
    await turn()
    expect(circuit.cells).to.have.length(7)
    expect(writer.desiredSize).to.be.at.most(0)
    circuit.grant(100)
    await watch.allSettled()
    expect(circuit.cells).to.have.length(20)
  })
})

describe('a stream that is told to stop', () => {
  /** A stream that sent enough for XOFFs, with a write parked behind one. */
  async function stopped(
    options: FixtureOptions = {},
  ): Promise<StreamFixture & { readonly watch: Watch; readonly writer: WritableStreamDefaultWriter<BufferSource> }> {
    const fixture = connected(options)
    const watch = new Watch()
    const writer = fixture.socket.writable.getWriter()
    await writer.write(pattern(1000 * CELL))
    fixture.circuit.xoff()
    void watch.add('write', writer.write(pattern(100 * CELL, 1000 * CELL)))
    await turn()
    return { ...fixture, watch, writer }
  }

  it('sends nothing more: the write waits, and nothing is ready', async () => {
    const { circuit, clock, socket, watch, writer } = await stopped()
    clock.advance(600_000)
    await turn()
    expect(circuit.cells).to.have.length(1000)
    expect(watch.pending).to.deep.equal(['write'])
    expect(writer.desiredSize).to.be.at.most(0)
    expect(socket.windows.package).to.equal(0)
    expect(clock.timers).to.equal(0)
  })

  it('still sends the cell whose credit was set aside before, and no other', async () => {
    const { circuit, socket } = connected()
    const writer = socket.writable.getWriter()
    await writer.write(pattern(1000 * CELL + 3))
    circuit.xoff()
    const watch = new Watch()
    void watch.add('write', writer.write(pattern(1000, 1000 * CELL + 3)))
    await turn()
    expect(circuit.cells.slice(1000), 'the one cell, with as much as it takes').to.deep.equal([CELL])
    expect(watch.pending).to.deep.equal(['write'])
    circuit.xon()
    await watch.allSettled()
    await turn()
    expect(sameBytes(circuit.dataBytes, pattern(1000 * CELL + 1003))).to.equal(true)
  })

  it("leaves the circuit's credit to the others meanwhile", async () => {
    const { circuit } = await stopped()
    expect(circuit.line.credit).to.equal(circuit.available)
    const other = new TorStream(circuit, 'example.com:81')
    circuit.connect({}, 2)
    await other.writable.getWriter().write(pattern(10 * CELL))
    expect(circuit.sentOf(DATA, 2)).to.have.length(10)
  })

  it("gives up its turn when it is told while it stands in the circuit's line", async () => {
    const { circuit, socket } = connected({ credit: 1000 })
    const watch = new Watch()
    void watch.add('write', socket.writable.getWriter().write(pattern(1100 * CELL)))
    await turn()
    circuit.xoff()
    circuit.grant(50)
    await turn()
    expect(circuit.cells).to.have.length(1000)
    expect(circuit.line.credit).to.equal(50)
    circuit.xon()
    await turn()
    expect(circuit.cells).to.have.length(1050)
    circuit.grant(50)
    await watch.allSettled()
  })

  it('goes on at once with an XON without a rate', async () => {
    const { circuit, clock, socket, watch } = await stopped()
    circuit.xon()
    await watch.allSettled()
    expect(sameBytes(circuit.dataBytes, pattern(1100 * CELL))).to.equal(true)
    expect(socket.windows.package).to.equal(Infinity)
    expect(clock.timers).to.equal(0)
  })

  it("goes on with what a second brings at the XON's rate, then at that rate, by one timer", async () => {
    const { circuit, clock, watch, writer } = await stopped()
    circuit.xon(10) // 10,000 bytes per second: 20 cells and a bit
    await turn()
    expect(circuit.cells).to.have.length(1020)
    expect(clock.timers).to.equal(1)
    expect(writer.desiredSize).to.be.at.most(0)
    for (let second = 1; second <= 3; second++) {
      clock.advance(1000)
      await turn()
      expect(circuit.cells.length - 1000).to.equal(Math.floor((10_000 * (second + 1)) / CELL))
      expect(clock.timers).to.equal(1)
    }
    clock.advance(2000)
    await watch.allSettled()
    expect(circuit.cells).to.have.length(1100)
    expect(clock.timers, 'nobody waits').to.equal(0)
  })

  it('is woken no more often than each 10 ms, however high the rate', async () => {
    const { circuit, clock } = connected({ credit: 1e6 })
    const socket = new TorStream(circuit, 'example.com:81', { clock })
    circuit.connect({}, 2)
    const writer = socket.writable.getWriter()
    await writer.write(pattern(1000 * CELL))
    circuit.xon(1000, 2)
    const write = writer.write(new Uint8Array(2_000_000))
    await turn()
    let wakes = 0
    let before = circuit.sentOf(DATA, 2).length
    for (let ms = 0; ms < 1000; ms++) {
      clock.advance(1)
      const now = circuit.sentOf(DATA, 2).length
      if (now > before) wakes += 1
      before = now
    }
    expect(wakes).to.be.within(99, 100)
    expect(before * CELL).to.be.closeTo(1000 * CELL + 2_000_000, 11_000)
    clock.advance(100)
    await write
  })

  it('waits for no timer any more when it is told to stop while it is held to a rate', async () => {
    const { circuit, clock, watch } = await stopped()
    circuit.xon(10)
    await turn()
    expect(clock.timers).to.equal(1)
    const sent = circuit.cells.length
    circuit.xoff()
    expect(clock.timers).to.equal(0)
    clock.advance(60_000)
    expect(circuit.cells).to.have.length(sent)
    circuit.xon()
    await watch.allSettled()
  })

  it('obeys an advisory XON while it sends, down and up', async () => {
    const { circuit, clock, socket } = connected({ credit: 1e6 })
    const writer = socket.writable.getWriter()
    await writer.write(pattern(1000 * CELL))
    circuit.xon(50)
    const watch = new Watch()
    void watch.add('write', writer.write(new Uint8Array(1e6)))
    await turn()
    expect(circuit.cells.length - 1000).to.equal(100)
    circuit.xon(200)
    clock.advance(1000)
    await turn()
    expect(circuit.cells.length - 1000).to.be.within(500, 502)
    circuit.xon()
    await watch.allSettled()
  })

  it('takes an XON without an XOFF for advice, and stays as fast as it says when nothing was parked', async () => {
    const { circuit, clock, socket } = connected()
    const writer = socket.writable.getWriter()
    await writer.write(pattern(600 * CELL))
    circuit.xon(5)
    expect(clock.timers).to.equal(0)
    await writer.write(pattern(10 * CELL))
    const watch = new Watch()
    void watch.add('write', writer.write(pattern(10 * CELL)))
    await turn()
    expect(watch.pending).to.deep.equal(['write'])
    expect(clock.timers).to.equal(1)
    clock.advance(1000)
    await watch.allSettled()
    expect(clock.timers).to.equal(0)
  })

  it('may be told before CONNECTED, as an exit holds optimistic data', async () => {
    const { circuit, socket } = connecting({ congestionControl: true, credit: 1e5 })
    const writer = socket.writable.getWriter()
    await writer.write(pattern(500 * CELL))
    circuit.xoff()
    const watch = new Watch()
    void watch.add('write', writer.write(pattern(CELL)))
    circuit.connect()
    await turn()
    expect(watch.pending).to.deep.equal(['write'])
    circuit.xon()
    await watch.allSettled()
  })

  const ends: readonly (readonly [
    what: string,
    act: (fixture: StreamFixture, writer: WritableStreamDefaultWriter<BufferSource>) => unknown,
  ])[] = [
    ['is closed', ({ socket }) => socket.close()],
    ['is aborted', (_, writer) => writer.abort('enough').catch(() => undefined)],
    ['gets an END', ({ circuit }) => circuit.end(EndReason.DONE)],
    ['gets an END that is an error', ({ circuit }) => circuit.end(EndReason.CONNRESET)],
    ['loses its circuit', ({ circuit }) => circuit.die()],
  ]
  for (const [what, act] of ends) {
    it(`leaves no timer, and nobody in line, when it ${what}, stopped or held to a rate`, async () => {
      for (const held of [false, true]) {
        const { circuit, clock, socket, watch, writer } = await stopped({ linger: Infinity })
        if (held) circuit.xon(1)
        await turn()
        expect(clock.timers).to.equal(held ? 1 : 0)
        await act({ circuit, clock, socket }, writer)
        await watch.allSettled()
        expect(clock.timers).to.equal(0)
        const sent = circuit.sent.length
        clock.advance(60_000)
        expect(circuit.sent.length).to.equal(sent)
        expect(circuit.faults).to.deep.equal([])
      }
    })
  }

  it('sends every byte once and in order, and never faster than it is told, whatever it is told and when', async () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('write' as const), value: fc.integer({ min: 1, max: 40_000 }) }),
      fc.record({ kind: fc.constant('wait' as const), value: fc.integer({ min: 0, max: 400 }) }),
      fc.record({ kind: fc.constant('grant' as const), value: fc.integer({ min: 0, max: 300 }) }),
      fc.record({ kind: fc.constant('xoff' as const), value: fc.constant(0) }),
      fc.record({ kind: fc.constant('xon' as const), value: fc.constantFrom(1, 20, 300, Infinity) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 60 }), async (events) => {
        // One cell's worth of parameters: every XON and XOFF that makes sense is allowed soon.
        const { circuit, clock, socket } = connected({
          credit: 20,
          congestionControl: { xoffExit: 1, xoffClient: 1, xonRate: 1 },
        })
        const writer = socket.writable.getWriter()
        let size = 0
        let stopped = false
        let xons = 0
        let xoffs = 0
        const writes: Promise<void>[] = []
        for (const { kind, value } of events) {
          const sent = circuit.dataBytes.length
          const cellsBefore = circuit.cells.length
          if (kind === 'write') {
            writes.push(writer.write(pattern(value, size)))
            size += value
          } else if (kind === 'wait') clock.advance(value)
          else if (kind === 'grant') circuit.grant(value)
          else if (kind === 'xoff' && !stopped && sent >= (xoffs + 1) * 244) {
            xoffs += 1
            stopped = true
            circuit.xoff()
          } else if (kind === 'xon' && sent > 0 && (stopped || sent >= (xons + 1) * 249)) {
            if (!stopped) xons += 1
            stopped = false
            circuit.xon(value)
          }
          await turn()
          if (stopped && kind !== 'xoff')
            expect(circuit.cells.length - cellsBefore, 'cells although stopped').to.be.at.most(1)
          expect(clock.timers).to.be.at.most(1)
        }
        if (stopped) circuit.xon()
        for (let round = 0; round < 3000 && circuit.dataBytes.length < size; round++) {
          circuit.grant(100)
          clock.advance(1000)
          await turn()
        }
        await Promise.all(writes)
        await turn()
        expect(sameBytes(circuit.dataBytes, pattern(size))).to.equal(true)
        expect(clock.timers).to.equal(0)
        expect(circuit.faults).to.deep.equal([])
      }),
      { numRuns: 60 },
    )
  })
})

describe('a consumer that falls behind', () => {
  it('tells the far end to stop when more than 244,000 bytes wait, once', async () => {
    const fixture = connected()
    flood(fixture, 489 * CELL)
    await turn()
    expect(fixture.circuit.sentOf(XOFF)).to.deep.equal([])
    expect(fixture.socket.windows.deliver).to.equal(0)
    flood(fixture, CELL)
    await turn()
    expect(fixture.circuit.sentOf(XOFF).map(({ body }) => [...body])).to.deep.equal([[0]])
    flood(fixture, 1000 * CELL)
    await turn()
    expect(fixture.circuit.sentOf(XOFF)).to.have.length(1)
    expect(fixture.circuit.sentOf(XON)).to.deep.equal([])
  })

  it("goes by the consensus' number for clients, in cells of 488 bytes", async () => {
    const fixture = connected({ congestionControl: { xoffClient: 10, xoffExit: 3 } })
    fixture.circuit.data(pattern(4880))
    await turn()
    expect(fixture.circuit.sentOf(XOFF)).to.deep.equal([])
    fixture.circuit.data(pattern(1))
    await turn()
    expect(fixture.circuit.sentOf(XOFF)).to.have.length(1)
  })

  it('tells nothing about a burst in one read of the link that is taken at once, chunk by chunk', async () => {
    const fixture = connected()
    const reader = fixture.socket.readable.getReader()
    let read = 0
    const reading = (async () => {
      while (read < 1000 * CELL) read += (await reader.read()).value?.length ?? 0
    })()
    await turn()
    fixture.circuit.data(...cells(1000))
    await reading
    await turn()
    expect(fixture.circuit.sentOf(XOFF)).to.deep.equal([])
  })

  it('lets the far end go on when everything is read, not before', async () => {
    const fixture = connected()
    flood(fixture, 600 * CELL)
    await turn()
    await drain(fixture, 600 * CELL - 1, 10_000, 1)
    expect(fixture.circuit.sentOf(XON)).to.deep.equal([])
    await drain(fixture, 1, 1, 1)
    expect(fixture.circuit.sentOf(XON)).to.have.length(1)
    flood(fixture, 600 * CELL)
    await turn()
    expect(fixture.circuit.sentOf(XOFF), 'again').to.have.length(2)
  })

  it('tells the rate at which it read, since it began to', async () => {
    const fixture = connected()
    flood(fixture, 1100 * CELL)
    await turn()
    fixture.clock.advance(3_600_000)
    // 10,000 bytes each 20 ms are 500 bytes per ms.
    expect(sameBytes(await drain(fixture, 1100 * CELL, 10_000, 20), pattern(1100 * CELL))).to.equal(true)
    expect(ratesOf(fixture.circuit)).to.deep.equal([500])
  })

  it('tells the rate since the last XOFF, and nothing of what was before', async () => {
    const fixture = connected()
    for (const [pause, rate] of [
      [20, 500],
      [5, 2000],
      [50, 200],
    ] as const) {
      flood(fixture, 1100 * CELL)
      await turn()
      await drain(fixture, 1100 * CELL, 10_000, pause)
      expect(ratesOf(fixture.circuit).at(-1)).to.equal(rate)
    }
    expect(fixture.circuit.sentOf(XOFF)).to.have.length(3)
  })

  it('tells no rate when it had only paused, and then reads as fast as it can', async () => {
    const fixture = connected()
    flood(fixture, 600 * CELL)
    await turn()
    fixture.clock.advance(60_000)
    await drain(fixture, 600 * CELL, 65_536, 0)
    expect(ratesOf(fixture.circuit)).to.deep.equal([Infinity])
  })

  it('tells a rate of at least 1, as 0 would say the opposite', async () => {
    const fixture = connected({ receiveBufferLimit: Infinity })
    flood(fixture, 600 * CELL)
    await turn()
    await drain(fixture, 600 * CELL, 1000, 100_000)
    expect(ratesOf(fixture.circuit)).to.deep.equal([1])
  })

  it('tells another rate when its speed changes by more than a quarter, and not when it changes by less', async () => {
    const fixture = connected({ receiveBufferLimit: Infinity })
    flood(fixture, 600 * CELL)
    await turn()
    await drain(fixture, 600 * CELL, 10_000, 20)
    expect(ratesOf(fixture.circuit)).to.deep.equal([500])
    // A queue that is always there, but never long enough for an XOFF.
    const speeds: readonly (readonly [pause: number, rates: number[]])[] = [
      [20, [500]],
      [18, [500]],
      [10, [500, 852, 952]],
    ]
    for (const [pause, rates] of speeds) {
      for (let round = 0; round < 8; round++) {
        flood(fixture, 200 * CELL)
        await drain(fixture, 200 * CELL - 40_000 * (round === 0 ? 1 : 0), 10_000, pause)
      }
      await drain(fixture, 40_000, 10_000, pause)
      expect(fixture.circuit.sentOf(XOFF)).to.have.length(1)
      if (pause > 10) expect(ratesOf(fixture.circuit), `${pause} ms`).to.deep.equal(rates)
      else expect(ratesOf(fixture.circuit)[1], 'the first after it').to.be.within(800, 960)
    }
  })

  it('doubles the rate for each 249,000 bytes that find nothing waiting, until there is none', async () => {
    const fixture = connected()
    flood(fixture, 600 * CELL)
    await turn()
    await drain(fixture, 600 * CELL, 10_000, 20)
    for (let pass = 0; pass < 200; pass++) {
      fixture.circuit.data(...cells(100))
      await drain(fixture, 100 * CELL, 100 * CELL, 1)
    }
    const rates = ratesOf(fixture.circuit)
    expect(rates.slice(0, 4)).to.deep.equal([500, 1000, 2000, 4000])
    expect(rates.at(-1)).to.equal(Infinity)
    expect(rates, '13 doublings, and no word more').to.have.length(14)
  })

  it('sends no XON more often than each 244,000 bytes, whatever arrives and is read when', async () => {
    const event = fc.oneof(
      fc.record({ kind: fc.constant('flood' as const), value: fc.integer({ min: 1, max: 400 }) }),
      fc.record({ kind: fc.constant('read' as const), value: fc.integer({ min: 1, max: 300_000 }) }),
      fc.record({ kind: fc.constant('wait' as const), value: fc.integer({ min: 0, max: 2000 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 80 }), async (events) => {
        const fixture = connected({ receiveBufferLimit: Infinity })
        const reader = fixture.socket.readable.getReader({ mode: 'byob' })
        let arrived = 0
        let read = 0
        for (const { kind, value } of events) {
          if (kind === 'wait') fixture.clock.advance(value)
          else if (kind === 'flood') {
            flood(fixture, value * CELL, arrived)
            arrived += value * CELL
          } else if (arrived > read) {
            const bytes = (await reader.read(new Uint8Array(value))).value as Uint8Array
            expect(sameBytes(bytes, pattern(bytes.length, read))).to.equal(true)
            read += bytes.length
          }
          await turn()
          const [xoffs, xons] = [XOFF, XON].map((command) => fixture.circuit.sentOf(command).length) as [number, number]
          expect(xoffs * 244_000).to.be.at.most(arrived)
          expect(xons * 244_000).to.be.at.most(read)
          if (arrived - read > 244_000) expect(fixture.circuit.sentOf(XOFF).length).to.be.greaterThan(0)
        }
        expect(fixture.circuit.sentOf(SENDME)).to.deep.equal([])
      }),
      { numRuns: 60 },
    )
  })

  it('lets the far end go on when what waits is dropped, and bears any number of bytes then', async () => {
    const fixture = connected({ linger: Infinity })
    flood(fixture, 600 * CELL)
    await turn()
    await fixture.socket.readable.cancel()
    expect(fixture.circuit.sentOf(XON)).to.have.length(1)
    flood(fixture, 20_000 * CELL)
    await turn()
    expect(fixture.circuit.sentOf(XOFF)).to.have.length(1)
    expect(fixture.circuit.sentOf(END)).to.deep.equal([])
  })

  it('sends neither after an END, ours or theirs', async () => {
    for (const end of [
      (fixture: StreamFixture) => fixture.circuit.end(EndReason.DONE),
      (fixture: StreamFixture) => void fixture.socket.close(),
    ]) {
      const fixture = connected()
      flood(fixture, 300 * CELL)
      await turn()
      fixture.circuit.data(...cells(300))
      end(fixture) // in the same turn
      await turn()
      expect(fixture.circuit.sentOf(XOFF)).to.deep.equal([])
      await new Response(fixture.socket.readable).arrayBuffer()
      expect(fixture.circuit.sentOf(XON)).to.deep.equal([])
    }
  })

  it('bears cells without bytes without end, and remembers none of them', async () => {
    const fixture = connected()
    fixture.circuit.data(pattern(1))
    for (let pass = 0; pass < 100; pass++) fixture.circuit.data(...new Array<Uint8Array>(200).fill(new Uint8Array(0)))
    await turn()
    expect(fixture.socket.windows.deliver).to.equal(489)
    expect(fixture.circuit.sentOf(XOFF)).to.deep.equal([])
  })
})

describe('a far end that does not stop', () => {
  for (const [limit, cellsWithin] of [
    [undefined, 16_844],
    [1_000_000, 2008],
  ] as const) {
    it(`loses the stream, and not the circuit, when more than ${limit ?? 'the 8 MiB of the default'} wait`, async () => {
      const fixture = connected({ receiveBufferLimit: limit })
      const neighbour = new TorStream(fixture.circuit, 'example.com:81')
      fixture.circuit.connect({}, 2)
      flood(fixture, cellsWithin * CELL)
      expect(fixture.circuit.sentOf(END)).to.deep.equal([])
      const writer = fixture.socket.writable.getWriter()
      const reader = fixture.socket.readable.getReader()
      flood(fixture, CELL)
      expect(await codeOf(fixture.socket.closed)).to.equal('RECEIVE_BUFFER_FULL')
      expect(await codeOf(reader.read())).to.equal('RECEIVE_BUFFER_FULL')
      expect(await codeOf(writer.write(new Uint8Array(1)))).to.equal('RECEIVE_BUFFER_FULL')
      expect(fixture.circuit.sentOf(END, 1)).to.have.length(1)
      expect(fixture.clock.timers).to.equal(0)
      // What it had on its way is still borne.
      flood(fixture, 1000 * CELL)
      await neighbour.writable.getWriter().write(pattern(CELL))
      expect(fixture.circuit.sentOf(DATA, 2)).to.have.length(1)
    })
  }

  it('may be given any amount of memory', async () => {
    const fixture = connected({ receiveBufferLimit: Infinity })
    flood(fixture, 20_000 * CELL)
    expect(fixture.circuit.sentOf(END)).to.deep.equal([])
    await fixture.socket.close()
  })
})
