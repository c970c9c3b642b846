/**
 * A download as the benchmarks in pages serve it, by a WebSocket or whatever else takes bytes.
 *
 * @module
 */
import type { WebSocket } from 'ws'

const PIECE = new Uint8Array(65_536)

/** What may wait in a WebSocket of the server's. */
const MOST_WAITING = 1_048_576

/** Sends so many bytes in pieces, as fast as `write` takes them. */
export async function serveDownload(length: number, write: (piece: Uint8Array) => Promise<void>): Promise<void> {
  for (let left = length; left > 0; left -= PIECE.length) await write(PIECE.subarray(0, Math.min(left, PIECE.length)))
}

/** Resolves when the WebSocket may take another piece. */
export const sendPiece = (socket: WebSocket, piece: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    const sent = (error?: Error | null): void => (error ? reject(error) : resolve())
    if (socket.bufferedAmount > MOST_WAITING) socket.send(piece, sent)
    else (socket.send(piece, () => undefined), resolve())
  })
