import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { parsePortPolicy, type PortPolicy, REJECT_ALL } from '../../lib/directory/port-policy.ts'

const policy = (text: string): PortPolicy => parsePortPolicy(text) ?? expect.fail(`not well-formed: ${text}`)

describe('summaries of exit policies', () => {
  it('allow the ports that they accept', () => {
    const web = policy('accept 80,443-445')
    expect([79, 80, 81, 442, 443, 445, 446].filter((port) => web.allows(port))).to.deep.equal([80, 443, 445])
  })

  it('allow the ports that they do not reject', () => {
    const most = policy('reject 25,119,135-139')
    expect([24, 25, 26, 135, 138, 139, 140].filter((port) => most.allows(port))).to.deep.equal([24, 26, 140])
  })

  it('know whether they let nothing out', () => {
    for (const text of ['reject 1-65535', 'reject 1-80,81-65535']) expect(policy(text).rejectsAll, text).to.equal(true)
    for (const text of ['accept 1-65535', 'accept 80', 'reject 2-65535', 'reject 1-65534', 'reject 1-79,81-65535']) {
      expect(policy(text).rejectsAll, text).to.equal(false)
    }
    expect(REJECT_ALL.rejectsAll).to.equal(true)
    expect([1, 80, 65_535].some((port) => REJECT_ALL.allows(port))).to.equal(false)
  })

  it('agree with a list of ports', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.uniqueArray(fc.integer({ min: 1, max: 65_535 }), { minLength: 1, maxLength: 9 }),
        fc.nat(65_535),
        (accepts, ports, other) => {
          const list = ports.sort((a, b) => a - b)
          const parsed = policy(`${accepts ? 'accept' : 'reject'} ${list.join(',')}`)
          for (const port of [...list, other]) expect(parsed.allows(port)).to.equal(list.includes(port) === accepts)
        },
      ),
    )
  })

  it('are refused when they are not well-formed', () => {
    for (const text of [
      '',
      'accept',
      'accept ',
      'permit 80',
      'accept 0',
      'accept 65536',
      'accept 80-79',
      'accept 80,',
      'accept ,80',
      'accept 80,80',
      'accept 443,80',
      'accept 1-',
      'accept -1',
      'accept 1-2-3',
      'accept 080',
      'accept 80 443',
      'accept *',
      'accept 1.5',
      'ACCEPT 80',
    ]) {
      expect(parsePortPolicy(text), text).to.equal(undefined)
    }
  })
})
