import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { CircuitController } from '../../lib/circuit/circuit-controller.ts'
import type { Hop } from '../../lib/circuit/hop.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../../lib/circuit/onion/hop-crypto.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import { echo, sink, source } from '../../lib/testing/exit/exits.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { flowControls } from '../support/flow-controls.ts'
import { expectToEcho, CircuitFixture, settled, stateOf } from './support/circuit-fixture.ts'
import { codeOf } from '../support/failures.ts'
import { settledMemory, type Memory } from '../support/memory.ts'
import { expectPattern, lastStream, Upload } from './support/transfer.ts'

const MB = 1_000_000

/**
 * What this process holds beyond `before`, at the latest after a hundred collections: the allocator gives pages back when
 * it likes, and what is resident falls with a delay.
 */
async function growth(before: Memory): Promise<Memory> {
  let now = await settledMemory()
  for (let round = 0; round < 100 && now.rss - before.rss >= 16 * MB; round++) now = await settledMemory()
  return { rss: now.rss - before.rss, held: now.held - before.held }
}

for (const { kind, window } of flowControls) {
  describe(`The memory of a process (${kind})`, () => {
    let fixture: CircuitFixture
    let relay: TestRelay
    before(async () => {
      fixture = await CircuitFixture.under(kind)
      relay = fixture.network.relays[2] as TestRelay
      // What is loaded, compiled and pooled once shall not count.
      relay.exit = sink()
      const { circuit } = await fixture.open()
      const stream = circuit.connect('example.com:80')
      await new Upload(stream, 10 * MB).done
      await circuit.close()
    })
    after(() => fixture.close())
    afterEach(() => {
      Object.assign(relay.withhold, { streamSendmes: false, circuitSendmes: false })
    })

    const sendmes = [['circuit', window], ...(kind === 'windows' ? ([['stream', 500]] as const) : [])] as const
    for (const [whose, cells] of sendmes) {
      it(`grows by less than 16 MB by an upload of 50 MB that waits for SENDMEs of the ${whose}, which comes through whole in the end`, async function () {
        const received = sink()
        relay.exit = received
        const built = await fixture.open()
        relay.withhold[`${whose}Sendmes`] = true
        const stream = built.circuit.connect('example.com:80')
        await stream.opened
        const before = await settledMemory()

        const upload = new Upload(stream, 50 * MB)
        await built.exit.when(({ flow }) => flow.dataReceived >= cells)
        await settled(built)
        expect(built.exit.flow.dataReceived).to.equal(cells)
        expect(upload.writer.desiredSize).to.be.at.most(0)
        expect(await stateOf(upload.writer.ready)).to.equal('pending')
        const stalled = await growth(before)
        expect(stalled.held, 'bytes held').to.be.lessThan(16 * MB)
        expect(stalled.rss, 'bytes resident').to.be.lessThan(16 * MB)

        relay.withhold[`${whose}Sendmes`] = false
        built.exit.releaseSendmes(whose, built.exit.withheld[whose])
        await upload.done
        await stream.close()
        await built.exit.when(() => received.ended === 1)
        expect(received.bytes).to.equal(50 * MB)
        expect((await settledMemory()).held - before.held, 'bytes held after 50 MB').to.be.lessThan(16 * MB)
        await built.circuit.close()
      })
    }

    it('grows by less than 16 MB by a download of 50 MB that nobody reads, and by reading it then', async function () {
      const built = await fixture.open()
      relay.exit = source({ length: 50 * MB })
      const before = await settledMemory()
      const stream = built.circuit.connect('example.com:80')
      await built.exit.when((exit) => lastStream(exit)?.flow.packageWindow === 0)
      await settled(built)
      expect(lastStream(built.exit).dataSent).to.be.within(490, kind === 'windows' ? 500 : 490 + 2000)
      const stalled = await growth(before)
      expect(stalled.held, 'bytes held').to.be.lessThan(16 * MB)
      expect(stalled.rss, 'bytes resident').to.be.lessThan(16 * MB)
      expect(await expectPattern(stream)).to.equal(50 * MB)
      expect((await settledMemory()).held - before.held, 'bytes held after 50 MB').to.be.lessThan(16 * MB)
      await built.circuit.close()
    })
  })
}

