import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { Inbox } from '../../../lib/stream/bytes/inbox.ts'
import { concat, pattern } from '../support/stream-fixture.ts'

describe('Inbox', () => {
  it('gives bytes in the order in which they came, across the borders of cells', () => {
    const inbox = new Inbox()
    inbox.push(Uint8Array.of(9, 1, 2, 9), 1, 2)
    inbox.push(Uint8Array.of(3), 0, 1)
    expect(inbox.size).to.equal(3)
    expect([...inbox.take(2)]).to.deep.equal([1, 2])
    expect([...inbox.take(5)]).to.deep.equal([3])
    expect(inbox.size).to.equal(0)
    expect([...inbox.take(5)]).to.deep.equal([])
  })

  it('gives a fresh array of exactly the size of what it holds', () => {
    const inbox = new Inbox()
    inbox.push(new Uint8Array(5000), 100, 498)
    const bytes = inbox.take(1000)
    expect(bytes.byteOffset).to.equal(0)
    expect(bytes.buffer.byteLength).to.equal(498)
  })

  it('keeps what it owns when the buffer it came in is used again', () => {
    const inbox = new Inbox()
    const bodies = pattern(1500)
    inbox.push(bodies, 0, 498)
    inbox.push(bodies, 509, 498)
    const expected = concat([pattern(498), pattern(498, 509)])
    expect([...inbox.take(7)]).to.deep.equal([...expected.subarray(0, 7)])
    inbox.own()
    bodies.fill(0xee)
    inbox.push(bodies, 0, 3)
    inbox.own()
    bodies.fill(0xdd)
    expect([...inbox.take(2000)]).to.deep.equal([...expected.subarray(7), 0xee, 0xee, 0xee])
  })

  it('may own what it has more than once, between what is taken', () => {
    const inbox = new Inbox()
    inbox.push(pattern(10), 0, 10)
    inbox.own()
    inbox.own()
    expect([...inbox.take(3)]).to.deep.equal([...pattern(3)])
    inbox.own()
    expect([...inbox.take(10)]).to.deep.equal([...pattern(7, 3)])
  })

  it('fills a target and says how much', () => {
    const inbox = new Inbox()
    inbox.push(pattern(10), 0, 10)
    const target = new Uint8Array(4)
    expect(inbox.takeInto(target)).to.equal(4)
    expect([...target]).to.deep.equal([...pattern(4)])
    expect(inbox.takeInto(new Uint8Array(10))).to.equal(6)
    expect(inbox.takeInto(new Uint8Array(10))).to.equal(0)
  })

  it('is empty once it is cleared, and takes more', () => {
    const inbox = new Inbox()
    for (let cell = 0; cell < 5; cell++) inbox.push(pattern(cell), 0, cell)
    inbox.take(2)
    inbox.clear()
    expect(inbox.size).to.equal(0)
    inbox.push(pattern(3), 0, 3)
    expect([...inbox.take(9)]).to.deep.equal([...pattern(3)])
  })

  it('is a queue of bytes, whatever is pushed, owned, taken and dropped in between', () => {
    const action = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('push'), size: fc.integer({ min: 0, max: 498 }) }) },
      {
        weight: 3,
        arbitrary: fc.record({ kind: fc.constantFrom('take', 'into'), size: fc.integer({ min: 0, max: 2000 }) }),
      },
      { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('own', 'clear'), size: fc.constant(0) }) },
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 400 }), (actions) => {
        const inbox = new Inbox()
        let bytes: number[] = []
        let pushed = 0
        for (const { kind, size } of actions) {
          if (kind === 'push') {
            const body = pattern(size + 11, pushed)
            inbox.push(body, 11, size)
            bytes.push(...body.subarray(11))
            pushed += size
          } else if (kind === 'own') {
            inbox.own()
          } else if (kind === 'clear') {
            inbox.clear()
            bytes = []
          } else {
            const target = new Uint8Array(size)
            const got = kind === 'take' ? inbox.take(size) : target.subarray(0, inbox.takeInto(target))
            const expected = bytes.slice(0, size)
            expect([...got]).to.deep.equal(expected)
            bytes = bytes.slice(size)
          }
          expect(inbox.size).to.equal(bytes.length)
        }
      }),
    )
  })
})
