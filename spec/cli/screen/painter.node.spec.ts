import { expect } from 'chai'
import fc from 'fast-check'
import { cut, piece, type Line } from '../../../lib/cli/screen/line.ts'
import { keysOf } from '../../../lib/cli/screen/keys.ts'
import { Painter } from '../../../lib/cli/screen/painter.ts'
import { TerminalPicture } from '../support/terminal-picture.ts'

const lines = (...texts: string[]): Line[] => texts.map((text) => [piece(text, 'warning')])
const size = (columns: number, rows: number): { columns: number; rows: number } => ({ columns, rows })

describe("The proxy's screen: the painter", () => {
  it('draws on a screen of its own, without a cursor, and gives back what was there', () => {
    const picture = new TerminalPicture(20, 2)
    const painter = new Painter(false)
    picture.write(painter.enter())
    expect([picture.isOther, picture.isCursorShown]).to.deep.equal([true, false])
    picture.write(painter.leave())
    expect([picture.isOther, picture.isCursorShown]).to.deep.equal([false, true])
  })

  it('writes nothing where nothing has changed, and the changed line alone where one has', () => {
    const painter = new Painter(false)
    painter.paint(lines('one', 'two'), size(10, 2))
    expect(painter.paint(lines('one', 'two'), size(10, 2))).to.equal('')
    expect(painter.paint(lines('one', 'three'), size(10, 2))).to.equal('\x1b[2;1H\x1b[Kthree')
  })

  it('draws all of it again on a terminal of another size, and after it was away', () => {
    const painter = new Painter(false)
    painter.paint(lines('one'), size(10, 1))
    expect(painter.paint(lines('one'), size(11, 1))).to.include('one')
    painter.leave()
    painter.enter()
    expect(painter.paint(lines('one'), size(11, 1))).to.include('one')
  })

  it('has no attribute at all without colours', () => {
    const picture = new TerminalPicture(10, 1)
    picture.write(new Painter(false).enter())
    picture.write(new Painter(false).paint(lines('one'), size(10, 1)))
    expect([...picture.attributes]).to.deep.equal([])
    picture.write(new Painter(true).paint(lines('two'), size(10, 1)))
    expect([...picture.attributes]).to.deep.equal(['33', '0'])
  })

  it('makes the terminal show the newest lines, whatever was there before', () => {
    const text = fc.string({ maxLength: 12 }).map((each) => each.replaceAll(/[^\x20-\x7e]/g, '.'))
    const drawing = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.array(text, { minLength: 1, maxLength: 5 }))
    fc.assert(
      fc.property(fc.array(drawing, { minLength: 1, maxLength: 6 }), fc.boolean(), (drawings, isColoured) => {
        const painter = new Painter(isColoured)
        const picture = new TerminalPicture(12, 5)
        picture.write(painter.enter())
        let before = { columns: 12, rows: 5 }
        for (const [columns, texts] of drawings) {
          const given = size(columns, texts.length)
          if (columns !== before.columns || texts.length !== before.rows) picture.resize(columns, texts.length)
          before = given
          const drawn = texts.map((each) => cut([piece(each, 'title')], columns))
          picture.write(painter.paint(drawn, given))
          expect(picture.lines).to.deep.equal(
            drawn.map((line) =>
              line
                .map((each) => each.text)
                .join('')
                .trimEnd(),
            ),
          )
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe("The proxy's screen: keys", () => {
  it('knows its letters, in both cases, and those of Ctrl', () => {
    expect(keysOf('nNhH?qQ')).to.deep.equal(['identity', 'identity', 'help', 'help', 'help', 'quit', 'quit'])
    expect(keysOf('\x03\x04\x1a')).to.deep.equal(['interrupt', 'quit', 'suspend'])
  })

  it('takes no letter of a sequence for a key: arrows, function keys, the mouse, what is pasted', () => {
    for (const sequence of ['\x1b[A', '\x1bOq', '\x1b[15~', '\x1b[<0;10;20M', '\x1b[200~', '\x1bn', '\x1b', '\x1b['])
      expect(keysOf(sequence), JSON.stringify(sequence)).to.deep.equal(['other'])
    expect(keysOf('\x1b[Aq')).to.deep.equal(['other', 'quit'])
  })

  it('makes something of anything', () => {
    fc.assert(
      fc.property(fc.string(), (text) => keysOf(text).length <= text.length),
      { numRuns: 100 },
    )
  })
})
