/**
 * Backpressure, exact in both directions: what a stream sends follows its credit, what it acknowledges follows its
 * consumer.
 */
import { expect } from 'chai'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { TorStream } from '../../../lib/stream/tor-stream.ts'
import { thrownBy } from '../../cell/support/bytes.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'
import { FakeCircuit } from '../support/fake-circuit.ts'
import { BYOB, cells, codeOf, concat, connected, pattern, sameBytes } from '../support/stream-fixture.ts'
import { Watch } from '../support/watch.ts'

const { DATA, SENDME } = RelayCommand

describe('the stream SENDMEs of a stream', () => {
  it('do not come while nobody reads', async () => {
    const { circuit, socket } = connected()
    for (let pass = 0; pass < 50; pass++) circuit.data(...cells(10))
    await turn(3)
    expect(circuit.sentOf(SENDME)).to.have.length(0)
    expect(socket.windows.deliver).to.equal(0)
  })

  it('come one for every 50 cells consumed, with the read that consumes the last of them', async () => {
    const { circuit, socket } = connected(BYOB)
    const reader = socket.readable.getReader({ mode: 'byob' })
    circuit.data(...cells(500))
    let consumed = 0
    for (const size of [498 * 49, 497, 1, 498 * 50 - 1, 1, 498 * 100, 498 * 49 + 400]) {
      await reader.read(new Uint8Array(size), { min: size })
      consumed += size
      expect(circuit.sentOf(SENDME), `after ${consumed} bytes`).to.have.length(Math.floor(consumed / 498 / 50))
    }
    expect(
      circuit.sentOf(SENDME).every(({ body }) => body.length === 0),
      'their bodies are empty',
    ).to.equal(true)
  })

  it('follow consumption also when cells are short, or empty', async () => {
    const { circuit, socket } = connected()
    const reader = socket.readable.getReader()
    const read = reader.read()
    for (let cell = 0; cell < 49; cell++) circuit.data(new Uint8Array(0))
    expect(circuit.sentOf(SENDME)).to.have.length(0)
    circuit.data(pattern(1))
    await read
    expect(circuit.sentOf(SENDME)).to.have.length(1)
    // Behind a byte that waits an empty cell waits too.
    circuit.data(pattern(1))
    for (let cell = 0; cell < 99; cell++) circuit.data(new Uint8Array(0))
    await turn()
    expect(circuit.sentOf(SENDME)).to.have.length(1)
    await reader.read()
    expect(circuit.sentOf(SENDME)).to.have.length(3)
  })

  it('come at once for cells without bytes that wait behind nothing', () => {
    const { circuit } = connected()
    for (let cell = 0; cell < 100; cell++) circuit.data(new Uint8Array(0))
    expect(circuit.sentOf(SENDME)).to.have.length(2)
  })

  it('come at once when what waits is dropped by cancel()', async () => {
    const { circuit, socket } = connected()
    circuit.data(...cells(170))
    await socket.readable.cancel()
    expect(circuit.sentOf(SENDME)).to.have.length(3)
    expect(socket.windows.deliver).to.equal(500 - 20)
  })

  it('let a reader that keeps up have any number of bytes', async () => {
    const { circuit, socket } = connected()
    const reader = socket.readable.getReader()
    for (let pass = 0; pass < 200; pass++) {
      circuit.data(...cells(25, 498, pass * 25 * 498))
      expect((await reader.read()).value).to.have.length(25 * 498)
    }
    expect(circuit.sentOf(SENDME)).to.have.length((200 * 25) / 50)
    expect(socket.windows.deliver).to.equal(500)
  })
})

