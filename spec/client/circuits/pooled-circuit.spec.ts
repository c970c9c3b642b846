import { expect } from 'chai'
import { PooledCircuit } from '../../../lib/client/circuits/pooled-circuit.ts'
import { LearnedPolicies } from '../../../lib/client/paths/learned-policies.ts'
import type { DirectoryRelay } from '../../../lib/directory/network-directory.ts'
import { SimulatedCircuit } from './build-times/simulation/simulated-circuit.ts'

const MINUTE = 60_000

describe('A circuit of the pool', () => {
  const view = Symbol('view')
  let time: number

  const relay = { fingerprint: 'exit', flags: 0, exitPolicy: { allows: () => true } } as unknown as DirectoryRelay
  const circuitOf = (): PooledCircuit => {
    const { asCircuit: circuit, opened } = new SimulatedCircuit([relay])
    const begun = { circuit, ready: opened, settled: opened, isLate: () => false }
    const owner = {
      learned: new LearnedPolicies(() => time),
      silent: () => undefined,
      retired: () => undefined,
      now: () => time,
    }
    const use = { requirements: { ports: [443] }, begunAt: time, idleTime: MINUTE }
    return new PooledCircuit(begun, [relay], use, owner)
  }
  const use = (circuit: PooledCircuit, token: string | undefined): void => {
    circuit.claim({ ports: [443], isolation: { view, token } }, time)
    circuit.use()
  }
  const takes = (circuit: PooledCircuit, token: string | undefined): boolean =>
    circuit.suits({ ports: [443], isolation: { view, token } }, time)

  beforeEach(() => {
    time = 1_000_000
  })

  it('takes streams for ten minutes from the first one on, whatever comes after that', () => {
    const circuit = circuitOf()
    use(circuit, undefined)
    time += 9 * MINUTE
    use(circuit, undefined)
    circuit.released()
    time += MINUTE - 1
    expect(takes(circuit, undefined)).to.equal(true)
    time += 1
    expect([takes(circuit, undefined), circuit.isDone(time)]).to.deep.equal([false, false])
    circuit.released()
    expect(circuit.isDone(time)).to.equal(true)
  })

  it('with a token of the caller takes them for ten minutes from the last one that began or ended', () => {
    const circuit = circuitOf()
    for (let round = 0; round < 10; round++) {
      use(circuit, 'session')
      time += 9 * MINUTE
      expect(takes(circuit, 'session'), `after ${round} rounds`).to.equal(true)
    }
    time += 2 * MINUTE
    expect(takes(circuit, 'session'), 'eleven minutes after the last began').to.equal(false)
    circuit.released()
    expect(takes(circuit, 'session'), 'when one has ended').to.equal(true)
    time += 10 * MINUTE
    expect(takes(circuit, 'session')).to.equal(false)
    expect(takes(circuit, undefined)).to.equal(false)
  })

  it("is anybody's again when the stream that waited for it has gone elsewhere, with a token too", () => {
    for (const token of [undefined, 'session']) {
      const circuit = circuitOf()
      circuit.claim({ ports: [443], isolation: { view, token } }, time)
      expect([circuit.clean, circuit.isReadyFor(443, time)]).to.deep.equal([false, false])
      circuit.waive()
      expect([circuit.clean, circuit.isReadyFor(443, time)]).to.deep.equal([true, true])
      expect(takes(circuit, 'other')).to.equal(true)
    }
  })

  it('takes none once it was found wanting, though a stream with a token ends', () => {
    const circuit = circuitOf()
    use(circuit, 'session')
    circuit.failed('circuit', { ports: [443] })
    circuit.released()
    expect([takes(circuit, 'session'), circuit.isDone(time)]).to.deep.equal([false, true])
  })
})
