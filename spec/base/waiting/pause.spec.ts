import { expect } from 'chai'
import { pause, unlessAborted } from '../../../lib/base/waiting/pause.ts'
import { deferred } from '../../../lib/base/waiting/deferred.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'

describe('pause', () => {
  it('lasts as long as it was asked for, and not at all for nothing', async () => {
    const clock = new FakeClock()
    await pause(clock, 0, [])
    let over = false
    const pausing = pause(clock, 500, [new AbortController().signal]).then(() => (over = true))
    clock.advance(499)
    await turn()
    expect(over).to.equal(false)
    clock.advance(1)
    await pausing
    expect(clock.timers).to.equal(0)
  })

  it('ends when one of its signals aborts, or has, with the reason', async () => {
    for (const delay of [0, 500]) {
      const clock = new FakeClock()
      const error = (await rejection(
        pause(clock, delay, [new AbortController().signal, AbortSignal.abort('before')]),
      )) as TorError
      expect(error).to.be.instanceOf(TorError).and.include({ code: 'ABORTED', cause: 'before' })
      expect(clock.timers).to.equal(0)
    }
    const clock = new FakeClock()
    const abort = new AbortController()
    const pausing = rejection(pause(clock, 500, [abort.signal]))
    abort.abort('meanwhile')
    expect(await pausing).to.include({ code: 'ABORTED', cause: 'meanwhile' })
    expect(clock.timers).to.equal(0)
  })
})

describe('unlessAborted', () => {
  it('gives what the promise comes to', async () => {
    const { signal } = new AbortController()
    expect(await unlessAborted(Promise.resolve(5), signal)).to.equal(5)
    const oops = new Error('oops')
    expect(await rejection(unlessAborted(Promise.reject(oops), signal))).to.equal(oops)
  })

  it('is over when one of the signals aborts, or has, whatever the promise comes to later', async () => {
    const pending = deferred<number>()
    const abort = new AbortController()
    const over = rejection(unlessAborted(pending.promise, new AbortController().signal, abort.signal))
    abort.abort('enough')
    expect(await over).to.include({ code: 'ABORTED', cause: 'enough' })
    expect(await rejection(unlessAborted(pending.promise, abort.signal))).to.include({ code: 'ABORTED' })
    pending.reject(new Error('too late'))
    await turn()
  })
})
