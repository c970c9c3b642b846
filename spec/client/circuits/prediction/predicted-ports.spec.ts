import { expect } from 'chai'
import { PredictedPorts } from '../../../../lib/client/circuits/prediction/predicted-ports.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('PredictedPorts', () => {
  let now: number
  let predicted: PredictedPorts
  beforeEach(() => {
    now = Date.UTC(2026, 0, 1)
    predicted = new PredictedPorts({
      param: (_name, fallback) => fallback,
      now: () => now,
      random: () => 0, // half an hour
      isReduced: false,
    })
  })

  it('expect the web and onion services at first, and what was used, for half an hour after each', () => {
    predicted.used(6667)
    now += 20 * MINUTE
    predicted.used(22)
    now += 10 * MINUTE
    expect([predicted.all, predicted.expectsOnions]).to.deep.equal([[443, 6667, 22], true])
    now += 1
    expect([predicted.all, predicted.expectsOnions]).to.deep.equal([[22], false])
    expect(predicted.remaining).to.equal(20 * MINUTE - 1)
    now += 20 * MINUTE
    expect([predicted.all, predicted.remaining]).to.deep.equal([[], 0])
  })

  it('expect nothing after a night of the machine, in which no other clock may go on (predict_ports.c)', () => {
    now += 8 * HOUR
    expect([predicted.all, predicted.expectsOnions, predicted.remaining]).to.deep.equal([[], false, 0])
  })

  it('expect nothing for longer because the clock was set back: what was before counts as of that moment', () => {
    predicted.used(6667)
    now -= 24 * HOUR
    expect([predicted.remaining, predicted.expectsOnions]).to.deep.equal([30 * MINUTE, true])
    now += 30 * MINUTE
    expect(predicted.all).to.deep.equal([443, 6667])
    now += 1
    expect([predicted.all, predicted.expectsOnions, predicted.remaining]).to.deep.equal([[], false, 0])
  })
})
