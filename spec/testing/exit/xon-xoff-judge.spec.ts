import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { DEFAULT_XON_XOFF } from '../../../lib/stream/contract/flow-parameters.ts'
import { XonXoffFlow } from '../../../lib/stream/flow/xon-xoff-flow.ts'
import { XonXoffJudge } from '../../../lib/testing/exit/xon-xoff-judge.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'

const LIMIT = 500 * 488

describe('XonXoffJudge', () => {
  const judge = (): XonXoffJudge => new XonXoffJudge({ bytesPerXoff: LIMIT, bytesPerXon: LIMIT })

  it('finds nothing wrong with what was earned to the byte', () => {
    const account = judge()
    for (let round = 0; round < 100; round++) {
      account.sent(LIMIT)
      expect([account.xoff(), account.xon()]).to.deep.equal([undefined, undefined])
    }
  })

  it('finds wrong what comes before any data, however little earns it', () => {
    expect(new XonXoffJudge({ bytesPerXoff: 0, bytesPerXon: 0 }).xoff()).to.equal('XOFF for 0 bytes')
    expect(new XonXoffJudge({ bytesPerXoff: 0, bytesPerXon: 0 }).xon()).to.equal('XON for 0 bytes')
  })

  it('counts XONs that answer an XOFF and those that do not alike', () => {
    const account = judge()
    account.sent(2 * LIMIT - 1)
    expect([account.xoff(), account.xon(), account.xon()]).to.deep.equal([undefined, undefined, 'XON for 487999 bytes'])
  })

  it('lets nobody save up for an outburst of hundreds: after 10 MiB the counts are halved, and so again', () => {
    const account = judge()
    for (let sent = 0; sent < 1e9; sent += 1e6) account.sent(1e6)
    let earned = 0
    while (account.xon() === undefined) expect(++earned).to.be.at.most(42)
  })

  it('halves its counts at 200 messages, so that they never wrap', () => {
    const account = new XonXoffJudge({ bytesPerXoff: 1, bytesPerXon: 1 })
    for (let round = 0; round < 1000; round++) {
      account.sent(2)
      expect([account.xoff(), account.xon()]).to.deep.equal([undefined, undefined])
    }
  })

  it('never holds anything against a client of this library, whatever it gets and however it is read', async () => {
    const step = fc.record({
      cells: fc.oneof(fc.nat(20), fc.nat(1200)),
      pass: fc.nat(3000),
      take: fc.oneof(fc.constant(Infinity), fc.nat(400_000), fc.nat(5000)),
      portion: fc.oneof(fc.integer({ min: 1, max: 498 }), fc.integer({ min: 5000, max: 300_000 })),
      each: fc.nat(20),
    })
    let messages = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
        const clock = new FakeClock()
        const account = judge()
        const problems: string[] = []
        let waiting = 0
        const send = (command: number): void => {
          messages += 1
          const problem = command === RelayCommand.XOFF ? account.xoff() : account.xon()
          if (problem !== undefined) problems.push(problem)
        }
        const flow = new XonXoffFlow(
          { parameters: DEFAULT_XON_XOFF, clock, maxRtt: 0 },
          {
            get waiting() {
              return waiting
            },
            send,
          },
        )
        for (const { cells, pass, take, portion, each } of steps) {
          account.sent(cells * 498)
          waiting += cells * 498
          flow.readProcessed()
          await turn()
          clock.advance(pass)
          for (let left = Math.min(take, waiting), taken = 0; left > 0 && taken < 1000; left -= portion, taken++) {
            const bytes = Math.min(left, portion)
            waiting -= bytes
            flow.bytesConsumed(bytes)
            clock.advance(each)
          }
        }
        flow.stop()
        expect(problems).to.deep.equal([])
      }),
      { numRuns: 60 },
    )
    // A run has 10.2 on the average, with a deviation of 4.3: 60 of them have 610 and 33. Below 400 comes once in 10^10.
    expect(messages).to.be.above(400)
  })
})
