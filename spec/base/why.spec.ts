import { expect } from 'chai'
import { madeOnce } from '../../lib/base/why.ts'

describe('madeOnce', () => {
  it('makes its error when it is first asked for, and gives the same one from then on', () => {
    let made = 0
    const why = madeOnce(() => new Error(`error ${++made}`))
    expect(made).to.equal(0)
    const reason = why()
    expect((reason as Error).message).to.equal('error 1')
    expect(why()).to.equal(reason)
    expect(made).to.equal(1)
  })
})
