import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { DocumentReader, MAX_LIST, MAX_STRETCH } from '../../../lib/directory/text/document.ts'
import { expectRefused } from '../support/helpers.ts'

const OBJECT = '-----BEGIN SOME THING-----\nQUJD\nREU=\n-----END SOME THING-----\n'

function itemsOf(text: string): string[] {
  const reader = new DocumentReader(text, 'document')
  const items: string[] = []
  while (reader.next()) items.push(`${reader.keyword}|${reader.list().join('|')}`)
  return items
}

describe('the reader of documents', () => {
  it('gives the items one after the other, objects or not', () => {
    expect(itemsOf(`a\nb 1 2\nc-3\n${OBJECT}d x\n`)).to.deep.equal(['a|', 'b|1|2', 'c-3|', 'd|x'])
  })

  it('takes any spaces and tabs between arguments, and empty lines between items', () => {
    expect(itemsOf('a\t1  2 \t3 \n\n\nb \n')).to.deep.equal(['a|1|2|3', 'b|'])
  })

  it('gives the same arguments whatever is between them, all of them or the first', () => {
    const words = fc.array(fc.string({ unit: fc.constantFrom(...'ab=,0'), minLength: 1, maxLength: 3 }), {
      maxLength: 12,
    })
    const blanks = fc.array(fc.constantFrom(' ', ' ', ' ', '\t', '  ', ' \t '), { minLength: 12, maxLength: 12 })
    fc.assert(
      fc.property(words, blanks, (list, between) => {
        const text = `key${list.map((word, index) => `${between[index]}${word}`).join('')}\n`
        const reader = new DocumentReader(text, 'document')
        reader.next()
        expect(reader.list()).to.deep.equal(list)
        for (let most = 0; most < 4; most++) expect(reader.words(0, most)).to.deep.equal(list.slice(0, most))
      }),
    )
  })

  it('says where an item is', () => {
    const reader = new DocumentReader(`a 1\n\nb\n${OBJECT}`, 'document')
    reader.next()
    expect([reader.start, reader.end, reader.rest]).to.deep.equal([0, 4, '1'])
    reader.next()
    expect([reader.start, reader.end, reader.rest]).to.deep.equal([5, 7 + OBJECT.length, ''])
    expect(reader.next()).to.equal(false)
    expect([reader.keyword, reader.end]).to.deep.equal(['', 7 + OBJECT.length])
  })

  it('decodes an object that has one of the names', () => {
    const reader = new DocumentReader(`a\n${OBJECT}b\n`, 'document')
    reader.next()
    expect(reader.object('OTHER', 'SOME THING')).to.deep.equal(
      Uint8Array.from([...'ABCDE'], (character) => character.charCodeAt(0)),
    )
    expectRefused(() => reader.object('SOME'))
    reader.next()
    expectRefused(() => reader.object('SOME THING'))
  })

  it('refuses an item with too few arguments', () => {
    const reader = new DocumentReader('a 1 2\n', 'document')
    reader.next()
    expect(reader.words(2)).to.deep.equal(['1', '2'])
    expectRefused(() => reader.words(3))
  })

  it('refuses a document that ends within a line, or has a zero byte', () => {
    for (const text of ['', 'a', 'a\nb', 'a b\0c\n', `a\n${OBJECT.trimEnd()}`]) expectRefused(() => itemsOf(text))
  })

  it('refuses a line that begins with no keyword', () => {
    for (const line of [' a', '\ta', '-a', 'a_b', 'é', '-----BEGIN A-----', 'a\r'])
      expectRefused(() => itemsOf(`a\n\n${line}\n`))
  })

  it('refuses an object that is not one', () => {
    for (const object of [
      '-\n',
      '-----BEGIN -----\n-----END -----\n',
      '-----BEGIN A----\n-----END A----\n',
      '-----BEGIN A-----\n-----END B-----\n',
      '-----BEGIN A-----\nQUJD\n',
      '-----BEGIN A-----\nQUJD\ndirectory-footer\n-----END A-----\n',
      '-----BEGIN A-----\nQUJD \n-----END A-----\n',
      '-----BEGIN A-----\n\n-----END A-----\n',
      '-----BEGIN A-----\r\nQUJD\n-----END A-----\n',
      `${OBJECT}${OBJECT}`,
    ]) {
      expectRefused(() => itemsOf(`a\n${object}`))
    }
  })

  it('refuses an object that is no base64 as a whole only where it is looked at', () => {
    const reader = new DocumentReader('a\n-----BEGIN A-----\nQQ==\nQQ==\n-----END A-----\n', 'document')
    expect(reader.next()).to.equal(true)
    expectRefused(() => reader.object('A'))
  })

  it('reads what is as long as may be: a line, a list, an object, empty lines', () => {
    const list = Array.from({ length: MAX_LIST }, () => 'x')
    expect(itemsOf(`a ${list.join(' ')}\n`)).to.deep.equal([`a|${list.join('|')}`])
    expect(itemsOf(`a ${'x'.repeat(MAX_STRETCH - 2)}\nb\n`)[1]).to.equal('b|')
    const object = 'QUJD\n'.repeat(Math.floor((MAX_STRETCH - 20) / 5))
    expect(itemsOf(`a\n-----BEGIN A-----\n${object}-----END A-----\nb\n`)).to.deep.equal(['a|', 'b|'])
    expect(itemsOf(`a\n${'\n'.repeat(MAX_STRETCH)}b\n`)).to.deep.equal(['a|', 'b|'])
  })

  const endless: readonly (readonly [what: string, document: string, problem: RegExp])[] = [
    ['a line', `a ${'x '.repeat(MAX_STRETCH)}\n`, /a line in it is too long/],
    ['a list', `a${' x'.repeat(MAX_LIST + 1)}\n`, /"a" has too many arguments/],
    ['an object', `a\n-----BEGIN A-----\n${'Q\n'.repeat(MAX_STRETCH)}-----END A-----\n`, /an object in it is too long/],
    ['a line of an object', `a\n-----BEGIN A-----\n${'Q'.repeat(MAX_STRETCH + 1)}\n`, /a line in it is too long/],
    ['empty lines', `a\n${'\n'.repeat(MAX_STRETCH + 2)}b\n`, /too many empty lines/],
  ]
  for (const [what, document, problem] of endless) {
    it(`goes no further than the limit in ${what} without end`, () => {
      expect(expectRefused(() => itemsOf(document)).message).to.match(problem)
    })
  }

  it('looks at no more arguments than are asked for', () => {
    const reader = new DocumentReader(`a 1 2 ${'x '.repeat(20_000)}\n`, 'document')
    reader.next()
    expect(reader.words(2)).to.deep.equal(['1', '2'])
    expect(reader.words(0, 3)).to.deep.equal(['1', '2', 'x'])
  })

  it('counts every character that it reads as work, and every item beside', () => {
    const text = `a 1\n\n\nb\n${OBJECT}\nc\n\n\n`
    const reader = new DocumentReader(text, 'document')
    let work = 0
    let items = 0
    for (; reader.next(); items++) work += reader.takeWork()
    expect(work + reader.takeWork()).to.equal(text.length + 16 * items)
    expect(reader.takeWork()).to.equal(0)
  })
})
