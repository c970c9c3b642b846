import { expect } from 'chai'
import { Circuit } from '../../lib/circuit/circuit.ts'
import { echo, sink, source } from '../../lib/testing/exit/exits.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { CircuitFixture, settled } from './support/circuit-fixture.ts'
import { expectPattern, Upload } from './support/transfer.ts'

describe('The circuitWindow of a circuit', () => {
  let fixture: CircuitFixture
  let relay: TestRelay
  before(async () => {
    fixture = await CircuitFixture.start({ congestionControl: true })
    relay = fixture.network.relays[2] as TestRelay
  })
  after(() => fixture.close())
  afterEach(() => {
    relay.withhold.circuitSendmes = false
    relay.circuitWindow = 1000
    relay.exit = echo()
  })

  for (const circuitWindow of [100, 101, 250, 500, 999, 1000]) {
    it(`of ${circuitWindow} lets so many cells leave before a SENDME, and 100 more for each, and no window of the relay is overrun`, async () => {
      relay.exit = sink()
      relay.circuitWindow = circuitWindow
      relay.withhold.circuitSendmes = true
      const built = await fixture.open({ congestionControl: false, circuitWindow })
      expect(built.circuit.windows.package).to.equal(circuitWindow)
      // The windows of the streams, 500 cells each, hold none of them back.
      const streams = [1, 2, 3].map(() => built.circuit.connect('example.com:80'))
      const uploads = streams.map((stream) => new Upload(stream, 400_000))
      let due = 0
      for (let cells = circuitWindow; cells <= circuitWindow + 500; cells += 100) {
        await built.exit.when(({ flow, violation }) => flow.dataReceived >= cells || violation !== undefined)
        await settled(built)
        expect(built.exit.flow.dataReceived).to.equal(cells)
        expect(built.circuit.windows.package).to.equal(0)
        built.exit.releaseSendmes('circuit', 1)
        due++
      }
      expect(built.exit.flow.sendmesSent).to.equal(due)

      relay.withhold.circuitSendmes = false
      built.exit.releaseSendmes('circuit', built.exit.withheld.circuit)
      await Promise.all(uploads.map(({ done }) => done))
      for (const stream of streams) await stream.close()
      await settled(built)
      expect([...built.exit.streams.values()].map(({ bytesReceived }) => bytesReceived)).to.deep.equal(
        uploads.map(() => 400_000),
      )
      expect(built.exit.violation).to.equal(undefined)
      await built.circuit.close()
    })
  }

  it('is 1000 when it is not given', async () => {
    const built = await fixture.open({ congestionControl: false })
    expect(built.circuit.windows.package).to.equal(1000)
    await built.circuit.close()
  })

  it('leaves what may arrive at 1000 cells, as a relay may go by another consensus', async () => {
    relay.exit = source({ length: 600_000 })
    const built = await fixture.open({ congestionControl: false, circuitWindow: 100 })
    expect(built.circuit.windows.deliver).to.equal(1000)
    expect(await expectPattern(built.circuit.connect('example.com:80'))).to.equal(600_000)
    await settled(built)
    const { dataSent, sendmesReceived } = built.exit.flow
    expect(sendmesReceived).to.equal(Math.floor(dataSent / 100))
    await built.circuit.close()
  })

  it('goes with relays whose own window is as small', async () => {
    relay.exit = source({ length: 600_000 })
    relay.circuitWindow = 100
    const built = await fixture.open({ congestionControl: false, circuitWindow: 100 })
    expect(await expectPattern(built.circuit.connect('example.com:80'))).to.equal(600_000)
    await built.circuit.close()
  })

  it('makes no difference under congestion control', async () => {
    const built = await fixture.open({ circuitWindow: 100 })
    expect(built.circuit.flowControl).to.equal('congestion-control')
    expect(built.circuit.windows).to.deep.equal({ package: 124, deliver: 1000 })
    await built.circuit.close()
  })

  it('holds for a circuit to a directory, which has fixed windows', async () => {
    const [server] = fixture.network.path(1)
    const circuit = Circuit.openToDirectory(server as never, { channel: fixture.channel, circuitWindow: 200 })
    await circuit.opened
    expect(circuit.windows.package).to.equal(200)
    await circuit.close()
  })

  for (const [value, error] of [
    [99, RangeError],
    [1001, RangeError],
    [0, RangeError],
    [-100, RangeError],
    [150.5, RangeError],
    [NaN, RangeError],
    [Infinity, RangeError],
    ['500', RangeError],
    [null, RangeError],
  ] as const) {
    it(`is refused when it is ${typeof value} ${String(value)}, before anything is sent`, () => {
      const before = fixture.network.circuits.length
      const options = { channel: fixture.channel, circuitWindow: value as number }
      expect(() => Circuit.open(fixture.network.path(3), options)).to.throw(error, 'option circuitWindow')
      expect(() => Circuit.openToDirectory(fixture.network.path(1)[0] as never, options)).to.throw(
        error,
        'option circuitWindow',
      )
      expect(fixture.network.circuits).to.have.length(before)
    })
  }
})
