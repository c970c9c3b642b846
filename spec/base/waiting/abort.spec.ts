import { expect } from 'chai'
import { firstOf, onAbort, onAnyAbort, unlessAborts } from '../../../lib/base/waiting/abort.ts'
import { deferred } from '../../../lib/base/waiting/deferred.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'
import { turn } from '../../support/turn.ts'
import { watchedSignal } from '../../support/watched-signal.ts'

describe('onAbort', () => {
  it('has one listener on a signal, however many wait, and none when nobody does', () => {
    const { signal, listeners } = watchedSignal()
    const called: number[] = []
    const forgets = Array.from({ length: 1000 }, (_, index) => onAbort(signal, () => called.push(index)))
    expect(listeners()).to.equal(1)
    for (const forget of forgets) forget()
    expect(listeners()).to.equal(0)
    expect(called).to.deep.equal([])
    onAbort(signal, () => called.push(-1))
    expect(listeners(), 'for another one').to.equal(1)
  })

  it('calls whoever waits once, in order, and keeps nobody', () => {
    const { signal, abort, listeners } = watchedSignal()
    const called: number[] = []
    for (const index of [0, 1, 2]) onAbort(signal, () => called.push(index))
    abort.abort()
    expect(called).to.deep.equal([0, 1, 2])
    expect(listeners()).to.equal(0)
    signal.dispatchEvent(new Event('abort'))
    expect(called).to.deep.equal([0, 1, 2])
  })

  it('calls at once when the signal has aborted, and never without a signal', () => {
    let called = 0
    onAbort(AbortSignal.abort(), () => (called += 1))()
    expect(called).to.equal(1)
    onAbort(undefined, () => (called += 1))()
    expect(called).to.equal(1)
  })

  it('does not call who was forgotten by a callback before it, and bears to be told twice', () => {
    const { signal, abort, listeners } = watchedSignal()
    const called: string[] = []
    onAbort(signal, () => {
      called.push('first')
      forget()
      forget()
    })
    const forget = onAbort(signal, () => called.push('second'))
    const other = onAbort(signal, () => called.push('third'))
    abort.abort()
    other()
    expect(called).to.deep.equal(['first', 'third'])
    expect(listeners()).to.equal(0)
  })

  it('calls the others when one throws, and what it threw is uncaught', async () => {
    const { signal, abort } = watchedSignal()
    const thrown: unknown[] = []
    const original = globalThis.queueMicrotask
    globalThis.queueMicrotask = (task) =>
      original(() => {
        try {
          task()
        } catch (error) {
          thrown.push(error)
        }
      })
    try {
      const oops = new Error('oops')
      let called = 0
      onAbort(signal, () => {
        throw oops
      })
      onAbort(signal, () => (called += 1))
      abort.abort()
      expect(called).to.equal(1)
      await Promise.resolve()
      expect(thrown).to.deep.equal([oops])
    } finally {
      globalThis.queueMicrotask = original
    }
  })

  it('takes the same callback twice, as two', () => {
    const { signal, abort } = watchedSignal()
    let called = 0
    const callback = (): void => void (called += 1)
    onAbort(signal, callback)()
    onAbort(signal, callback)
    onAbort(signal, callback)
    abort.abort()
    expect(called).to.equal(2)
  })
})

describe('onAnyAbort and firstOf', () => {
  it('heed the first signal that aborts, and let go of all of them then', () => {
    const [one, other] = [watchedSignal(), watchedSignal()]
    const reasons: unknown[] = []
    onAnyAbort([one.signal, other.signal, one.signal], (reason) => reasons.push(reason))
    const both = firstOf(one.signal, other.signal)
    expect([one.listeners(), other.listeners()]).to.deep.equal([1, 1])
    other.abort.abort('other')
    one.abort.abort('one')
    expect(reasons).to.deep.equal(['other'])
    expect(both.signal.reason).to.equal('other')
    expect([one.listeners(), other.listeners()]).to.deep.equal([0, 0])
  })

  it('heed one that has aborted, and listen to no other', () => {
    const other = watchedSignal()
    for (const signals of [
      [AbortSignal.abort('gone'), other.signal],
      [other.signal, AbortSignal.abort('gone')],
    ]) {
      const reasons: unknown[] = []
      onAnyAbort(signals, (reason) => reasons.push(reason))
      expect(reasons).to.deep.equal(['gone'])
      expect(firstOf(...signals).signal.reason).to.equal('gone')
      expect(other.listeners()).to.equal(0)
    }
  })

  it('let go of all when they are told to', () => {
    const [one, other] = [watchedSignal(), watchedSignal()]
    const both = firstOf(one.signal, other.signal)
    both.end()
    expect([one.listeners(), other.listeners()]).to.deep.equal([0, 0])
    one.abort.abort()
    expect(both.signal.aborted).to.equal(false)
  })
})

describe('unlessAborts', () => {
  it('gives what the promise comes to, or what is made of the reason', async () => {
    const { signal, abort, listeners } = watchedSignal()
    const pending = deferred<number>()
    const outcome = unlessAborts(pending.promise, [signal])
    pending.resolve(5)
    expect(await outcome).to.equal(5)
    await turn()
    expect(listeners()).to.equal(0)
    const never = unlessAborts(new Promise(() => undefined), [signal])
    const told = unlessAborts(new Promise(() => undefined), [signal], (reason) => [reason])
    abort.abort('enough')
    expect(await rejection(never)).to.equal('enough')
    expect(await rejection(told)).to.deep.equal(['enough'])
  })
})
