import { expect } from 'chai'
import { TorError } from '../../../../lib/base/errors.ts'
import { BuildTimes } from '../../../../lib/client/circuits/build-times/build-times.ts'
import { TimedBuild } from '../../../../lib/client/circuits/build-times/timed-build.ts'
import type { DirectoryRelay } from '../../../../lib/directory/network-directory.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { SimulatedCircuit } from './simulation/simulated-circuit.ts'

const PATH = ['guard', 'middle', 'exit'].map((fingerprint) => ({ fingerprint }) as unknown as DirectoryRelay)

/** Settles everything that is due. */
const settle = async (): Promise<void> => {
  for (let count = 0; count < 20; count++) await Promise.resolve()
}

class Builds {
  readonly clock = new FakeClock()
  lastLive = this.clock.now()
  readonly times = new BuildTimes({
    param: (_, fallback) => fallback,
    now: () => this.clock.now(),
    lastLive: () => this.lastLive,
    random: seededRandom(1),
    changed: () => undefined,
  })

  /** Enough is known: a circuit takes 500 ms or somewhat more. */
  learn(): this {
    for (let count = 0; count < 100; count++) this.times.completed(500 + (count % 10) * 10, false)
    return this
  }

  /** A circuit whose hops answer so long after one another. */
  begin(answers: readonly number[]): {
    circuit: SimulatedCircuit
    build: TimedBuild
    failure: () => unknown
  } {
    const circuit = new SimulatedCircuit(PATH)
    const build = new TimedBuild(circuit.asCircuit, this.times, this.clock)
    let failure: unknown
    circuit.opened.catch((error: unknown) => (failure = error))
    circuit.begin(this.clock, answers, () => (this.lastLive = this.clock.now()))
    return { circuit, build, failure: () => failure }
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    await settle()
  }

  get abandoned(): number {
    return (JSON.parse(this.times.save()) as { abandoned: number }).abandoned
  }
}

