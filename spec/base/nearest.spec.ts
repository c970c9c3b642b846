import { expect } from 'chai'
import { nearest } from '../../lib/base/nearest.ts'

describe('nearest', () => {
  const words = ['timeout', 'isolation', 'exit', 'signal']

  it('finds a word with a letter too many, too few, wrong or swapped', () => {
    for (const word of ['timeouts', 'timout', 'timeaut', 'timeuot']) expect(nearest(word, words)).to.equal('timeout')
  })

  it('does not look at capitals', () => {
    expect(nearest('TIMEOUT', words)).to.equal('timeout')
  })

  it('finds nothing that is too far off', () => {
    expect(nearest('streams', words)).to.equal(undefined)
    expect(nearest('', words)).to.equal(undefined)
    expect(nearest('x', [])).to.equal(undefined)
  })
})
