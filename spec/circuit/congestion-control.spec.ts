import { expect } from 'chai'
import { sha256 } from '@noble/hashes/sha2.js'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { encodeSendme } from '../../lib/cell/sendme.ts'
import { encodeXoff, encodeXon } from '../../lib/cell/xon-xoff.ts'
import { Circuit } from '../../lib/circuit/circuit.ts'
import { readCongestionParameters, readXonXoffParameters, type CongestionControlParameters } from '../../lib/circuit/congestion/parameters.ts'
import type { ExitHandler } from '../../lib/testing/exit.ts'
import { echo, pattern, sink, source } from '../../lib/testing/exits.ts'
import type { TestRelay } from '../../lib/testing/test-relay.ts'
import { ManualClock } from '../testing/support/manual-clock.ts'
import { codeOf, expectToEcho, Rig, seenBy, settled, stateOf, type Built } from './support/rig.ts'
import { expectPattern, lastStream, Upload } from './support/transfer.ts'

const { DATA, SENDME, XOFF, XON } = RelayCommand

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
  return { exit, go: () => go(), get bytes() { return bytes } }
}

describe('A circuit under congestion control', () => {
  let rig: Rig
  let relay: TestRelay
  before(async () => {
    rig = await Rig.start({ congestionControl: true })
    relay = rig.network.relays[2] as TestRelay
  })
  after(() => rig.close())
  afterEach(() => {
    relay.withhold.circuitSendmes = false
    Object.assign(relay.congestionControl, { increment: 31, cwnd: 1000, xoffLimit: 500 * 488, xonRate: Infinity })
    relay.exit = echo()
  })

  /** Waits until this many DATA cells are at the exit, and that no more are on their way. */
  async function expectToStopAt(built: Built, cells: number): Promise<void> {
    await built.exit.when(({ flow }) => flow.dataReceived >= cells)
    await settled(built)
    expect(built.exit.flow.dataReceived).to.equal(cells)
  }

  async function expectViolation(built: Built): Promise<void> {
    expect(await codeOf(built.circuit.closed)).to.equal('CIRCUIT_PROTOCOL')
    await built.guard.when(({ closed }) => closed)
  }

  describe('carries streams', () => {
    it('4 MB down and 4 MB up at once, whole, with a SENDME for every 31 cells both ways', async () => {
      const length = 4_000_000
      const built = await rig.open()
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
      for (const stream of built.exit.streams.values()) expect(stream.flow).to.include({ sendmesReceived: 0, sendmesSent: 0 })
      await built.circuit.close()
    })

    for (const increment of [1, 7, 100, 254]) {
      it(`with an increment of ${increment}`, async () => {
        relay.congestionControl.increment = increment
        const built = await rig.open({ congestionControl: parametersWith(['cc_sendme_inc', increment], ['cc_cwnd_init', 300], ['cc_cwnd_min', 300]) })
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
      const built = await rig.open()
      relay.exit = source({ length: Infinity })
      const stream = built.circuit.connect('example.com:80')
      const reader = stream.readable.getReader()
      await stream.opened
      const [link] = (rig.network.relays[0] as TestRelay).links
      link?.memory.toRelay.stall()
      for (let bytes = 0; bytes < 4900 * 498; ) bytes += ((await reader.read()).value as Uint8Array).length
      link?.memory.toRelay.resume()
      for (let bytes = 0; bytes < 1_000_000; ) bytes += ((await reader.read()).value as Uint8Array).length
      await built.circuit.close()
    })
  })

  describe('whose SENDMEs do not come', () => {
    for (const count of [1, 5]) {
      it(`stops ${count} uploads after exactly the congestion window, and goes on when they do`, async () => {
        const built = await rig.open()
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
        await built.exit.when(({ streams: all }) => [...all.values()].reduce((sum, { bytesReceived }) => sum + bytesReceived, 0) === count * Math.floor(1_000_000 / count))
        expect(built.exit.violation).to.equal(undefined)
        await built.circuit.close()
      })
    }

    for (const sizes of [[1_000_000, 65_536], [16_384, 498], [300_000, 20_000, 3000]]) {
      it(`shares credit evenly among uploads that write ${sizes.join(' and ')} bytes at a time, the first being there before`, async () => {
        // A clock that stands still tells nothing: the window stays as it is, and each SENDME is credit for 31 cells.
        const built = await rig.open({ clock: new ManualClock() })
        relay.exit = sink()
        relay.withhold.circuitSendmes = true
        const [first, ...others] = sizes as [number, ...number[]]
        const start = (size: number): void => void new Upload(built.circuit.connect('example.com:80'), 10_000_000, size)
        start(first)
        await expectToStopAt(built, 124)
        others.forEach(start)
        await settled(built)
        for (let sendme = 0; sendme < 40; sendme++) {
          const before = built.exit.flow.dataReceived
          built.exit.releaseSendmes('circuit', 1)
          await built.exit.when(({ flow }) => flow.dataReceived === before + 31)
        }
        await settled(built)
        const shares = [...built.exit.streams.values()].map(({ dataReceived }, index) => (index === 0 ? dataReceived - 124 : dataReceived))
        const fair = (built.exit.flow.dataReceived - 124) / sizes.length
        // A share is some ten cells here: who writes a few at a time loses the odd one to the end of the turn.
        for (const share of shares) expect(share, shares.join()).to.be.within(0.85 * fair, 1.15 * fair)
        await built.circuit.close()
      })
    }

    it('begins with the window of its parameters', async () => {
      const built = await rig.open({ congestionControl: parametersWith(['cc_cwnd_init', 200]) })
      expect(built.circuit.windows.package).to.equal(200)
      relay.exit = sink()
      relay.withhold.circuitSendmes = true
      void new Upload(built.circuit.connect('example.com:80'), 500_000)
      await expectToStopAt(built, 200)
      await built.circuit.close()
    })

    it('lets messages that are no DATA through', async () => {
      const built = await rig.open()
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
    it('an upload by the exit\'s XOFF, and lets it go on by its XON', async () => {
      const built = await rig.open({ xonXoff: readXonXoffParameters(new Map([['cc_xoff_client', 100], ['cc_xoff_exit', 100]])) })
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

    it('a download that nobody reads by its own XOFF, and lets it go on by an XON', async () => {
      const length = 3_000_000
      const built = await rig.open()
      relay.exit = source({ length })
      const stream = built.circuit.connect('example.com:80')
      await built.exit.when((exit) => lastStream(exit)?.flow.xoffsReceived === 1)
      await settled(built)
      const { bytesSent, flow } = lastStream(built.exit)
      expect(bytesSent, 'the limit and what was on its way').to.be.within(500 * 488, 500 * 488 + 2 * 1000 * 498)
      expect(flow).to.include({ packageWindow: 0, xoffsReceived: 1 })
      expect(await expectPattern(stream)).to.equal(length)
      expect(flow.xonsReceived.length).to.be.at.least(1)
      expect(built.exit.violation).to.equal(undefined)
      await built.circuit.close()
    })

    it('a download sooner where the network says so', async () => {
      const built = await rig.open({ xonXoff: readXonXoffParameters(new Map([['cc_xoff_client', 50], ['cc_xoff_exit', 50]])) })
      relay.exit = source({ length: 3_000_000, chunkSize: 498 })
      const stream = built.circuit.connect('example.com:80')
      await built.exit.when((exit) => lastStream(exit)?.flow.xoffsReceived === 1)
      await settled(built)
      expect(lastStream(built.exit).bytesSent).to.be.within(50 * 488, 50 * 488 + 2 * 1000 * 498)
      expect(await expectPattern(stream)).to.equal(3_000_000)
      await built.circuit.close()
    })
  })

  it('leaves room for randomness in one of every 31 cells of a bulk upload', async () => {
    const built = await rig.open()
    relay.exit = sink()
    const upload = new Upload(built.circuit.connect('example.com:80'), 1_000_000)
    await upload.done
    await settled(built)
    const lengths = built.exit.messages.filter(({ command }) => command === DATA).map(({ length }) => length)
    let full = 0
    const runs: number[] = []
    for (const length of lengths) {
      if (length > 478) full += 1
      else {
        runs.push(full)
        full = 0
      }
    }
    expect(Math.max(full, ...runs)).to.be.at.most(30)
    expect(runs.filter((run) => run >= 15).length, 'no more short cells than need be').to.be.at.least(runs.length - 30)
    await built.circuit.close()
  })

  describe('closes when its exit', () => {
    const stalled = async (): Promise<Built> => {
      const built = await rig.open()
      relay.exit = sink()
      relay.withhold.circuitSendmes = true
      void new Upload(built.circuit.connect('example.com:80'), 500_000).done.catch(() => undefined)
      await expectToStopAt(built, 124)
      return built
    }

    it('sends a SENDME with a wrong tag', async () => {
      const built = await stalled()
      built.exit.send({ command: SENDME, body: encodeSendme(new Uint8Array(20)) })
      await expectViolation(built)
    })

    it('sends a SENDME without a tag', async () => {
      const built = await stalled()
      built.exit.send({ command: SENDME })
      await expectViolation(built)
    })

    it('sends SENDMEs in another order than they are due', async () => {
      const built = await stalled()
      built.exit.flow.withheld.reverse()
      built.exit.releaseSendmes('circuit', 1)
      await expectViolation(built)
    })

    it('sends a SENDME that no cell has earned', async () => {
      const built = await stalled()
      built.exit.releaseSendmes('circuit', 4)
      await settled(built)
      relay.withhold.circuitSendmes = false
      const fresh = await rig.open()
      fresh.exit.send({ command: SENDME, body: encodeSendme(new Uint8Array(20)) })
      await expectViolation(fresh)
      await built.circuit.close()
    })

    it('sends without end and reads nothing', async function () {
      this.timeout(30_000)
      const { network } = rig
      const circuit = Circuit.open(network.path(), { transport: network.transport })
      const stream = circuit.connect('example.com:80')
      await stream.opened
      const { exit, guard } = seenBy(network, circuit)
      const { toRelay } = guard.link.memory
      toRelay.stall()
      const streamId = lastStream(exit).id
      const closed = codeOf(circuit.closed)
      // Cells without bytes: what would fill the memory are the answers.
      while ((await stateOf(closed)) === 'pending') {
        for (let cell = 0; cell < 500; cell++) exit.send({ command: DATA, streamId })
        expect(exit.flow.dataSent).to.be.below(100_000)
      }
      expect(await closed).to.equal('CIRCUIT_PROTOCOL')
      expect(exit.flow.dataSent).to.be.above(40_000)
      toRelay.resume()
      await guard.when(({ link }) => link.closed)
    })

    for (const [name, command, body] of [
      ['a stream SENDME', SENDME, new Uint8Array(0)],
      ['a malformed XOFF', XOFF, Uint8Array.of(1)],
    ] as const) {
      it(`sends ${name}`, async () => {
        const built = await rig.open()
        const stream = built.circuit.connect('example.com:80')
        await stream.opened
        built.exit.send({ command, streamId: lastStream(built.exit).id, body })
        await expectViolation(built)
      })
    }
  })

  for (const [name, command, body] of [['XOFF', XOFF, encodeXoff()], ['XON', XON, encodeXon(100)]] as const) {
    it(`is not what a circuit with fixed windows is: ${name} closes that`, async () => {
      const built = await rig.open({ congestionControl: false })
      const stream = built.circuit.connect('example.com:80')
      await stream.opened
      built.exit.send({ command, streamId: lastStream(built.exit).id, body })
      await expectViolation(built)
    })
  }
})
