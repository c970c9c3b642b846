import { expect } from 'chai'
import { deferred, forgetFailed } from '../../../lib/base/waiting/deferred.ts'
import { turn } from '../../support/turn.ts'

describe('forgetFailed', () => {
  it('keeps what was made', async () => {
    let forgotten = 0
    expect(await forgetFailed(Promise.resolve('made'), () => forgotten++)).to.equal('made')
    expect(forgotten).to.equal(0)
  })

  it('tells all who asked of a failure, and makes it anew for those who ask afterwards', async () => {
    const first = deferred<string>()
    const results = [first.promise, Promise.resolve('made')]
    let kept: Promise<string> | undefined
    const get = (): Promise<string> =>
      (kept ??= forgetFailed(results.shift() as Promise<string>, () => (kept = undefined)))
    const asked = [get(), get()].map((each) => each.catch((error: unknown) => error))
    const failure = new Error('offline')
    first.reject(failure)
    expect(await Promise.all(asked)).to.deep.equal([failure, failure])
    expect(await get()).to.equal('made')
    expect(await get()).to.equal('made')
  })
})

describe('deferred', () => {
  it('is no unhandled rejection when nobody looks', async () => {
    deferred().reject(new Error('not looked at'))
    await turn(3)
  })
})
