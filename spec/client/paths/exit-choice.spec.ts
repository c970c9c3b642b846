import { expect } from 'chai'
import {
  exitConditions,
  exitsFor,
  isExit,
  LONG_LIVED_PORTS,
  type ExitRequirements,
} from '../../../lib/client/paths/exit-choice.ts'
import { LearnedPolicies } from '../../../lib/client/paths/learned-policies.ts'
import { generatedDirectory, type RelayPlan } from '../support/generated-directory.ts'

const relaysOf = (plans: readonly RelayPlan[]): ReturnType<typeof generatedDirectory>['relays'] =>
  generatedDirectory(plans.map((plan, index) => ({ nickname: `n${index}`, ...plan }))).relays

/** The places of the exits that fit, or the reason why none does. */
function fitting(
  requirements: Partial<ExitRequirements>,
  plans: readonly RelayPlan[],
  learned: LearnedPolicies = new LearnedPolicies(),
): number[] | string {
  const conditions = exitConditions({ ports: [80], ...requirements }, learned)
  const { relays, reason } = exitsFor(conditions, relaysOf(plans).filter(isExit))
  expect(relays.length === 0).to.equal(reason !== undefined)
  return reason ?? relays.map(({ nickname }) => Number(nickname.slice(1)))
}

const exit = (plan: RelayPlan = {}): RelayPlan => ({ flags: ['Exit'], ...plan })

describe('The choice of exits', () => {
  it('takes relays for exits that have the flag and are not bad ones', () => {
    const relays = relaysOf([
      exit(),
      { exitPolicy: 'accept 1-65535' },
      exit({ flags: ['Exit', 'BadExit'] }),
      exit({ flags: ['Exit', 'MiddleOnly'] }),
      exit({ exitPolicy: 'reject 1-65535' }),
      exit({ exitPolicy: 'reject 1-65535', exitPolicyIPv6: 'accept 443' }),
    ])
    expect(relays.map(isExit)).to.deep.equal([true, false, false, false, false, true])
  })

  it('takes those whose policy allows every port that is wanted', () => {
    const plans = [
      exit({ exitPolicy: 'accept 80' }),
      exit({ exitPolicy: 'accept 80,443' }),
      exit({ exitPolicy: 'reject 25,80' }),
    ]
    expect(fitting({ ports: [80] }, plans)).to.deep.equal([0, 1])
    expect(fitting({ ports: [80, 443] }, plans)).to.deep.equal([1])
    expect(fitting({ ports: [22] }, plans)).to.deep.equal([2])
    expect(fitting({ ports: [25, 80] }, plans)).to.equal('none of the 3 exits allows port 25 and 80')
  })

  it('takes all that let anything out when no port is wanted, as for looking up a name', () => {
    expect(fitting({ ports: [] }, [exit({ exitPolicy: 'accept 22' }), exit()])).to.deep.equal([0, 1])
  })

  it('asks the policy of the family of the address', () => {
    const plans = [exit(), exit({ exitPolicy: 'accept 22', exitPolicyIPv6: 'accept 80' })]
    expect(fitting({}, plans)).to.deep.equal([0])
    expect(fitting({ family: 4 }, plans)).to.deep.equal([0])
    expect(fitting({ family: 6 }, plans)).to.deep.equal([1])
    expect(fitting({ family: 6, ports: [] }, plans)).to.deep.equal([1])
    expect(fitting({ family: 6, ports: [443] }, plans)).to.equal('none of the 2 exits allows port 443 over IPv6')
  })

  it('leaves out exits by their fingerprints', () => {
    const plans = [exit({ fingerprint: 'A'.repeat(40) }), exit({ fingerprint: 'B'.repeat(40) })]
    expect(fitting({ excludedExits: new Set(['A'.repeat(40)]) }, plans)).to.deep.equal([1])
    expect(fitting({ excludedExits: new Set(['A'.repeat(40), 'B'.repeat(40)]) }, plans)).to.equal(
      'none of the 2 exits that allow it may be used',
    )
  })

  it('leaves out exits that have refused it lately', () => {
    const learned = new LearnedPolicies()
    const plans = [exit({ fingerprint: 'A'.repeat(40) }), exit({ fingerprint: 'B'.repeat(40) })]
    learned.refuse('A'.repeat(40), 80, 'example.com')
    expect(fitting({ host: 'example.com' }, plans, learned)).to.deep.equal([1])
    expect(fitting({ host: 'example.org' }, plans, learned)).to.deep.equal([0, 1])
    learned.refuseAll('B'.repeat(40))
    expect(fitting({ host: 'example.com' }, plans, learned)).to.equal(
      'none of the 2 exits that allow it has not refused it lately',
    )
  })

  it('asks the caller last, only about exits that would do', () => {
    const asked: string[] = []
    const plans = [exit(), exit({ exitPolicy: 'accept 22' }), exit()]
    const onlyLast: ExitRequirements['exit'] = ({ nickname }) => {
      asked.push(nickname)
      return nickname === 'n2'
    }
    expect(fitting({ exit: onlyLast }, plans)).to.deep.equal([2])
    expect(asked).to.deep.equal(['n0', 'n2'])
    expect(fitting({ exit: () => false }, plans)).to.equal(
      'none of the 2 exits that are left meets the condition of the caller',
    )
  })

  it('lets through what the caller throws', () => {
    const broken = (): never => {
      throw new RangeError('no such country')
    }
    expect(() => fitting({ exit: broken }, [exit()])).to.throw(RangeError, 'no such country')
  })

  it('says when there is no exit at all', () => {
    expect(fitting({}, [{}])).to.equal('the directory has no exit')
  })

  it('knows the ports of connections that last', () => {
    expect(LONG_LIVED_PORTS.has(22)).to.equal(true)
    expect(LONG_LIVED_PORTS.has(6667)).to.equal(true)
    expect(LONG_LIVED_PORTS.has(443)).to.equal(false)
  })
})
