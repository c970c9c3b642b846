import { expect } from 'chai'
import { DocumentReader } from '../../../lib/directory/text/document.ts'
import { expectRefused } from '../support/helpers.ts'

const OBJECT = '-----BEGIN SOME THING-----\nQUJD\nREU=\n-----END SOME THING-----\n'

function itemsOf(text: string): string[] {
  const reader = new DocumentReader(text, 'document')
  const items: string[] = []
  while (reader.next()) items.push(`${reader.keyword}|${reader.words(0).join('|')}`)
  return items
}

describe('the reader of documents', () => {
  it('gives the items one after the other, objects or not', () => {
    expect(itemsOf(`a\nb 1 2\nc-3\n${OBJECT}d x\n`)).to.deep.equal(['a|', 'b|1|2', 'c-3|', 'd|x'])
  })

  it('takes any spaces and tabs between arguments, and empty lines between items', () => {
    expect(itemsOf('a\t1  2 \t3 \n\n\nb \n')).to.deep.equal(['a|1|2|3', 'b|'])
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

  it('reads an object of many lines without trouble', () => {
    expect(itemsOf(`a\n-----BEGIN A-----\n${'QUJD\n'.repeat(200_000)}-----END A-----\nb\n`)).to.deep.equal(['a|', 'b|'])
  })
})
