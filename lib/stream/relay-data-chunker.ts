/**
 * The TransformStream that cuts writes into RelayData-sized pieces.
 *
 * @module
 */
import { MAX_DATA } from '../cell/relay-cell-v0.ts'
import { bytesOf, RelayDataRun } from './relay-data-run.ts'
import type { StreamConstructors } from './web-streams.ts'

/** Options of a {@link RelayDataChunker}. */
export interface RelayDataChunkerOptions {
  /**
   * How many bytes the next piece has at most; asked anew for each piece, as a circuit now and then wants a short cell.
   *
   * @defaultValue 498, the most that a DATA cell of relay cell format v0 carries
   */
  readonly cellSize?: number | (() => number)
}

/** Turns each chunk into one lazy run, and takes the next chunk when that run is packed. */
export const runTransformer: Transformer<BufferSource, RelayDataRun> = {
  transform(chunk, controller) {
    const run = new RelayDataRun(bytesOf(chunk))
    if (run.remaining === 0) return undefined
    controller.enqueue(run)
    return run.packed
  },
}

/**
 * The chunker as it stands on a stream's data path: one run a chunk goes through, nothing is queued. A run is cut by whoever
 * packs it.
 */
export function createRunChunker(streams: StreamConstructors): TransformStream<BufferSource, RelayDataRun> {
  return new streams.TransformStream(runTransformer, { highWaterMark: 1 }, { highWaterMark: 0 })
}

/** A runtime without Web Streams can still import this module. */
const NativeTransformStream: typeof TransformStream = globalThis.TransformStream ?? class MissingTransformStream {}

/**
 * Cuts bytes of any size into pieces that each fit one RELAY_DATA cell. It holds no bytes between chunks: the last piece
 * of a chunk may be short. Pieces are views of the chunk.
 *
 * ```ts
 * import { RelayDataChunker } from 'tor-streams/stream'
 *
 * const pieces = new Blob(['a'.repeat(1000)]).stream().pipeThrough(new RelayDataChunker())
 * // 498, 498 and 4 bytes
 * ```
 */
export class RelayDataChunker extends NativeTransformStream<BufferSource, Uint8Array> {
  /**
   * @throws TypeError or RangeError when `cellSize` is neither a positive integer nor a function. If the function gives
   * something else than a positive integer, the stream errors with that RangeError.
   */
  constructor(options: RelayDataChunkerOptions = {}) {
    const { cellSize = MAX_DATA } = options
    if (typeof cellSize !== 'function') checkCellSize(cellSize)
    const nextSize = typeof cellSize === 'function' ? () => checkCellSize(cellSize()) : () => cellSize
    super({
      transform(chunk, controller) {
        const run = new RelayDataRun(bytesOf(chunk))
        while (run.remaining > 0) controller.enqueue(run.take(nextSize()))
      },
    })
  }
}

function checkCellSize(cellSize: unknown): number {
  if (typeof cellSize !== 'number') throw new TypeError(`Cannot cut pieces as cellSize must be a number or a function: ${typeof cellSize}`)
  if (!Number.isInteger(cellSize) || cellSize < 1) throw new RangeError(`Cannot cut pieces as cellSize must be a positive integer: ${cellSize}`)
  return cellSize
}
