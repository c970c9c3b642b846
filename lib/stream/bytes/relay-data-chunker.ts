/**
 * The TransformStream that cuts writes into RelayData-sized pieces.
 *
 * @module
 */
import type { BufferSource } from '../../base/streams/buffer-source.ts'
import { checkOptions, type OptionNames } from '../../base/checks.ts'
import { MAX_DATA } from '../../cell/relay/relay-cell-v0.ts'
import { bytesOf, RelayDataRun } from './relay-data-run.ts'
import type { StreamConstructors } from '../../base/streams/stream-constructors.ts'

/** Options of a {@link RelayDataChunker}. */
export interface RelayDataChunkerOptions {
  /**
   * How many bytes the next piece has at most; asked anew for each piece, as a circuit now and then wants a short cell.
   *
   * @defaultValue 498, the most that a DATA cell of relay cell format v0 carries
   */
  readonly cellSize?: number | (() => number)
  /**
   * Give each chunk as one lazy run that is cut by whoever packs it, as a stream's own data path has it, and take the
   * next chunk when that run is packed.
   *
   * @defaultValue false
   */
  readonly lazy?: boolean
}

const CHUNKER_OPTION_NAMES: OptionNames<RelayDataChunkerOptions> = { cellSize: true, lazy: true }

/** A runtime without Web Streams can still import this module. */
const NativeTransformStream: typeof TransformStream = globalThis.TransformStream ?? class MissingTransformStream {}

/**
 * Cuts bytes of any size into pieces that each fit one RELAY_DATA cell. It holds no bytes between chunks: the last
 * piece of a chunk may be short. Pieces are views of the chunk.
 *
 * ```ts
 * import { RelayDataChunker } from 'tor-streams/stream'
 *
 * const pieces = new Blob(['a'.repeat(1000)]).stream().pipeThrough(new RelayDataChunker())
 * // 498, 498 and 4 bytes
 * ```
 */
export class RelayDataChunker<Output extends Uint8Array | RelayDataRun = Uint8Array> extends NativeTransformStream<
  BufferSource,
  Output
> {
  /**
   * @throws TypeError for an option that is none; TypeError or RangeError when `cellSize` is neither a positive integer nor a function. If the function gives
   * something else than a positive integer, the stream errors with that RangeError.
   */
  constructor(options: RelayDataChunkerOptions = {}) {
    checkOptions(options, CHUNKER_OPTION_NAMES)
    if (options.lazy === true) super(runTransformer as Transformer<BufferSource, Output>, ...RUN_STRATEGIES)
    else super(pieceTransformer(options) as Transformer<BufferSource, Output>)
  }
}

/** The chunker of a stream's data path, made with these streams. */
export function createRunChunker(streams: StreamConstructors): TransformStream<BufferSource, RelayDataRun> {
  return streams.TransformStream === NativeTransformStream
    ? new RelayDataChunker<RelayDataRun>({ lazy: true })
    : new streams.TransformStream(runTransformer, ...RUN_STRATEGIES)
}

/** Nothing is queued ahead of the packer. */
const RUN_STRATEGIES: readonly [QueuingStrategy<BufferSource>, QueuingStrategy] = [
  { highWaterMark: 1 },
  { highWaterMark: 0 },
]

/** Turns each chunk into one lazy run, and takes the next chunk when that run is packed. */
const runTransformer: Transformer<BufferSource, RelayDataRun> = {
  transform(chunk, controller) {
    const run = new RelayDataRun(bytesOf(chunk))
    if (run.remaining === 0) return undefined
    controller.enqueue(run)
    return run.packed
  },
}

function pieceTransformer({ cellSize = MAX_DATA }: RelayDataChunkerOptions): Transformer<BufferSource, Uint8Array> {
  if (typeof cellSize !== 'function') checkCellSize(cellSize)
  const nextSize = typeof cellSize === 'function' ? () => checkCellSize(cellSize()) : () => cellSize
  return {
    transform(chunk, controller) {
      const run = new RelayDataRun(bytesOf(chunk))
      while (run.remaining > 0) controller.enqueue(run.take(nextSize()))
    },
  }
}

function checkCellSize(cellSize: unknown): number {
  if (typeof cellSize !== 'number')
    throw new TypeError(`Cannot cut pieces as cellSize must be a number or a function: ${typeof cellSize}`)
  if (!Number.isInteger(cellSize) || cellSize < 1)
    throw new RangeError(`Cannot cut pieces as cellSize must be a positive integer: ${cellSize}`)
  return cellSize
}
