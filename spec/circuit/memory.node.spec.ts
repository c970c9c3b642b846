import { expect } from 'chai'
import { sink, source } from '../../lib/testing/exits.ts'
import type { TestRelay } from '../../lib/testing/test-relay.ts'
import { Rig, settled, stateOf } from './support/rig.ts'
import { expectPattern, lastStream, Upload } from './support/transfer.ts'

const MB = 1_000_000

/** What this process holds, once all that can be collected is. */
async function memory(): Promise<{ readonly rss: number; readonly held: number }> {
  const { gc } = globalThis as { gc?: () => void }
  if (gc === undefined) throw new Error('Node must be started with --expose-gc')
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setImmediate(resolve)) // finalizers run between turns
    gc()
  }
  const { rss, heapUsed, external } = process.memoryUsage()
  return { rss, held: heapUsed + external }
}

describe('The memory of a process', () => {
  let rig: Rig
  let relay: TestRelay
  before(async () => {
    rig = await Rig.start()
    relay = rig.network.relays[2] as TestRelay
    // What is loaded, compiled and pooled once shall not count.
    relay.exit = sink()
    const { circuit } = await rig.open()
    const stream = circuit.connect('example.com:80')
    await new Upload(stream, 10 * MB).done
    await circuit.close()
  })
  after(() => rig.close())
  afterEach(() => {
    Object.assign(relay.withhold, { streamSendmes: false, circuitSendmes: false })
  })

  for (const [kind, cells] of [['stream', 500], ['circuit', 1000]] as const) {
    it(`grows by less than 16 MB by an upload of 50 MB that waits for SENDMEs of the ${kind}, which comes through whole in the end`, async function () {
      this.timeout(60_000)
      const received = sink()
      relay.exit = received
      const built = await rig.open()
      relay.withhold[`${kind}Sendmes`] = true
      const stream = built.circuit.connect('example.com:80')
      await stream.opened
      const before = await memory()

      const upload = new Upload(stream, 50 * MB)
      await built.exit.when(({ flow }) => flow.dataReceived >= cells)
      await settled(built)
      expect(built.exit.flow.dataReceived).to.equal(cells)
      expect(upload.writer.desiredSize).to.be.at.most(0)
      expect(await stateOf(upload.writer.ready)).to.equal('pending')
      const stalled = await memory()
    expect(stalled.held - before.held, 'bytes held').to.be.lessThan(16 * MB)
      expect(stalled.rss - before.rss, 'bytes resident').to.be.lessThan(16 * MB)

      relay.withhold[`${kind}Sendmes`] = false
      built.exit.releaseSendmes(kind, built.exit.withheld[kind])
      await upload.done
      await stream.close()
      await built.exit.when(() => received.ended === 1)
      expect(received.bytes).to.equal(50 * MB)
      expect((await memory()).held - before.held, 'bytes held after 50 MB').to.be.lessThan(16 * MB)
      await built.circuit.close()
    })
  }

  it('grows by less than 16 MB by a download of 50 MB that nobody reads, and by reading it then', async function () {
    this.timeout(60_000)
    const built = await rig.open()
    relay.exit = source({ length: 50 * MB })
    const before = await memory()
    const stream = built.circuit.connect('example.com:80')
    await built.exit.when((exit) => lastStream(exit)?.dataSent >= 500)
    await settled(built)
    expect(lastStream(built.exit).dataSent).to.equal(500)
    const stalled = await memory()
    expect(stalled.held - before.held, 'bytes held').to.be.lessThan(16 * MB)
    expect(stalled.rss - before.rss, 'bytes resident').to.be.lessThan(16 * MB)
    expect(await expectPattern(stream)).to.equal(50 * MB)
    expect((await memory()).held - before.held, 'bytes held after 50 MB').to.be.lessThan(16 * MB)
    await built.circuit.close()
  })
})
