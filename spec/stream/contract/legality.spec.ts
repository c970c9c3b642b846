import { expect } from 'chai'
import { isLegal, type StreamState } from '../../../lib/stream/contract/legality.ts'

/** Which commands a relay may send in each state; every other of the 256 is a violation. */
const LEGAL: Readonly<Record<StreamState, readonly string[]>> = {
  'connecting': ['CONNECTED', 'END'],
  'accepting': ['DATA', 'END'],
  'open': ['DATA', 'END', 'SENDME'],
  'ended-connecting': ['CONNECTED', 'END'],
  'ended-open': ['DATA', 'END', 'SENDME'],
  'connecting under congestion control': ['CONNECTED', 'END', 'XOFF', 'XON'],
  'accepting under congestion control': ['DATA', 'END'],
  'open under congestion control': ['DATA', 'END', 'XOFF', 'XON'],
  'ended-connecting under congestion control': ['CONNECTED', 'END', 'XOFF', 'XON'],
  'ended-open under congestion control': ['DATA', 'END', 'XOFF', 'XON'],
  'resolving': ['END', 'RESOLVED'],
  'ended-resolving': ['END', 'RESOLVED'],
}

/** By the numbers of tor-spec, not those of lib. */
const NUMBERS = { DATA: 2, END: 3, CONNECTED: 4, SENDME: 5, RESOLVED: 12, XOFF: 43, XON: 44 } as const

describe('isLegal', () => {
  for (const [state, names] of Object.entries(LEGAL) as [StreamState, readonly (keyof typeof NUMBERS)[]][]) {
    it(`lets ${names.join(', ')} and nothing else reach a stream that is ${state}`, () => {
      const legal = Array.from({ length: 256 }, (_, command) => command).filter((command) => isLegal(state, command))
      expect(legal).to.deep.equal(names.map((name) => NUMBERS[name]).sort((one, other) => one - other))
    })
  }
})