describe('A circuit that is being built', () => {
  it('is measured from its first cell to its third hop', async () => {
    const builds = new Builds()
    builds.begin([100, 200, 300])
    await builds.pass(600)
    expect(builds.times.save()).to.include('[605,1]')
    expect([builds.times.hasOpen, builds.clock.timers]).to.deep.equal([true, 0])
  })

  it('that is late while another is open is not used, and measured to its end', async () => {
    const builds = new Builds().learn()
    builds.begin([1, 1, 1])
    await builds.pass(3)
    const { circuit, build } = builds.begin([100, 200, 30_000])
    await builds.pass(1000)
    expect([build.isLate, circuit.isOver]).to.deep.equal([true, false])
    expect(await build.late.catch((error: TorError) => error.code)).to.equal('CIRCUIT_TIMEOUT')
    expect(builds.clock.awaited, 'nobody waits for it').to.equal(1) // its own script
    await builds.pass(30_000)
    expect(builds.times.save()).to.include('[30305,1]')
    expect(builds.clock.timers).to.equal(0)
  })

  it('that is late and never comes is given up after the close timeout, and counts as abandoned', async () => {
    const builds = new Builds().learn()
    builds.begin([1, 1, 1])
    await builds.pass(3)
    const { circuit, failure } = builds.begin([100, 200, Infinity])
    await builds.pass(59_999)
    expect([circuit.isOver, builds.abandoned]).to.deep.equal([false, 0])
    await builds.pass(2)
    expect(failure()).to.include({ code: 'CIRCUIT_TIMEOUT' })
    expect([builds.abandoned, builds.clock.timers]).to.deep.equal([1, 0])
  })

  it('that is late while none is open is still waited for, and used', async () => {
    const builds = new Builds().learn()
    const { build, circuit } = builds.begin([100, 200, 20_000])
    await builds.pass(20_300)
    expect([build.isLate, circuit.flowControl, builds.times.hasOpen]).to.deep.equal([false, 'windows', true])
  })

  it('that is waited for while none is open is late as soon as another one is', async () => {
    const builds = new Builds().learn()
    const { build } = builds.begin([100, 200, 20_000])
    await builds.pass(10_000)
    expect(build.isLate).to.equal(false)
    builds.begin([1, 1, 1])
    await builds.pass(3)
    await builds.pass(1000)
    expect(build.isLate).to.equal(true)
  })

  it('is given up after a minute while little is known, and tells nothing', async () => {
    const builds = new Builds()
    const { failure } = builds.begin([100, 200, Infinity])
    await builds.pass(59_999)
    expect(failure()).to.equal(undefined)
    await builds.pass(2)
    expect(failure()).to.include({ code: 'CIRCUIT_TIMEOUT' })
    expect([builds.times.count, builds.clock.timers]).to.deep.equal([0, 0])
  })

  it('whose first relay does not answer is there for a minute, as every other: late first, where more is known and another is open', async () => {
    for (const [known, open] of [
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ] as const) {
      for (const isHeard of [false, true]) {
        const builds = new Builds()
        if (known) builds.learn()
        if (open) builds.begin([1, 1, 1])
        await builds.pass(3)
        const { build, failure } = builds.begin([Infinity, 1, 1])
        if (isHeard) builds.lastLive = builds.clock.now() + 1
        const isLateEarly = known && open
        await builds.pass(1000)
        expect(build.isLate).to.equal(isLateEarly)
        await builds.pass(58_999)
        expect(failure()).to.equal(undefined)
        await builds.pass(2)
        expect(failure()).to.include({ code: 'CIRCUIT_TIMEOUT' })
        expect(builds.clock.timers).to.equal(0)
      }
    }
  })

  it('whose first relay answers after all is measured to its end', async () => {
    const builds = new Builds().learn()
    builds.begin([1, 1, 1])
    await builds.pass(3)
    const { circuit } = builds.begin([20_000, 100, 100])
    await builds.pass(20_200)
    expect([circuit.hops, circuit.isOver]).to.deep.equal([3, false])
    expect(builds.times.save()).to.include('[20205,1]')
    expect(builds.clock.timers).to.equal(0)
  })

  it('leaves no timer behind when it fails, at any time', async () => {
    for (const at of [0, 50, 250, 900, 30_000]) {
      const builds = new Builds().learn()
      const { circuit } = builds.begin([100, 200, 40_000])
      await builds.pass(at)
      circuit.fail(new TorError('CIRCUIT_DESTROYED', 'a relay closed the circuit'))
      await settle()
      expect(builds.clock.timers, `${at} ms`).to.equal(0)
    }
  })

  it('that is closed before its first cell leaves no timer behind', async () => {
    const builds = new Builds()
    const circuit = new SimulatedCircuit(PATH)
    expect(new TimedBuild(circuit.asCircuit, builds.times, builds.clock).isLate).to.equal(false)
    await circuit.close()
    await settle()
    circuit.begin(builds.clock, [])
    expect(builds.clock.timers).to.equal(0)
  })

  it('has all the time there is while its link is being dialled', async () => {
    const builds = new Builds().learn()
    const circuit = new SimulatedCircuit(PATH)
    const build = new TimedBuild(circuit.asCircuit, builds.times, builds.clock)
    await builds.pass(9000)
    circuit.begin(builds.clock, [100, 100, 100])
    await builds.pass(300)
    expect([build.isLate, builds.times.save().includes('[305,1]')]).to.deep.equal([false, true])
  })

  it('tells nothing when the machine slept meanwhile', async () => {
    const builds = new Builds().learn()
    builds.begin([1, 1, 1])
    await builds.pass(3)
    builds.begin([100, 200, Infinity])
    const { now } = builds.clock
    await builds.pass(1000)
    builds.clock.now = () => now.call(builds.clock) + 8 * 3_600_000
    await builds.pass(60_000)
    expect(builds.abandoned).to.equal(0)
    expect(builds.clock.timers).to.equal(0)
  })
})