describe('The memory of a process whose relay does not stop at an XOFF', () => {
  /** What a stream may hold by default (`receiveBufferLimit`). */
  const LIMIT = 8_388_608
  let fixture: CircuitFixture
  let relay: TestRelay
  before(async () => {
    fixture = await CircuitFixture.start({ congestionControl: true })
    relay = fixture.network.relays[2] as TestRelay
    relay.onMessage = (_circuit, { command }) => (command === RelayCommand.XOFF ? 'ignore' : 'handle')
    await flood()
  })
  after(() => fixture.close())

  /** Lets the exit flood a stream that nobody reads, until it fails; another stream of the circuit goes on. */
  async function flood(): Promise<void> {
    const built = await fixture.open()
    relay.exit = echo()
    const other = built.circuit.connect('example.com:80')
    await expectToEcho(other)
    relay.exit = source({ length: Infinity })
    const stream = built.circuit.connect('example.com:80')
    expect(await codeOf(stream.closed)).to.equal('RECEIVE_BUFFER_FULL')
    expect(lastStream(built.exit).bytesSent).to.be.above(LIMIT)
    expect(await codeOf(stream.readable.getReader().read())).to.equal('RECEIVE_BUFFER_FULL')
    await built.exit.when((exit) => lastStream(exit).endReceived !== undefined)
    await settled(built)
    await expectToEcho(other)
    expect(built.exit.messages.filter(({ command }) => command === RelayCommand.XOFF)).to.have.length(1)
    await built.circuit.close()
  }

  it('holds no more than the limit and what carries it, and the stream is whole if it is read in time', async function () {
    const built = await fixture.open()
    const length = LIMIT - 1
    relay.exit = source({ length })
    const before = await settledMemory()
    const stream = built.circuit.connect('example.com:80')
    await built.exit.when((exit) => lastStream(exit)?.endSent !== undefined)
    await settled(built)
    const full = await settledMemory()
    expect(full.held - before.held, 'bytes held').to.be.within(LIMIT - MB, LIMIT + 4 * MB)
    expect(await expectPattern(stream)).to.equal(length)
    expect((await settledMemory()).held - before.held, 'bytes held after it was read').to.be.lessThan(4 * MB)
    await built.circuit.close()
  })

  it('lets go of what it held when the stream has failed, flood after flood, and the circuit goes on', async function () {
    const before = await settledMemory()
    for (let round = 0; round < 5; round++) await flood()
    const after = await settledMemory()
    expect(after.held - before.held, 'bytes held').to.be.lessThan(4 * MB)
  })
})

describe('The memory of circuits that are open and idle', () => {
  /** A circuit of three hops to nowhere, over which something was sent if `used`. */
  function idleCircuit(used: boolean): CircuitController {
    const port = {
      circuitId: 0x8000_0001,
      room: 500,
      taken: 0,
      sendRelay: () => undefined,
      sendCell: () => undefined,
      release: () => undefined,
    }
    const circuit = new CircuitController()
    circuit.join(port)
    for (let hop = 0; hop < 3; hop++)
      circuit.addHop(new HopCrypto(crypto.getRandomValues(new Uint8Array(HOP_KEY_SIZE)), currentPlatform()))
    circuit.open()
    if (used) circuit.sendmeDue(circuit.hops[2] as Hop, new Uint8Array(20))
    return circuit
  }

  for (const used of [false, true]) {
    it(`is less than 16 kB of buffers and 32 kB in all for each, ${used ? 'used before' : 'never used'}`, async () => {
      const kept = Array.from({ length: 20 }, () => idleCircuit(used))
      const before = await settledMemory()
      const buffers = process.memoryUsage().arrayBuffers
      kept.push(...Array.from({ length: 200 }, () => idleCircuit(used)))
      const after = await settledMemory()
      expect((process.memoryUsage().arrayBuffers - buffers) / 200, 'buffers').to.be.lessThan(16_000)
      expect((after.held - before.held) / 200, 'held').to.be.lessThan(32_000)
      expect(kept).to.have.length(220)
    })
  }
})
