import { expect } from 'chai'
import { parseConsensus } from '../../../lib/directory/consensus.ts'
import { documentPieces } from '../../../lib/directory/text/pieces.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { generateNetwork } from '../support/generated.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const piecesOf = (text: string): string[] => [...documentPieces(bytesOf(text), 'r ')]

/** The longest that a piece of lines without end is. */
const LONGEST = 65_536 + 32_768

describe('A long document in pieces', () => {
  const { consensus } = generateNetwork(1500)

  it('is cut where a relay begins, each piece from 64 kB on, and is all there', () => {
    const pieces = piecesOf(consensus)
    expect(pieces.length).to.be.within(5, 20)
    expect(pieces.join('')).to.equal(consensus)
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) expect(piece.startsWith('r ')).to.equal(true)
      if (index < pieces.length - 1) expect(piece.length).to.be.within(65_536, 66_536)
    }
  })

  it('is cut at any line where no relay begins, and within no line', () => {
    for (const line of ['\n', 'x\n', `x ${'y'.repeat(9000)}\n`]) {
      const text = line.repeat(400_000 / line.length)
      const pieces = piecesOf(text)
      expect(pieces.join('')).to.equal(text)
      for (const piece of pieces) {
        expect(piece.endsWith('\n')).to.equal(true)
        expect(piece.length).to.be.at.most(LONGEST + line.length)
      }
    }
    expect(piecesOf('x'.repeat(300_000))).to.deep.equal(['x'.repeat(300_000)])
    expect(piecesOf('')).to.deep.equal([])
  })

  it('has a character for each byte, whatever it says', () => {
    const text = `x \u{1f9c5}\u00e9\u20ac\n${'r a\n'.repeat(40_000)}`
    const pieces = piecesOf(text)
    expect(pieces.map(({ length }) => length).reduce((sum, length) => sum + length)).to.equal(bytesOf(text).length)
    expect(() => [...documentPieces(Uint8Array.of(0xff, 10), 'r ')]).to.throw(TypeError)
  })

  it('is the same consensus, with the same digests, as in one text', async () => {
    const [before, after] = consensus.split('voting-delay') as [string, string]
    for (const text of [consensus, `${before}contact \u{1f9c5}\u00e9\nvoting-delay${after}`]) {
      const [whole, cut] = await Promise.all([parseConsensus(text), parseConsensus(bytesOf(text))])
      expect(cut.relays).to.have.length(1500)
      expect(cut).to.deep.equal(whole)
      expect(cut.relays.map(({ nickname, addresses }) => [nickname, addresses])).to.deep.equal(
        whole.relays.map(({ nickname, addresses }) => [nickname, addresses]),
      )
    }
  })

  it('is malformed as a consensus when a piece is no UTF-8, has a zero byte, or ends within a line', async () => {
    const at = consensus.length >> 1
    for (const byte of [0xff, 0]) {
      const bytes = bytesOf(consensus)
      bytes[at] = byte
      const error: unknown = await parseConsensus(bytes).catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(TorError)
      expect((error as TorError).code).to.equal('DIRECTORY_MALFORMED')
    }
    for (const bytes of [bytesOf(consensus).subarray(0, at), new Uint8Array()]) {
      const error: unknown = await parseConsensus(bytes).catch((thrown: unknown) => thrown)
      expect((error as TorError).code).to.equal('DIRECTORY_MALFORMED')
    }
  })
})
