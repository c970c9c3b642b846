import { expect } from 'chai'
import { namesInFamily, parseFamily } from '../../lib/directory/family.ts'
import { fc } from '../support/seed.ts'

const FINGERPRINT = 'A0B1C2D3E4F5A0B1C2D3E4F5A0B1C2D3E4F5A0B1'
const relay = { fingerprint: FINGERPRINT, nickname: 'Alice7' }

const names = (line: string): boolean => namesInFamily(line, relay)

describe('a family', () => {
  it('names a relay by its fingerprint or nickname in either case, with or without a name behind the fingerprint', () => {
    for (const word of [`$${FINGERPRINT}`, `$${FINGERPRINT.toLowerCase()}=x`, `$${FINGERPRINT}~y`, 'alice7', 'ALICE7'])
      for (const line of [word, `bob ${word}`, `$${'B'.repeat(40)}\t${word} bob`, `  ${word}\t`])
        expect(names(line), line).to.equal(true)
  })

  it('names none by a part of one, by what only looks like it, or by an empty line', () => {
    for (const line of [
      '',
      ' ',
      FINGERPRINT,
      `$${FINGERPRINT.slice(1)}`,
      `$${FINGERPRINT}0`,
      `$ ${FINGERPRINT}`,
      `$$${FINGERPRINT}`,
      `$${FINGERPRINT}\u00a0`,
      '$alice7',
      'alice',
      'alice77',
      'alice\u0057',
      'alice7,',
      FINGERPRINT.replace('A', '\u0001'),
    ])
      expect(names(line), line).to.equal(false)
  })

  it('names the relays that are read from it, whatever it says', () => {
    const word = fc.constantFrom(
      '$',
      ' ',
      '\t',
      '=',
      '~',
      'alice7',
      'Alice',
      '7',
      'x',
      FINGERPRINT,
      FINGERPRINT.toLowerCase(),
      FINGERPRINT.slice(0, 20),
    )
    let named = 0
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        const line = words.join('').trim()
        const members = parseFamily(line)
        const isNamed = members.includes(FINGERPRINT) || members.includes('alice7')
        expect(names(line), line).to.equal(isNamed)
        if (isNamed) named++
      }),
      { numRuns: 2000, seed: 1 },
    )
    expect(named).to.be.above(50)
  })

  it('is not read beyond its thousandth member', () => {
    const others = (count: number): string => Array.from({ length: count }, (_, index) => `f${index}`).join('  ')
    expect(names(`${others(999)} alice7`)).to.equal(true)
    expect(names(`${others(1000)} alice7`)).to.equal(false)
  })
})
