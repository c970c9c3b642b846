import { expect } from 'chai'
import { sha256 } from '@noble/hashes/sha2.js'
import { echo, pattern, sink, source } from '../../lib/testing/exit/exits.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { flowControls } from '../support/flow-controls.ts'
import { ManualClock } from '../testing/support/manual-clock.ts'
import { expectToEcho, CircuitFixture, settled, stateOf, type Built } from './support/circuit-fixture.ts'
import { expectPattern, lastStream, Upload } from './support/transfer.ts'

/** Waits until this many DATA cells are at the exit, and that no more are on their way. */
async function expectToStopAt(built: Built, cells: number): Promise<void> {
  await built.exit.when(({ flow }) => flow.dataReceived >= cells)
  await settled(built)
  expect(built.exit.flow.dataReceived).to.equal(cells)
}

async function expectToWait({ writer }: Upload): Promise<void> {
  expect(writer.desiredSize).to.be.at.most(0)
  expect(await stateOf(writer.ready)).to.equal('pending')
}

for (const { kind, window, step } of flowControls) {
  describe(`Backpressure (${kind})`, () => {
    let fixture: CircuitFixture
    let relay: TestRelay
    before(async () => {
      fixture = await CircuitFixture.under(kind)
      relay = fixture.network.relays[2] as TestRelay
    })
    after(() => fixture.close())
    afterEach(() => {
      Object.assign(relay.withhold, { streamSendmes: false, circuitSendmes: false })
      relay.exit = echo()
    })

    /** With time that stands still, which leaves a congestion window as it is. */
    const open = async (): Promise<Built> => {
      relay.exit = sink()
      return fixture.open({ clock: new ManualClock() })
    }

    describe('of uploads whose circuit is not acknowledged', () => {
      for (const [count, name] of [
        [1, 'one stream'],
        [2, 'two streams'],
        [7, 'seven streams'],
      ] as const) {
        it(`stops ${name} after exactly ${window} cells, and lets exactly ${step} more through for each SENDME`, async () => {
          const built = await open()
          relay.withhold.circuitSendmes = true
          const streams = Array.from({ length: count }, () => built.circuit.connect('example.com:80'))
          const uploads = streams.map((stream) => new Upload(stream, Math.floor(2_000_000 / count)))
          await expectToStopAt(built, window)
          for (const upload of uploads) await expectToWait(upload)
          expect(built.circuit.windows.package).to.equal(0)

          for (let cells = window + step; cells <= window + 4 * step; cells += step) {
            built.exit.releaseSendmes('circuit', 1)
            await expectToStopAt(built, cells)
          }
          built.exit.releaseSendmes('circuit', 3)
          await expectToStopAt(built, window + 7 * step)

          relay.withhold.circuitSendmes = false
          built.exit.releaseSendmes('circuit', built.exit.withheld.circuit)
          await Promise.all(uploads.map(({ done }) => done))
          for (const stream of streams) await stream.close()
          await settled(built)
          expect([...built.exit.streams.values()].map(({ bytesReceived }) => bytesReceived)).to.deep.equal(
            uploads.map(({ accepted }) => accepted),
          )
          expect(built.exit.violation).to.equal(undefined)
          await built.circuit.close()
        })
      }

      it('lets messages that are no DATA through: streams open, end and resolve', async () => {
        const built = await open()
        relay.withhold.circuitSendmes = true
        const streams = [1, 2].map(() => built.circuit.connect('example.com:80'))
        for (const stream of streams) new Upload(stream, 1_000_000)
        await expectToStopAt(built, window)
        relay.exit = source({ length: 10_000 })
        const download = built.circuit.connect('example.com:80')
        expect(await expectPattern(download)).to.equal(10_000)
        await streams[0]?.close()
        await settled(built)
        expect(built.exit.flow.dataReceived).to.equal(window)
        expect([...built.exit.streams.values()][0]?.endReceived).to.equal(1)
        await built.circuit.close()
      })

      it('gives what a stream that was given up would have got to the others', async () => {
        const built = await open()
        relay.withhold.circuitSendmes = true
        const [first, second] = [1, 2].map(() => built.circuit.connect('example.com:80'))
        const uploads = [first, second].map((stream) => new Upload(stream as never, 1_000_000))
        await expectToStopAt(built, window)
        await uploads[0]?.writer.abort()
        const before = lastStream(built.exit).dataReceived
        built.exit.releaseSendmes('circuit', 2)
        await expectToStopAt(built, window + 2 * step)
        expect(lastStream(built.exit).dataReceived).to.equal(before + 2 * step)
        await built.circuit.close()
      })
    })

    describe('of an upload whose link is stalled', () => {
      it('stops it within what the link takes, and goes on with it after', async () => {
        const built = await open()
        const { memory } = built.guard.link
        const stream = built.circuit.connect('example.com:80')
        await stream.opened
        memory.toRelay.stall()
        const upload = new Upload(stream, 2_000_000)
        while ((await stateOf(upload.writer.ready)) !== 'pending') expect(upload.accepted).to.be.lessThan(600_000)
        const { accepted } = upload
        expect(memory.toRelay.buffered).to.be.at.most(600_000)
        memory.toRelay.resume()
        await upload.done
        await stream.close()
        await settled(built)
        expect(lastStream(built.exit).bytesReceived).to.equal(2_000_000).and.to.be.greaterThan(accepted)
        await built.circuit.close()
      })
    })

    describe('of a download that nobody reads', () => {
      const LENGTH = 1_000_000

      it('lets the other streams of the circuit go on, however many nobody reads', async () => {
        const built = await fixture.open()
        relay.exit = source({ length: Infinity })
        const unread = [1, 2, 3, 4].map(() => built.circuit.connect('example.com:80'))
        await built.exit.when(
          ({ streams }) => streams.size === 4 && [...streams.values()].every(({ flow }) => flow.packageWindow === 0),
        )
        await settled(built)
        relay.exit = source({ length: LENGTH })
        expect(await expectPattern(built.circuit.connect('example.com:80'))).to.equal(LENGTH)
        relay.exit = echo()
        await expectToEcho(built.circuit.connect('example.com:80'))
        for (const stream of unread) expect(stream.windows.deliver).to.equal(0)
        const sent = [...built.exit.streams.values()].slice(0, 4).map(({ dataSent }) => dataSent)
        if (kind === 'windows') expect(sent).to.deep.equal([500, 500, 500, 500])
        else
          for (const cells of sent)
            expect(cells, 'the limit of 244,000 bytes, and what was on its way').to.be.within(490, 490 + 1000)
        await built.circuit.close()
      })

      it('goes on dropping what comes after the readable was cancelled, for the sake of the upload', async () => {
        const built = await fixture.open()
        relay.exit = source({ length: Infinity })
        const stream = built.circuit.connect('example.com:80')
        await stream.readable.cancel()
        const upload = new Upload(stream, LENGTH)
        await upload.done
        await upload.writer.close()
        await stream.closed
        await built.exit.when((exit) => lastStream(exit).endReceived !== undefined)
        expect(lastStream(built.exit)).to.include({ bytesReceived: LENGTH, endReceived: 1 })
        expect(lastStream(built.exit).dataSent).to.be.greaterThan(500)
        expect(built.exit.violation).to.equal(undefined)
        await built.circuit.close()
      })
    })
  })
}

