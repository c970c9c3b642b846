import { expect } from 'chai'
import { written } from '../../scripts/specs/error-names.js'
import { SocketError, TorError } from '../../lib/base/errors.ts'
import { withheld, WithheldError, withInput } from '../../lib/base/withheld.ts'

const HOST = 'secret-host'
const ADDRESS = 'secret-address'
const original = Object.assign(new Error(`connect ECONNREFUSED ${ADDRESS}`), { code: 'ECONNREFUSED', address: ADDRESS })

describe('What errors know and do not show', () => {
  it('is the host of a certificate, the address of an END and the relays of every try', () => {
    const attempts = [{ code: 'END_MISC', reason: 1, fingerprints: ['secret-relay'], elapsed: 5 } as const]
    const error = new SocketError('TLS_CERTIFICATE', 'no', {
      hostname: HOST,
      address: ADDRESS,
      attempts,
      reason: 4,
      ttl: 60,
    })
    expect([error.hostname, error.address, error.attempts]).to.deep.equal([HOST, ADDRESS, attempts])
    expect(written(error)).to.not.match(/secret/)
    expect(Object.keys(error).sort()).to.deep.equal(['code', 'name', 'reason', 'ttl'])
  })

  it('is the error of a runtime behind one of ours, at any depth', () => {
    const cause = new AggregateError([new TorError('LINK_UNREACHABLE', 'no', { cause: withheld(original) })], 'none')
    const error = new SocketError('LINK_UNREACHABLE', 'no', {
      cause: new TorError('LINK_UNREACHABLE', 'no', { cause }),
    })
    expect(written(error)).to.not.match(/secret/)
    expect(written(error)).to.include('ECONNREFUSED')
    const behind = (cause.errors[0] as TorError).cause as WithheldError
    expect(behind).to.be.instanceOf(WithheldError)
    expect(behind).to.have.property('code', 'ECONNREFUSED')
    expect(behind.original).to.equal(original)
  })

  it('is what a caller gave for an argument', () => {
    const error = withInput(new TypeError('Cannot use the address'), { hostname: HOST })
    expect(error).to.have.property('input').that.deep.equals({ hostname: HOST })
    expect(written(error)).to.not.match(/secret/)
  })
})

describe('withheld', () => {
  it('leaves our own errors as they are', () => {
    for (const ours of [new TorError('CLOSED', 'no'), new SocketError('CLOSED', 'no'), new WithheldError('x')])
      expect(withheld(ours)).to.equal(ours)
  })

  it('takes whatever may be thrown', () => {
    for (const thrown of [undefined, null, 7, HOST, Symbol(HOST), { code: HOST }, () => HOST, Object.create(null)]) {
      const error = withheld(thrown) as WithheldError
      expect(error.original).to.equal(thrown)
      expect(error.code).to.equal(undefined)
      expect(written(error)).to.not.match(/secret/)
    }
  })

  it('takes no code that might be a name', () => {
    for (const code of ['secret.example', 'SECRET.EXAMPLE', '1A', 'A B', 'A'.repeat(65), 17, ''])
      expect((withheld(Object.assign(new Error(), { code })) as WithheldError).code).to.equal(undefined)
  })
})
