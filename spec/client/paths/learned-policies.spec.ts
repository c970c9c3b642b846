import { expect } from 'chai'
import { LearnedPolicies } from '../../../lib/client/paths/learned-policies.ts'
import { HOUR } from '../support/generated-directory.ts'

describe('LearnedPolicies', () => {
  it('knows nothing against an exit at first', () => {
    expect(new LearnedPolicies().allows('A', [80], 'example.com')).to.equal(true)
  })

  it('remembers that an exit takes nothing', () => {
    const learned = new LearnedPolicies()
    learned.refuseAll('A')
    expect(learned.allows('A', [80], 'example.com')).to.equal(false)
    expect(learned.allows('A', [])).to.equal(false)
    expect(learned.allows('B', [80])).to.equal(true)
  })

  it('remembers that an exit does not connect to a port', () => {
    const learned = new LearnedPolicies()
    learned.refuse('A', 25)
    expect(learned.allows('A', [25], 'example.com')).to.equal(false)
    expect(learned.allows('A', [80, 25])).to.equal(false)
    expect(learned.allows('A', [80], 'example.com')).to.equal(true)
    expect(learned.allows('A', [])).to.equal(true)
  })

  it('remembers that an exit does not connect to a port of one host', () => {
    const learned = new LearnedPolicies()
    learned.refuse('A', 80, 'Example.com')
    expect(learned.allows('A', [80], 'example.COM')).to.equal(false)
    expect(learned.allows('A', [443], 'example.com')).to.equal(true)
    expect(learned.allows('A', [80], 'example.org')).to.equal(true)
    expect(learned.allows('A', [80])).to.equal(true)
  })

  it('forgets after an hour', () => {
    let now = 10 * HOUR
    const learned = new LearnedPolicies(() => now)
    learned.refuseAll('A')
    now += HOUR - 1
    expect(learned.allows('A', [80])).to.equal(false)
    now += 1
    expect(learned.allows('A', [80])).to.equal(true)
  })

  it('counts anew from the last refusal', () => {
    let now = 10 * HOUR
    const learned = new LearnedPolicies(() => now)
    learned.refuse('A', 80)
    now += HOUR / 2
    learned.refuse('A', 80)
    now += HOUR - 1
    expect(learned.allows('A', [80])).to.equal(false)
  })

  it('does not remember for days because the clock was set back', () => {
    let now = 1000 * HOUR
    const learned = new LearnedPolicies(() => now)
    learned.refuse('A', 80)
    now -= 100 * HOUR
    expect(learned.allows('A', [80])).to.equal(true)
  })

  it('keeps no more than it must, and forgets the oldest first', () => {
    const learned = new LearnedPolicies(() => 0)
    learned.refuseAll('first')
    for (let host = 0; host < 64; host++) learned.refuse('A', 80, `host${host}`)
    expect(learned.allows('A', [80], 'host0')).to.equal(false)
    learned.refuse('A', 80, 'host64')
    expect(learned.allows('A', [80], 'host0')).to.equal(true)
    expect(learned.allows('A', [80], 'host1')).to.equal(false)
    for (let exit = 0; exit < 1999; exit++) learned.refuseAll(`exit${exit}`)
    expect(learned.allows('first', [])).to.equal(true)
    expect(learned.allows('A', [80], 'host64')).to.equal(false)
    expect(learned.allows('exit1998', [])).to.equal(false)
  })
})