describe('Backpressure of fixed windows', () => {
  let fixture: CircuitFixture
  let relay: TestRelay
  before(async () => {
    fixture = await CircuitFixture.start()
    relay = fixture.network.relays[2] as TestRelay
  })
  after(() => fixture.close())
  afterEach(() => {
    relay.withhold.streamSendmes = false
    relay.exit = echo()
  })

  describe('of an upload whose stream is not acknowledged', () => {
    it('stops it after exactly 500 cells, and lets exactly 50 more through for each SENDME', async () => {
      const built = await fixture.open()
      relay.withhold.streamSendmes = true
      const received = sink({ sha256: true })
      relay.exit = received
      const length = 2_000_000
      const stream = built.circuit.connect('example.com:80')
      const upload = new Upload(stream, length)
      await expectToStopAt(built, 500)
      await expectToWait(upload)
      expect(stream.windows.package).to.equal(0)
      const stalled = upload.accepted
      expect(stalled, 'writes that resolved').to.be.at.most(lastStream(built.exit).bytesReceived)
      expect(built.circuit.windows.package, "the circuit's window").to.equal(1000)

      for (let cells = 550; cells <= 700; cells += 50) {
        built.exit.releaseSendmes('stream', 1)
        await expectToStopAt(built, cells)
        await expectToWait(upload)
      }
      built.exit.releaseSendmes('stream', 2)
      await expectToStopAt(built, 800)

      relay.withhold.streamSendmes = false
      built.exit.releaseSendmes('stream', built.exit.withheld.stream)
      await upload.done
      await upload.writer.close()
      await stream.close()
      await built.exit.when(() => received.ended === 1)
      expect(received.bytes).to.equal(length)
      expect(received.sha256).to.deep.equal(sha256(pattern(0, length)))
      await built.circuit.close()
    })

    it('lets the other streams of the circuit go on', async () => {
      const built = await fixture.open()
      relay.withhold.streamSendmes = true
      const upload = new Upload(built.circuit.connect('example.com:80'), 1_000_000)
      await expectToStopAt(built, 500)
      relay.exit = echo()
      const other = built.circuit.connect('example.com:80')
      for (let round = 0; round < 10; round++) await expectToEcho(other)
      await expectToWait(upload)
      await built.circuit.close()
    })
  })

  describe('of a download that nobody reads', () => {
    const LENGTH = 1_000_000

    it('stops it after 500 cells, 249,000 bytes, of which all are there in the end', async () => {
      const built = await fixture.open()
      relay.exit = source({ length: LENGTH, chunkSize: 498 * 1000 })
      const stream = built.circuit.connect('example.com:80')
      await built.exit.when((exit) => lastStream(exit)?.dataSent >= 500)
      await settled(built)
      expect(lastStream(built.exit)).to.include({ dataSent: 500, bytesSent: 249_000 })
      expect(lastStream(built.exit).flow).to.include({ sendmesReceived: 0, packageWindow: 0 })
      expect(stream.windows.deliver).to.equal(0)
      expect(built.exit.flow.sendmesReceived, 'SENDMEs of the circuit follow receipt').to.equal(5)
      expect(await expectPattern(stream)).to.equal(LENGTH)
      await built.circuit.close()
    })

    it('lets 50 cells more come for each 50 that were read, and not before', async () => {
      const built = await fixture.open()
      relay.exit = source({ length: LENGTH, chunkSize: 498 * 1000 })
      const stream = built.circuit.connect('example.com:80', { readableType: 'default' })
      const reader = stream.readable.getReader()
      let read = 0
      for (let round = 0; round < 20; round++) {
        const cells = Math.min(500 + 50 * Math.floor(read / 498 / 50), Math.ceil(LENGTH / 498))
        await built.exit.when((exit) => lastStream(exit)?.dataSent >= cells)
        await settled(built)
        expect(lastStream(built.exit).dataSent).to.equal(cells)
        read += (await reader.read()).value?.length ?? 0
      }
      await built.circuit.close()
    })
  })
})

