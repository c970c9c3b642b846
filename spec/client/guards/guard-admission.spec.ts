import { expect } from 'chai'
import { admit, judgeFailure } from '../../../lib/client/guards/guard-admission.ts'
import type { GuardManager, GuardPick, GuardVerdict } from '../../../lib/client/guards/guards.ts'
import { TorError, type ErrorCode } from '../../../lib/base/errors.ts'
import { codeOf } from '../../stream/support/stream-fixture.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'

describe('judgeFailure', () => {
  const judge = (error: unknown, hops: number, isShared: boolean): string => {
    const { blamed, linkIsDead } = judgeFailure(error, hops, isShared)
    return `${blamed ? 'the guard' : 'nobody'}${linkIsDead ? ', another link' : ''}`
  }

  /** By what befell a circuit at its first hop: who is to blame, over a link that takes circuits, and one that takes no more. */
  const table: Partial<Record<ErrorCode, readonly [string, string]>> = {
    CIRCUIT_DESTROYED: ['nobody', 'nobody'],
    CIRCUIT_CLOSED: ['nobody', 'nobody'],
    LINK_FORBIDDEN: ['nobody', 'nobody'],
    ABORTED: ['nobody', 'nobody'],
  }
  for (const code of ['CIRCUIT_TIMEOUT', 'CIRCUIT_HANDSHAKE', 'CIRCUIT_PROTOCOL'] as const)
    table[code] = ['the guard, another link', 'nobody, another link']
  for (const code of [
    'LINK_UNREACHABLE',
    'LINK_TIMEOUT',
    'LINK_IDENTITY',
    'LINK_CERTS',
    'LINK_PROTOCOL',
    'LINK_CLOSED',
  ] as const)
    table[code] = ['the guard, another link', 'the guard, another link']
  for (const [code, [shared, retired]] of Object.entries(table) as [ErrorCode, readonly [string, string]][]) {
    it(`blames for ${code} at the first hop: ${[...new Set([shared, retired])].join('; or, on a link that is given up, ')}`, () => {
      const error = new TorError(code, 'failed')
      expect([judge(error, 0, true), judge(error, 0, false)]).to.deep.equal([shared, retired])
      for (const hops of [1, 2])
        for (const isShared of [true, false]) expect(judge(error, hops, isShared)).to.equal('nobody')
    })
  }

  it('blames nobody for what is no failure of the network', () => {
    expect(judge(new RangeError('surprise'), 0, true)).to.equal('nobody')
  })
})

describe('admit', () => {
  /** Guards that say one thing after the other, the last for good. */
  function admitting(...verdicts: GuardVerdict[]): {
    clock: FakeClock
    admitted: Promise<void>
    closing: AbortController
    asked: () => number
    tried: () => number
  } {
    const clock = new FakeClock()
    const closing = new AbortController()
    let asked = 0
    let tried = 0
    const next = (): GuardVerdict => verdicts[Math.min(asked++, verdicts.length - 1)] as GuardVerdict
    const guards = { succeeded: next, verdict: next } as unknown as GuardManager
    const admitted = admit(guards, {} as GuardPick, clock, closing.signal, () => (tried += 1))
    admitted.catch(() => undefined) // looked at below
    return { clock, admitted, closing, asked: () => asked, tried: () => tried }
  }

  it('lets a circuit pass at once where the guards say so', async () => {
    const { admitted, clock, tried } = admitting('use')
    await admitted
    expect([clock.timers, tried()]).to.deep.equal([0, 0])
  })

  it('lets none pass whose guard is not to be used', async () => {
    expect(await codeOf(admitting('discard').admitted)).to.equal('CIRCUIT_CLOSED')
  })

  it('waits for better guards, has one tried, and asks again', async () => {
    for (const outcome of ['use', 'discard'] as const) {
      const { admitted, clock, asked, tried } = admitting('wait', 'wait', outcome)
      for (const expected of [1, 2, 3]) {
        await turn()
        expect(asked()).to.equal(expected)
        clock.advance(1000)
      }
      expect(tried()).to.equal(1)
      if (outcome === 'use') await admitted
      else expect(await codeOf(admitted)).to.equal('CIRCUIT_CLOSED')
      expect(clock.timers).to.equal(0)
    }
  })

  it('does not wait forever', async () => {
    const { admitted, clock } = admitting('wait')
    let done = false
    void admitted.then(() => (done = true))
    for (let second = 0; second < 15; second++) {
      expect(done).to.equal(false)
      await turn()
      clock.advance(1000)
    }
    await admitted
    expect(clock.timers).to.equal(0)
  })

  it('is given up when the client is closed', async () => {
    const { admitted, clock, closing } = admitting('wait')
    await turn()
    closing.abort()
    expect(await codeOf(admitted)).to.equal('ABORTED')
    expect(clock.timers).to.equal(0)
  })
})
