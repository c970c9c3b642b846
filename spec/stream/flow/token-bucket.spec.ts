import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { TokenBucket } from '../../../lib/stream/flow/token-bucket.ts'
import { FakeClock } from '../../support/fake-clock.ts'

function bucket(rate?: number): { clock: FakeClock; tokens: TokenBucket } {
  const clock = new FakeClock()
  const tokens = new TokenBucket(clock)
  if (rate !== undefined) tokens.setRate(rate)
  return { clock, tokens }
}

describe('TokenBucket', () => {
  it('has no bound before a rate is set, and none after one is taken away', () => {
    const { clock, tokens } = bucket()
    tokens.take(1e9)
    expect(tokens.tokens).to.equal(Infinity)
    expect(tokens.timeUntil(1e9)).to.equal(0)
    tokens.setRate(1000)
    expect(tokens.tokens).to.equal(1000)
    tokens.setRate(Infinity)
    expect(tokens.tokens).to.equal(Infinity)
    expect(clock.timers).to.equal(0)
  })

  it('begins with what a second brings, and fills at its rate up to that', () => {
    const { clock, tokens } = bucket(2000)
    expect(tokens.tokens).to.equal(2000)
    tokens.take(1500)
    expect(tokens.tokens).to.equal(500)
    clock.advance(100)
    expect(tokens.tokens).to.equal(700)
    clock.advance(10_000)
    expect(tokens.tokens).to.equal(2000)
  })

  it('says when there will be enough', () => {
    const { clock, tokens } = bucket(1000)
    tokens.take(900)
    expect(tokens.timeUntil(100)).to.equal(0)
    expect(tokens.timeUntil(498)).to.equal(398)
    clock.advance(398)
    expect(tokens.tokens).to.equal(498)
    expect(tokens.timeUntil(498)).to.equal(0)
  })

  it('pays back what was taken on credit', () => {
    const { clock, tokens } = bucket(1000)
    tokens.take(1200)
    expect(tokens.tokens).to.equal(-200)
    clock.advance(300)
    expect(tokens.tokens).to.equal(100)
  })

  it('keeps what it holds when the rate changes, as far as it finds room', () => {
    const { clock, tokens } = bucket(10_000)
    tokens.take(9000)
    tokens.setRate(4000)
    expect(tokens.tokens).to.equal(1000)
    tokens.setRate(500)
    expect(tokens.tokens).to.equal(500)
    tokens.setRate(8000)
    expect(tokens.tokens).to.equal(500)
    clock.advance(500)
    expect(tokens.tokens).to.equal(4500)
  })

  it('gains nothing when its clock goes back', () => {
    let now = 5000
    const tokens = new TokenBucket({ now: () => now, after: () => () => undefined })
    tokens.setRate(1000)
    tokens.take(1000)
    now = 1000
    expect(tokens.tokens).to.equal(0)
    now = 1500
    expect(tokens.tokens).to.equal(500)
  })

  it("lets out no more than a second's worth and the rate, in any time and whatever the portions", () => {
    const step = fc.record({ wait: fc.integer({ min: 0, max: 3000 }), want: fc.integer({ min: 1, max: 20_000 }) })
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 1_000_000 }), fc.array(step, { maxLength: 100 }), (rate, steps) => {
        const { clock, tokens } = bucket(rate)
        const sent: (readonly [at: number, bytes: number])[] = []
        for (const { wait, want } of steps) {
          clock.advance(wait)
          const bytes = Math.min(want, Math.floor(tokens.tokens))
          tokens.take(bytes)
          sent.push([clock.now(), bytes])
        }
        for (const [from, [begin]] of sent.entries()) {
          let total = 0
          for (const [at, bytes] of sent.slice(from)) {
            total += bytes
            expect(total).to.be.at.most(rate + ((at - begin) * rate) / 1000 + 1e-6 * rate)
          }
        }
      }),
      { numRuns: 50 },
    )
  })
})
