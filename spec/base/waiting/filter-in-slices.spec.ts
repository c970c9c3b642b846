import { expect } from 'chai'
import { filterInSlices, LOOKED_AT_A_SLICE } from '../../../lib/base/waiting/slices.ts'
import { countedPauses } from '../../directory/support/helpers.ts'

describe('What is looked for among thousands', () => {
  const numbers = Array.from({ length: 3 * LOOKED_AT_A_SLICE + 1 }, (_, index) => index)

  it('is found in its order, with a pause after each slice and none before the first', async () => {
    const { pause, pauses } = countedPauses()
    const odd = await filterInSlices(numbers, (number) => number % 2 === 1, { pause })
    expect(odd).to.deep.equal(numbers.filter((number) => number % 2 === 1))
    expect(pauses()).to.equal(3)
    const some = await filterInSlices(numbers.slice(0, LOOKED_AT_A_SLICE - 1), () => true, { pause })
    expect([some.length, pauses()]).to.deep.equal([LOOKED_AT_A_SLICE - 1, 3])
  })

  it('is nothing among nothing, and what the condition throws is thrown', async () => {
    expect(await filterInSlices([], () => true)).to.deep.equal([])
    const failing = filterInSlices([1], () => {
      throw new RangeError('no')
    })
    expect(await failing.catch((error: unknown) => error)).to.be.instanceOf(RangeError)
  })
})
