import { expect } from 'chai'
import { TorError, type ErrorCode } from '../../../lib/base/errors.ts'
import { tryOften, type BuildAttempts } from '../../../lib/client/circuits/build-attempts.ts'
import { codeOf } from '../../stream/support/stream-fixture.ts'

/** Tries whose waits take no time but on a clock of their own. */
class Tries {
  time = 0
  /** When each was begun, in ms. */
  readonly begunAt: number[] = []
  readonly failures: ErrorCode[] = []

  /**
   * @param outcome - what try number `n` (from 0) comes to: a code, or nothing where it succeeds
   * @param takes - how long each takes, in ms
   */
  run(
    outcome: (n: number) => ErrorCode | undefined,
    { takes = 0, ...options }: Partial<BuildAttempts<string>> & { takes?: number } = {},
  ): Promise<string> {
    return tryOften({
      attempt: async () => {
        const code = outcome(this.begunAt.push(this.time) - 1)
        this.time += takes
        if (code !== undefined) throw new TorError(code, 'it was not built')
        return 'a circuit'
      },
      pause: async (delay) => void (this.time += delay),
      failed: ({ code }) => void this.failures.push(code),
      clock: { now: () => this.time, after: () => () => undefined },
      ...options,
    })
  }
}

describe('tryOften', () => {
  it('tries further and further apart where circuits fail, and ends with the failure of the eighth', async () => {
    const tries = new Tries()
    expect(await codeOf(tries.run(() => 'CIRCUIT_DESTROYED'))).to.equal('CIRCUIT_DESTROYED')
    expect(tries.begunAt).to.deep.equal([0, 0, 250, 750, 1750, 3750, 7750, 15_750])
    expect(tries.failures).to.have.length(8)
  })

  it('gives the circuit of the first try that succeeds', async () => {
    const tries = new Tries()
    expect(await tries.run((n) => (n < 3 ? 'CIRCUIT_DESTROYED' : undefined))).to.equal('a circuit')
    expect(tries.begunAt).to.have.length(4)
  })

  for (const code of ['NO_PATH', 'ABORTED', 'LINK_FORBIDDEN', 'CLIENT_OBSOLETE'] as const) {
    it(`does not try again after ${code}, which no other try can mend`, async () => {
      const tries = new Tries()
      expect(await codeOf(tries.run(() => code))).to.equal(code)
      expect(tries.begunAt).to.deep.equal([0])
      expect(tries.failures).to.deep.equal([])
    })
  }

  it('goes on for two minutes where circuits are only too late, however many', async () => {
    const tries = new Tries()
    expect(await codeOf(tries.run(() => 'CIRCUIT_TIMEOUT', { takes: 1000 }))).to.equal('CIRCUIT_TIMEOUT')
    expect(tries.begunAt.at(-1)).to.be.within(120_000, 140_000)
    expect(tries.begunAt.length).to.be.above(8)
  })

  it('goes on as long as the circuit is wanted, where its caller says so', async () => {
    const tries = new Tries()
    const pause = async (delay: number): Promise<void> => {
      tries.time += delay
      if (tries.time > 3_600_000) throw new TorError('ABORTED', 'nobody wants it')
    }
    const tried = tries.run(() => 'CIRCUIT_TIMEOUT', { takes: 60_000, patience: Infinity, pause })
    expect(await codeOf(tried)).to.equal('ABORTED')
    expect(tries.begunAt.at(-1)).to.be.above(3_400_000)
  })

  it('counts what failed and what was too late apart', async () => {
    const tries = new Tries()
    const outcome = (n: number): ErrorCode => (n % 2 === 0 ? 'CIRCUIT_TIMEOUT' : 'CIRCUIT_DESTROYED')
    expect(await codeOf(tries.run(outcome))).to.equal('CIRCUIT_DESTROYED')
    expect(tries.begunAt).to.have.length(16)
  })
})
