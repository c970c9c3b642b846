import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { CellLedger } from '../../../lib/stream/flow/cell-ledger.ts'

describe('CellLedger', () => {
  it('counts a cell once its last byte is consumed', () => {
    const ledger = new CellLedger()
    for (let cell = 0; cell < 3; cell++) ledger.add(100)
    expect(ledger.consume(0)).to.equal(0)
    expect(ledger.consume(99)).to.equal(0)
    expect(ledger.consume(1)).to.equal(1)
    expect(ledger.consume(0)).to.equal(0)
    expect(ledger.consume(200)).to.equal(2)
  })

  it('counts a cell without bytes once those before it are consumed', () => {
    const ledger = new CellLedger()
    ledger.add(0)
    expect(ledger.consume(0)).to.equal(1)
    ledger.add(2)
    ledger.add(0)
    ledger.add(0)
    expect(ledger.consume(0)).to.equal(0)
    expect(ledger.consume(1)).to.equal(0)
    expect(ledger.consume(1)).to.equal(3)
  })

  it('counts every cell once, whatever comes and is consumed in between', () => {
    const action = fc.oneof(
      fc.record({ kind: fc.constant('add'), bytes: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 498 })) }),
      fc.record({ kind: fc.constant('consume'), bytes: fc.integer({ min: 0, max: 2000 }) }),
    )
    fc.assert(
      fc.property(fc.array(action, { maxLength: 3000 }), (actions) => {
        const ledger = new CellLedger()
        const ends: number[] = []
        let added = 0
        let consumed = 0
        let finished = 0
        let wanted = 0
        for (const { kind, bytes } of actions) {
          if (kind === 'add') {
            ledger.add(bytes)
            added += bytes
            ends.push(added)
          } else {
            const part = Math.min(bytes, added - consumed)
            consumed += part
            finished += ledger.consume(part)
            while (wanted < ends.length && (ends[wanted] as number) <= consumed) wanted += 1
            expect(finished).to.equal(wanted)
          }
        }
      }),
      { numRuns: 50 },
    )
  })
})