describe('a consumer that stops reading', () => {
  it('holds 500 cells, 249,000 bytes, and the next cell is a protocol error that fails every stream of the circuit', async () => {
    const { circuit, socket } = connected()
    const neighbour = new TorStream(circuit, 'example.com:81', { clock: new FakeClock() })
    circuit.connect({}, 2)
    for (const body of cells(500)) circuit.data(body)
    const error = thrownBy(() => circuit.data(pattern(1)))
    expect(error).to.be.instanceOf(TorError).and.to.include({ code: 'CIRCUIT_PROTOCOL' })
    expect(await codeOf(socket.closed)).to.equal('CIRCUIT_PROTOCOL')
    expect(await codeOf(neighbour.closed)).to.equal('CIRCUIT_PROTOCOL')
    // What was within the window is still there; then the error, not an end.
    const reader = socket.readable.getReader()
    const chunks: Uint8Array[] = []
    while (concat(chunks).length < 249_000) chunks.push((await reader.read()).value as Uint8Array)
    expect(sameBytes(concat(chunks), pattern(249_000))).to.equal(true)
    expect(await codeOf(reader.read())).to.equal('CIRCUIT_PROTOCOL')
  })

  it('counts cells without bytes like any others', async () => {
    const { circuit } = connected()
    circuit.data(pattern(1))
    for (let cell = 0; cell < 499; cell++) circuit.data(new Uint8Array(0))
    expect(thrownBy(() => circuit.data(new Uint8Array(0)))).to.include({ code: 'CIRCUIT_PROTOCOL' })
  })

  it('does not hold up the other streams of the circuit', async () => {
    const { circuit } = connected()
    for (const body of cells(500)) circuit.data(body)
    const neighbour = new TorStream(circuit, 'example.com:81', { clock: new FakeClock() })
    circuit.connect({}, 2)
    const reader = neighbour.readable.getReader()
    for (let cell = 0; cell < 600; cell++) {
      circuit.deliver(2, [DATA, pattern(498, cell)])
      expect((await reader.read()).value).to.have.length(498)
    }
    expect(circuit.sentOf(SENDME, 2)).to.have.length(12)
    expect(circuit.sentOf(SENDME, 1)).to.have.length(0)
  })

  it('may start again, and gets everything', async () => {
    const { circuit, socket } = connected(BYOB)
    const reader = socket.readable.getReader({ mode: 'byob' })
    let arrived = 0
    let read = 0
    while (read < 3 * 249_000) {
      while (socket.windows.deliver > 0) {
        circuit.data(pattern(498, arrived))
        arrived += 498
      }
      const { value } = await reader.read(new Uint8Array(60_000), { min: 60_000 })
      expect(sameBytes(value as Uint8Array, pattern(60_000, read))).to.equal(true)
      read += 60_000
      expect(arrived - read).to.be.at.most(249_000)
    }
  })
})

