import { expect } from 'chai'
import { FamiliesAndSubnets } from '../../../lib/client/paths/families-and-subnets.ts'
import {
  fingerprintAt,
  generatedDirectory,
  type DirectoryPlan,
  type RelayPlan,
} from '../support/generated-directory.ts'

/** Whether the first two relays are kin, asked either way round. */
function areRelated(
  plans: readonly RelayPlan[],
  { testing = false, ...plan }: DirectoryPlan & { readonly testing?: boolean } = {},
): boolean {
  const directory = generatedDirectory(plans, plan)
  const families = new FamiliesAndSubnets(directory, { testing })
  const [a, b] = directory.relays
  if (a === undefined || b === undefined) throw new Error('Two relays are needed')
  const answer = families.areRelated(a, b)
  expect(families.areRelated(b, a)).to.equal(answer)
  return answer
}

const at = (...addresses: string[]): RelayPlan => ({ addresses })
const naming = (...family: string[]): RelayPlan => ({ family })

describe('FamiliesAndSubnets', () => {
  it('has every relay be its own kin', () => {
    const directory = generatedDirectory([{}])
    const [relay] = directory.relays
    if (relay === undefined) throw new Error('A relay is needed')
    const [again] = generatedDirectory([at('77.7.7.7')]).relays
    for (const testing of [false, true]) {
      const families = new FamiliesAndSubnets(directory, { testing })
      expect(families.areRelated(relay, relay)).to.equal(true)
      expect(families.areRelated(relay, again ?? relay)).to.equal(true)
    }
  })

  it('sees none between relays that share nothing', () => {
    expect(areRelated([{}, {}])).to.equal(false)
  })

  it('sees it within a /16 of IPv4, and not beyond', () => {
    expect(areRelated([at('10.20.30.40'), at('10.20.255.255')])).to.equal(true)
    expect(areRelated([at('10.20.30.40'), at('10.21.30.40')])).to.equal(false)
    expect(areRelated([at('0.0.0.1'), at('255.255.0.1')])).to.equal(false)
  })

  it('sees it within a /32 of IPv6, and not beyond', () => {
    expect(areRelated([at('1.1.1.1', '2001:db8::1'), at('2.2.2.2', '2001:db8:ffff::1')])).to.equal(true)
    expect(areRelated([at('1.1.1.1', '2001:db8::1'), at('2.2.2.2', '2001:db9::1')])).to.equal(false)
    expect(areRelated([at('1.1.1.1', '8001:db8::1'), at('2.2.2.2', '8001:db8:1::1')])).to.equal(true)
  })

  it('takes no IPv4 network for an IPv6 network of the same bits', () => {
    expect(areRelated([at('0.1.2.3'), at('0:1::5')])).to.equal(false)
  })

  it('looks at every address of a relay', () => {
    expect(areRelated([at('1.1.1.1', '2001:db8::1', '9.9.9.9'), at('2.2.2.2', '9.9.1.1')])).to.equal(true)
  })

  it('passes over networks in a testing network', () => {
    expect(areRelated([at('127.0.0.1'), at('127.0.0.1')], { testing: true })).to.equal(false)
    expect(areRelated([at('1.1.1.1', '::1'), at('2.2.2.2', '::1')], { testing: true })).to.equal(false)
  })

  it('sees it between relays that name each other', () => {
    expect(areRelated([naming(fingerprintAt(1)), naming(fingerprintAt(0))])).to.equal(true)
    expect(areRelated([naming(fingerprintAt(7), fingerprintAt(1)), naming('relay0')], { testing: true })).to.equal(true)
    expect(
      areRelated([
        { nickname: 'Alice', family: ['bob'] },
        { nickname: 'BOB', family: ['alice'] },
      ]),
    ).to.equal(true)
  })

  it('sees none where only one names the other: a relay could keep others out of paths', () => {
    expect(areRelated([naming(fingerprintAt(1)), {}])).to.equal(false)
    expect(areRelated([naming(fingerprintAt(1)), naming(fingerprintAt(2))])).to.equal(false)
  })

  it('sees none between relays that both name a third', () => {
    expect(areRelated([naming(fingerprintAt(2)), naming(fingerprintAt(2)), {}])).to.equal(false)
  })

  it('sees it between relays with a family id in common', () => {
    expect(areRelated([{ familyIds: ['ed25519:a', 'ed25519:b'] }, { familyIds: ['ed25519:c', 'ed25519:b'] }])).to.equal(
      true,
    )
    expect(areRelated([{ familyIds: ['ed25519:a'] }, { familyIds: ['ed25519:b'] }])).to.equal(false)
  })

  it('passes over what the consensus says is not to be used', () => {
    const lists = [naming(fingerprintAt(1)), naming(fingerprintAt(0))]
    const ids = [{ familyIds: ['ed25519:a'] }, { familyIds: ['ed25519:a'] }]
    expect(areRelated(lists, { params: { 'use-family-lists': 0 } })).to.equal(false)
    expect(areRelated(lists, { params: { 'use-family-ids': 0 } })).to.equal(true)
    expect(areRelated(ids, { params: { 'use-family-ids': 0 } })).to.equal(false)
    expect(areRelated(ids, { params: { 'use-family-lists': 0 } })).to.equal(true)
  })
})
