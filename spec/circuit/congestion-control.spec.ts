import { expect } from 'chai'
import { sha256 } from '@noble/hashes/sha2.js'
import {
  readCongestionParameters,
  readXonXoffParameters,
  type CongestionControlParameters,
} from '../../lib/circuit/congestion/parameters.ts'
import type { ExitHandler } from '../../lib/testing/exit/exit.ts'
import { echo, pattern, sink, source } from '../../lib/testing/exit/exits.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { expectToEcho, CircuitFixture, settled, stateOf, type Built } from './support/circuit-fixture.ts'
import { expectPattern, lastStream, Upload } from './support/transfer.ts'

const parametersWith = (...params: readonly (readonly [name: string, value: number])[]): CongestionControlParameters =>
  readCongestionParameters(new Map(params)) as CongestionControlParameters

/** A destination that takes nothing until it is told to, then everything. */
function stalledSink(): { readonly exit: ExitHandler; go(): void; readonly bytes: number } {
  let go: () => void = () => undefined
  const gone = new Promise<void>((resolve) => (go = resolve))
  let bytes = 0
  const exit: ExitHandler = () => ({
    readable: new ReadableStream<Uint8Array>(),
    writable: new WritableStream<Uint8Array>({
      async write(chunk) {
        await gone
        bytes += chunk.length
      },
    }),
  })
  return {
    exit,
    go: () => go(),
    get bytes() {
      return bytes
    },
  }
}