describe('the credit of a stream', () => {
  it('stops an upload after 500 cells without SENDMEs, with a write parked, and lets 50 more through for each', async () => {
    const { circuit, socket } = connected({ credit: 100_000 })
    const writer = socket.writable.getWriter()
    const watch = new Watch()
    void watch.add('write', writer.write(new Uint8Array(50_000_000)))
    for (let sendmes = 0; sendmes < 10; sendmes++) {
      await turn()
      expect(circuit.cells).to.have.length(500 + 50 * sendmes)
      expect(socket.windows.package).to.equal(0)
      expect(writer.desiredSize).to.be.at.most(0)
      expect(watch.pending).to.deep.equal(['write'])
      circuit.sendme()
    }
    await socket.close()
    await watch.allSettled()
  })

  it('stops an upload when the circuit has none, and goes on with what it grants', async () => {
    const { circuit, socket } = connected({ credit: 7 })
    const watch = new Watch()
    void watch.add('write', socket.writable.getWriter().write(new Uint8Array(20 * 498)))
    await turn()
    expect(circuit.cells).to.have.length(7)
    circuit.grant(1)
    await turn()
    expect(circuit.cells).to.have.length(8)
    circuit.grant(1000)
    await watch.allSettled()
    expect(circuit.cells).to.have.length(20)
  })

  it('ends the circuit for a SENDME that acknowledges what was never sent', async () => {
    for (const sent of [0, 1, 49]) {
      const { circuit, socket } = connected()
      if (sent > 0) await socket.writable.getWriter().write(new Uint8Array(sent * 498))
      expect(
        thrownBy(() => circuit.sendme()),
        String(sent),
      )
        .to.be.instanceOf(TorError)
        .and.to.include({ code: 'CIRCUIT_PROTOCOL' })
      expect(await codeOf(socket.closed)).to.equal('CIRCUIT_PROTOCOL')
    }
    const { circuit, socket } = connected()
    await socket.writable.getWriter().write(new Uint8Array(50 * 498))
    circuit.sendme()
    expect(socket.windows.package).to.equal(500)
    expect(thrownBy(() => circuit.sendme())).to.include({ code: 'CIRCUIT_PROTOCOL' })
  })

  it('ends the circuit for a SENDME that counts a cell which is not sealed yet', async () => {
    const { circuit, socket } = connected()
    const writer = socket.writable.getWriter()
    await writer.write(new Uint8Array(49 * 498))
    await writer.write(pattern(10))
    expect(circuit.cells).to.have.length(49)
    expect(thrownBy(() => circuit.sendme())).to.include({ code: 'CIRCUIT_PROTOCOL' })
    await socket.closed.catch(() => undefined)
  })

  it('is shared between uploads of one circuit, within 10 %', async () => {
    const circuit = new FakeCircuit({ credit: 0 })
    const ids = [1, 2, 3]
    const watch = new Watch()
    for (const id of ids) {
      const socket = new TorStream(circuit, `example.com:${id}`, { clock: new FakeClock() })
      circuit.connect({}, id)
      void watch.add(`write ${id}`, socket.writable.getWriter().write(new Uint8Array(400 * 498)))
    }
    await turn()
    for (let portion = 0; portion < 40; portion++) {
      circuit.grant(13)
      await turn()
    }
    const sent = ids.map((id) => circuit.sentOf(DATA, id).length)
    expect(sent.reduce((sum, count) => sum + count, 0)).to.equal(40 * 13)
    expect(Math.min(...sent) / Math.max(...sent)).to.be.greaterThan(0.9)
    circuit.grant(100_000)
    await watch.allSettled()
    expect(circuit.faults).to.deep.equal([])
  })

  it('lets small writes of one stream have their turn beside an upload that takes all there is', async () => {
    const circuit = new FakeCircuit({ credit: 10 })
    const [upload, chat] = [1, 2].map((id) => {
      const socket = new TorStream(circuit, `example.com:${id}`, { clock: new FakeClock() })
      circuit.connect({}, id)
      return socket.writable.getWriter()
    })
    const watch = new Watch()
    void watch.add('upload', (upload as WritableStreamDefaultWriter<BufferSource>).write(new Uint8Array(400 * 498)))
    await turn()
    void watch.add('chat', (chat as WritableStreamDefaultWriter<BufferSource>).write(pattern(10)))
    await turn()
    expect(watch.pending).to.deep.equal(['upload', 'chat'])
    circuit.grant(2)
    await turn()
    expect(watch.pending).to.deep.equal(['upload'])
    expect(circuit.sentOf(DATA, 2)).to.have.length(1)
  })

  it('is there for others when the only stream in line goes', async () => {
    const ends: ((
      fixture: ReturnType<typeof connected>,
      writer: WritableStreamDefaultWriter<BufferSource>,
    ) => unknown)[] = [
      ({ socket }) => socket.close(),
      (_scene, writer) => writer.abort(),
      ({ circuit }) => circuit.end(6),
      ({ circuit }) => circuit.end(12),
    ]
    for (const end of ends) {
      const fixture = connected({ credit: 0 })
      const writer = fixture.socket.writable.getWriter()
      const write = writer.write(pattern(10)).catch(() => undefined)
      await turn()
      await end(fixture, writer)
      await write
      fixture.circuit.available = 5
      expect(fixture.circuit.line.credit).to.equal(5)
    }
  })

  it('is not kept by a stream that has gone from the line', async () => {
    const circuit = new FakeCircuit({ credit: 0 })
    const sockets = [1, 2].map((id) => {
      const socket = new TorStream(circuit, `example.com:${id}`, { clock: new FakeClock() })
      circuit.connect({}, id)
      return socket
    })
    const watch = new Watch()
    sockets.forEach(
      (socket, index) => void watch.add(`write ${index + 1}`, socket.writable.getWriter().write(pattern(10_000))),
    )
    await turn()
    await sockets[0]?.close()
    circuit.grant(100)
    await watch.allSettled()
    expect(watch.word('write 1')).to.equal('CLOSED')
    expect(watch.word('write 2')).to.equal('yes')
    expect(circuit.sentOf(DATA, 1)).to.have.length(0)
  })
})
