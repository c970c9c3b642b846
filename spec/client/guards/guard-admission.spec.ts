import { expect } from 'chai'
import { admit, judgeFailure } from '../../../lib/client/guards/guard-admission.ts'
import type { GuardManager, GuardPick, GuardVerdict } from '../../../lib/client/guards/guards.ts'
import { TorError, type ErrorCode } from '../../../lib/base/errors.ts'
import { codeOf } from '../../stream/support/stream-fixture.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'

describe('judgeFailure', () => {
  const judge = (code: ErrorCode, hops: number, dialled: boolean): string => {
    const { blamed, linkIsDead } = judgeFailure(new TorError(code, 'failed'), hops, dialled)
    return `${blamed ? 'the guard' : 'nobody'}${linkIsDead ? ', another link' : ''}`
  }

  const table: readonly (readonly [code: ErrorCode, dialled: string, shared: string])[] = [
    ['LINK_UNREACHABLE', 'the guard', 'the guard'],
    ['LINK_FORBIDDEN', 'nobody', 'nobody'],
    ['LINK_TIMEOUT', 'the guard', 'the guard'],
    ['LINK_IDENTITY', 'the guard', 'the guard'],
    ['LINK_CERTS', 'the guard', 'the guard'],
    ['LINK_PROTOCOL', 'the guard', 'the guard'],
    ['CIRCUIT_HANDSHAKE', 'the guard', 'the guard'],
    ['CIRCUIT_PROTOCOL', 'the guard', 'the guard'],
    ['CIRCUIT_DESTROYED', 'the guard', 'the guard'],
    ['CIRCUIT_TIMEOUT', 'the guard, another link', 'nobody, another link'],
    ['LINK_CLOSED', 'the guard, another link', 'nobody, another link'],
    ['CIRCUIT_CLOSED', 'nobody', 'nobody'],
  ]
  for (const [code, dialled, shared] of table) {
    it(`blames for ${code} at the first hop: ${dialled}; over a link that was there before: ${shared}`, () => {
      expect(judge(code, 0, true)).to.equal(dialled)
      expect(judge(code, 0, false)).to.equal(shared)
      for (const hops of [1, 2]) expect(judge(code, hops, true)).to.equal('nobody')
    })
  }

  it('blames nobody for what is no failure of the network', () => {
    expect(judgeFailure(new RangeError('surprise'), 0, true)).to.deep.equal({ blamed: false, linkIsDead: false })
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