describe('Backpressure of XON and XOFF', () => {
  /** What a relay may have on its way when it is told to stop. */
  const FLIGHT = 1000 * 498
  const LIMIT = 500 * 488
  const LENGTH = 3_000_000

  let fixture: CircuitFixture
  let relay: TestRelay
  before(async () => {
    fixture = await CircuitFixture.start({ congestionControl: true })
    relay = fixture.network.relays[2] as TestRelay
  })
  after(() => fixture.close())
  afterEach(() => {
    relay.congestionControl.cwnd = 1000
    relay.exit = echo()
  })

  for (const cwnd of [62, 1000]) {
    it(`stops a download that nobody reads by one XOFF after 244,000 bytes, and holds at most that and twice the relay's window of ${cwnd} cells`, async () => {
      relay.congestionControl.cwnd = cwnd
      const built = await fixture.open()
      relay.exit = source({ length: LENGTH, chunkSize: 498 * 1000 })
      const stream = built.circuit.connect('example.com:80')
      await built.exit.when((exit) => lastStream(exit)?.flow.xoffsReceived === 1)
      await settled(built)
      const { bytesSent, dataSent, flow } = lastStream(built.exit)
      expect(bytesSent)
        .to.be.above(LIMIT)
        .and.at.most(LIMIT + 498 + 2 * cwnd * 498)
      expect(stream.windows.deliver).to.equal(0)
      expect(built.exit.flow.sendmesReceived, 'SENDMEs of the circuit follow receipt').to.equal(
        Math.floor(dataSent / 31),
      )
      expect(flow).to.include({ xoffsReceived: 1, packageWindow: 0 })
      expect(flow.xonsReceived).to.deep.equal([])
      relay.exit = echo()
      await expectToEcho(built.circuit.connect('example.com:80'))
      expect(await expectPattern(stream)).to.equal(LENGTH)
      expect(flow.xonsReceived.length, 'XONs').to.be.at.least(1)
      expect(built.exit.violation).to.equal(undefined)
      await built.circuit.close()
    })
  }

  it('sends the XON only when all that waited was read', async () => {
    const built = await fixture.open({ clock: new ManualClock() })
    relay.exit = source({ length: LENGTH, chunkSize: 498 * 1000 })
    const stream = built.circuit.connect('example.com:80', { readableType: 'default' })
    await built.exit.when((exit) => lastStream(exit)?.flow.xoffsReceived === 1)
    await settled(built)
    const { bytesSent, flow } = lastStream(built.exit)
    const reader = stream.readable.getReader()
    for (let read = 0; read < bytesSent;) {
      expect(flow.xonsReceived).to.deep.equal([])
      expect(lastStream(built.exit).bytesSent).to.equal(bytesSent)
      read += (await reader.read()).value?.length ?? Infinity
    }
    await built.exit.when(() => flow.xonsReceived.length === 1)
    reader.releaseLock()
    await built.circuit.close()
  })

  it('stops an upload of which the destination takes nothing after 244,000 bytes and what was on its way, and no other stream', async () => {
    let go = (): void => undefined
    const gone = new Promise<void>((resolve) => (go = resolve))
    relay.exit = () => ({ readable: new ReadableStream(), writable: new WritableStream({ write: () => gone }) })
    const built = await fixture.open()
    const stream = built.circuit.connect('example.com:80')
    const upload = new Upload(stream, LENGTH)
    await built.exit.when((exit) => lastStream(exit)?.flow.xoffsSent === 1)
    await settled(built)
    const stalled = lastStream(built.exit)
    expect(stalled.bytesReceived).to.be.within(LIMIT, LIMIT + FLIGHT)
    expect(stream.windows.package).to.equal(0)
    expect(upload.writer.desiredSize).to.be.at.most(0)
    expect(await stateOf(upload.writer.ready)).to.equal('pending')
    relay.exit = echo()
    const other = built.circuit.connect('example.com:80')
    for (let round = 0; round < 10; round++) await expectToEcho(other)
    expect(built.exit.flow.sendmesSent, 'the circuit is acknowledged all the same').to.equal(
      Math.floor(built.exit.flow.dataReceived / 31),
    )
    go()
    await upload.done
    await upload.writer.close()
    await stream.close()
    await built.exit.when(() => stalled.endReceived !== undefined)
    expect(stalled.bytesReceived).to.equal(LENGTH)
    await built.circuit.close()
  })
})