describe('A circuit under congestion control', () => {
  let fixture: CircuitFixture
  let relay: TestRelay
  before(async () => {
    fixture = await CircuitFixture.start({ congestionControl: true })
    relay = fixture.network.relays[2] as TestRelay
  })
  after(() => fixture.close())
  afterEach(() => {
    relay.withhold.circuitSendmes = false
    Object.assign(relay.congestionControl, {
      increment: 31,
      cwnd: 1000,
      xoffLimit: 500 * 488,
      xonRate: Infinity,
      bytesPerXoff: 500 * 488,
      bytesPerXon: 500 * 488,
    })
    relay.exit = echo()
  })

  /** Waits until this many DATA cells are at the exit, and that no more are on their way. */
  async function expectToStopAt(built: Built, cells: number): Promise<void> {
    await built.exit.when(({ flow }) => flow.dataReceived >= cells)
    await settled(built)
    expect(built.exit.flow.dataReceived).to.equal(cells)
  }

  describe('carries streams', () => {
    it('4 MB down and 4 MB up at once, whole, with a SENDME for every 31 cells both ways', async () => {
      const length = 4_000_000
      const built = await fixture.open()
      relay.exit = source({ length })
      const down = built.circuit.connect('example.com:80')
      await down.opened
      const received = sink({ sha256: true })
      relay.exit = received
      const up = built.circuit.connect('example.com:80')
      const upload = new Upload(up, length)
      expect(await expectPattern(down)).to.equal(length)
      await upload.done
      await upload.writer.close()
      await up.close()
      await built.exit.when(() => received.ended === 1)
      expect(received.bytes).to.equal(length)
      expect(received.sha256).to.deep.equal(sha256(pattern(0, length)))
      await settled(built)
      const { flow } = built.exit
      expect(built.exit.violation).to.equal(undefined)
      expect(flow.sendmesReceived).to.equal(Math.floor(flow.dataSent / 31))
      expect(flow.sendmesSent).to.equal(Math.floor(flow.dataReceived / 31))
      for (const stream of built.exit.streams.values())
        expect(stream.flow).to.include({ sendmesReceived: 0, sendmesSent: 0 })
      await built.circuit.close()
    })

    for (const increment of [1, 7, 100, 254]) {
      it(`with an increment of ${increment}`, async () => {
        relay.congestionControl.increment = increment
        const built = await fixture.open({
          congestionControl: parametersWith(['cc_sendme_inc', increment], ['cc_cwnd_init', 300], ['cc_cwnd_min', 300]),
        })
        relay.exit = source({ length: 400_000 })
        expect(await expectPattern(built.circuit.connect('example.com:80'))).to.equal(400_000)
        relay.exit = sink()
        const upload = new Upload(built.circuit.connect('example.com:80'), 400_000)
        await upload.done
        await settled(built)
        const { flow } = built.exit
        expect(flow.sendmesReceived).to.equal(Math.floor(flow.dataSent / increment))
        expect(flow.sendmesSent).to.equal(Math.floor(flow.dataReceived / increment))
        expect(built.exit.violation).to.equal(undefined)
        await built.circuit.close()
      })
    }

    it('by a relay whose window is many times that of a client of fixed windows, while no SENDME leaves', async () => {
      relay.congestionControl.cwnd = 5000
      const built = await fixture.open()
      relay.exit = source({ length: Infinity })
      const stream = built.circuit.connect('example.com:80')
      const reader = stream.readable.getReader()
      await stream.opened
      const [link] = (fixture.network.relays[0] as TestRelay).links
      link?.memory.toRelay.stall()
      for (let bytes = 0; bytes < 4900 * 498;) bytes += ((await reader.read()).value as Uint8Array).length
      link?.memory.toRelay.resume()
      for (let bytes = 0; bytes < 1_000_000;) bytes += ((await reader.read()).value as Uint8Array).length
      await built.circuit.close()
    })
  })

  describe('whose SENDMEs do not come', () => {
    for (const count of [1, 5]) {
      it(`stops ${count} uploads after exactly the congestion window, and goes on when they do`, async () => {
        const built = await fixture.open()
        relay.exit = sink()
        relay.withhold.circuitSendmes = true
        const streams = Array.from({ length: count }, () => built.circuit.connect('example.com:80'))
        const uploads = streams.map((stream) => new Upload(stream, Math.floor(1_000_000 / count)))
        await expectToStopAt(built, 124)
        expect(built.circuit.windows.package).to.equal(0)
        for (const { writer } of uploads) {
          expect(writer.desiredSize).to.be.at.most(0)
          expect(await stateOf(writer.ready)).to.equal('pending')
        }
        // Slow start: the 31 cells that are acknowledged, and as many more.
        built.exit.releaseSendmes('circuit', 1)
        await expectToStopAt(built, 124 + 62)
        relay.withhold.circuitSendmes = false
        built.exit.releaseSendmes('circuit', built.exit.withheld.circuit)
        await Promise.all(uploads.map(({ done }) => done))
        await built.exit.when(
          ({ streams: all }) =>
            [...all.values()].reduce((sum, { bytesReceived }) => sum + bytesReceived, 0) ===
            count * Math.floor(1_000_000 / count),
        )
        expect(built.exit.violation).to.equal(undefined)
        await built.circuit.close()
      })
    }

    it('begins with the window of its parameters', async () => {
      const built = await fixture.open({ congestionControl: parametersWith(['cc_cwnd_init', 200]) })
      expect(built.circuit.windows.package).to.equal(200)
      relay.exit = sink()
      relay.withhold.circuitSendmes = true
      void new Upload(built.circuit.connect('example.com:80'), 500_000)
      await expectToStopAt(built, 200)
      await built.circuit.close()
    })

    it('lets messages that are no DATA through', async () => {
      const built = await fixture.open()
      relay.exit = sink()
      relay.withhold.circuitSendmes = true
      const stream = built.circuit.connect('example.com:80')
      void new Upload(stream, 500_000)
      await expectToStopAt(built, 124)
      const other = built.circuit.connect('example.com:81')
      await other.opened
      await other.close()
      await built.exit.when(() => lastStream(built.exit).endReceived !== undefined)
      await built.circuit.close()
    })
  })

  describe('stops', () => {
    it("an upload by the exit's XOFF, and lets it go on by its XON", async () => {
      const built = await fixture.open({
        xonXoff: readXonXoffParameters(
          new Map([
            ['cc_xoff_client', 100],
            ['cc_xoff_exit', 100],
          ]),
        ),
      })
      const destination = stalledSink()
      relay.exit = destination.exit
      relay.congestionControl.xoffLimit = 100 * 488
      const length = 3_000_000
      const upload = new Upload(built.circuit.connect('example.com:80'), length)
      await built.exit.when((exit) => lastStream(exit)?.flow.xoffsSent === 1)
      await settled(built)
      const { bytesReceived } = lastStream(built.exit)
      expect(bytesReceived, 'what was on its way').to.be.below(1_000_000)
      expect(await stateOf(upload.writer.ready)).to.equal('pending')
      relay.exit = echo()
      await expectToEcho(built.circuit.connect('example.com:80'))
      expect(lastStream(built.exit).flow.xoffsSent, 'the other stream').to.equal(0)
      destination.go()
      await upload.done
      await built.exit.when(() => destination.bytes === length)
      const flow = [...built.exit.streams.values()][0]?.flow
      expect(flow?.xonsSent).to.be.oneOf([flow?.xoffsSent, (flow?.xoffsSent ?? 0) - 1])
      await built.circuit.close()
    })

    it('a download sooner where the network says so', async () => {
      const built = await fixture.open({
        xonXoff: readXonXoffParameters(
          new Map([
            ['cc_xoff_client', 50],
            ['cc_xoff_exit', 50],
          ]),
        ),
      })
      Object.assign(relay.congestionControl, { bytesPerXoff: 50 * 488, bytesPerXon: 50 * 488 })
      relay.exit = source({ length: 3_000_000, chunkSize: 498 })
      const stream = built.circuit.connect('example.com:80')
      await built.exit.when((exit) => lastStream(exit)?.flow.xoffsReceived === 1)
      await settled(built)
      expect(lastStream(built.exit).bytesSent).to.be.within(50 * 488, 50 * 488 + 2 * 1000 * 498)
      expect(await expectPattern(stream)).to.equal(3_000_000)
      await built.circuit.close()
    })
  })
})
