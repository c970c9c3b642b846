import { expect } from 'chai'
import { clockFault, isClockFault } from '../../lib/base/clock-fault.ts'
import { SocketError, TorError } from '../../lib/base/errors.ts'

describe('A failure that the clock may be behind', () => {
  const fault = clockFault('DIRECTORY_EXPIRED', 'the consensus stopped being valid 3 days ago')

  it('says so, and has the code that it was given', () => {
    expect(fault).to.be.instanceOf(TorError)
    expect(fault.code).to.equal('DIRECTORY_EXPIRED')
    expect(fault.message).to.equal('the consensus stopped being valid 3 days ago: the clock may be wrong')
  })

  it('is known as one, also as the cause of another', () => {
    const cause = new TorError('LINK_CLOSED', 'closed', { cause: fault })
    for (const error of [fault, cause, new SocketError('LINK_CLOSED', 'closed', { cause })])
      expect(isClockFault(error)).to.equal(true)
  })

  it('is known by nothing that a peer can say', () => {
    const same = new TorError('DIRECTORY_EXPIRED', fault.message)
    for (const error of [same, new Error('x', { cause: same }), fault.message, undefined, null, {}])
      expect(isClockFault(error)).to.equal(false)
  })
})
