import { expect } from 'chai'
import { deferred, type Deferred } from '../../../lib/base/waiting/deferred.ts'
import { makeWritable, type AbortableWritable } from '../../../lib/base/streams/writable.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'
import { turn } from '../../support/turn.ts'

/** A writable whose write or close waits until the spec says otherwise. */
function make(): AbortableWritable<string> & { readonly waiting: Deferred<void>; readonly aborts: unknown[] } {
  const waiting = deferred<void>()
  const aborts: unknown[] = []
  const made: AbortableWritable<string> = makeWritable<string>({
    write: () => waiting.promise,
    close: () => waiting.promise,
    aborted(reason) {
      aborts.push(reason)
      waiting.reject(reason)
      made.fail('of no effect')
    },
  })
  return { ...made, waiting, aborts }
}

describe('A writable of ours', () => {
  for (const act of ['write', 'close'] as const) {
    it(`ends a ${act} that waits when it is aborted, and errors by itself`, async () => {
      const { writable, aborts } = make()
      const writer = writable.getWriter()
      const pending = rejection(act === 'write' ? writer.write('text') : writer.close())
      await turn()
      await writer.abort('enough').catch(() => undefined) // it tells of a close that was under way
      expect(await pending).to.equal('enough')
      expect(await rejection(writer.closed)).to.equal('enough')
      expect(aborts).to.deep.equal(['enough'])
    })
  }

  it('fails from this side, once, whatever state it is in', async () => {
    const { writable, waiting, fail, aborts } = make()
    const writer = writable.getWriter()
    const pending = rejection(writer.write('text'))
    await turn()
    fail('first')
    fail('second')
    waiting.reject('later')
    await pending
    expect(await rejection(writer.closed)).to.equal('first')
    expect(aborts).to.deep.equal([])
    const closed = make()
    closed.waiting.resolve()
    await closed.writable.close()
    closed.fail('too late')
  })

  it('takes one chunk ahead', async () => {
    const { writable } = make()
    const writer = writable.getWriter()
    expect(writer.desiredSize).to.equal(1)
    writer.write('text').catch(() => undefined) // it never ends
    expect(writer.desiredSize).to.equal(0)
  })
})
