/**
 * A long document that is there as bytes, read piece by piece: it is never there as one long text, and no piece takes long.
 *
 * @module
 */

/** How long a piece is, in bytes, and how much longer at most, but for its last line. */
const PIECE = 65_536
const AHEAD = 32_768

const NEWLINE = 10

/**
 * The document in pieces, each of which but the first begins with a line that begins with `start`, or with any where there are
 * none such for long. Each has one character for each byte, so that a place in the text is one in the document.
 *
 * @param start - in ASCII
 * @throws TypeError when a piece is no UTF-8
 */
export function* documentPieces(document: Uint8Array, start: string): Generator<string, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const codes = Array.from(start, (character) => character.charCodeAt(0))
  const isStart = (at: number): boolean => codes.every((code, index) => document[at + index] === code)
  for (let from = 0; from < document.length;) {
    const most = from + PIECE + AHEAD
    let end = from + PIECE
    do end = document.indexOf(NEWLINE, end) + 1
    while (end !== 0 && end < most && !isStart(end))
    const piece = document.subarray(from, end === 0 ? document.length : end)
    const text = decoder.decode(piece)
    yield text.length === piece.length ? text : new TextDecoder('latin1').decode(piece)
    from += piece.length
  }
  return undefined
}
