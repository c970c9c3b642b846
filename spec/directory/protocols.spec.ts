import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { checkClientProtocols, clientProtocols } from '../../lib/directory/client-protocols.ts'
import { parseProtocols, type Protocols } from '../../lib/directory/protocols.ts'
import { expectRefused } from './support/helpers.ts'

const protocols = (text: string): Protocols => parseProtocols(text) ?? expect.fail(`not well-formed: ${text}`)

describe('subprotocol versions', () => {
  it('are spoken as single ones and as ranges', () => {
    const spoken = protocols('Link=1-3,5 Relay=2')
    expect([0, 1, 2, 3, 4, 5, 6].filter((version) => spoken.supports('Link', version))).to.deep.equal([1, 2, 3, 5])
    expect(spoken.supports('Relay', 2)).to.equal(true)
    expect(spoken.supports('Relay', 3)).to.equal(false)
    expect(spoken.supports('link', 1)).to.equal(false)
  })

  it('may be none at all', () => {
    expect(protocols('').supports('Link', 1)).to.equal(false)
    expect(protocols('Link=').supports('Link', 0)).to.equal(false)
  })

  it('say what is missing', () => {
    expect(protocols('Cons=2 Link=3-5 Relay=2').missingFrom(protocols('Link=4-5 Relay=1-4'))).to.deep.equal([
      'Cons=2',
      'Link=3',
    ])
    expect(protocols('').missingFrom(protocols(''))).to.deep.equal([])
  })

  it('agree with themselves as a list', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(63), { maxLength: 12 }), (versions) => {
        const spoken = protocols(`X=${versions.sort((a, b) => a - b).join(',')}`)
        for (let version = 0; version < 66; version++)
          expect(spoken.supports('X', version)).to.equal(versions.includes(version))
      }),
    )
  })

  it('are refused when they are not well-formed', () => {
    for (const text of [
      'Link',
      '=1',
      'Link=64',
      'Link=2-1',
      'Link=1,',
      'Link=,1',
      'Link=1-',
      'Link=-1',
      'Link=1-2-3',
      'Link=01',
      'Link=2,1',
      'Link=1-3,2',
      'Link=1 Link=2',
      'Li_nk=1',
      `${'x'.repeat(101)}=1`,
      'Link=4294967295',
      'Link=0-4294967295',
      'Link= 1',
      Array.from({ length: 300 }, (_, index) => `x${index}=1`).join(' '),
    ]) {
      expect(parseProtocols(text), text.slice(0, 40)).to.equal(undefined)
    }
  })
})

describe('what the network requires of a client', () => {
  const required = (required: string, recommended = ''): Parameters<typeof checkClientProtocols>[0] => ({
    requiredClientProtocols: protocols(required),
    recommendedClientProtocols: protocols(recommended),
  })

  it('is what this client speaks, in the public network of July 2026', () => {
    const consensus = required(
      'Cons=2 Desc=2 FlowCtrl=1 Link=4 Microdesc=2 Relay=2',
      'Cons=2 Desc=2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4 HSRend=2 Link=4-5 Microdesc=2 Relay=2-4',
    )
    expect(checkClientProtocols(consensus)).to.deep.equal(
      consensus.recommendedClientProtocols.missingFrom(clientProtocols()),
    )
  })

  it('stops the client that does not speak it, and says what is missing', () => {
    const error = expectRefused(() => checkClientProtocols(required('Link=4-6 Relay=2 Onion=9')), 'CLIENT_OBSOLETE')
    expect(error.message).to.match(/requires Link=6 Onion=9$/)
  })

  it('says what is recommended, and lets go on', () => {
    expect(checkClientProtocols(required('Link=4', 'Link=4-5'), protocols('Link=4'))).to.deep.equal(['Link=5'])
  })
})
