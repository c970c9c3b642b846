/**
 * A body out of the bytes of its connection, as its framing delimits it. No I/O.
 *
 * @module
 */
import type { BodyDecoder } from './body-decoder.ts'
import type { Framing } from './framing.ts'
import { takeUpTo, type ByteCursor } from '../message/byte-cursor.ts'
import { ChunkedDecoder } from './chunked-decoder.ts'
import { HttpError, type MessageKind } from '../message/http-error.ts'

/** A body of so many bytes. */
class LengthDecoder implements BodyDecoder {
  readonly #of: MessageKind
  #left: number

  constructor(length: number, of: MessageKind) {
    this.#left = length
    this.#of = of
  }

  get done(): boolean {
    return this.#left === 0
  }

  take(input: ByteCursor): Uint8Array | undefined {
    const piece = takeUpTo(input, this.#left)
    this.#left -= piece?.length ?? 0
    return piece
  }

  end(): void {
    if (!this.done)
      throw new HttpError(
        'HTTP_TRUNCATED',
        `the body of the ${this.#of} was cut short: ${this.#left} bytes are missing`,
      )
  }
}

/** A body up to the end of the connection. */
class CloseDecoder implements BodyDecoder {
  done = false

  take(input: ByteCursor): Uint8Array | undefined {
    return takeUpTo(input, Infinity)
  }

  end(): void {
    this.done = true
  }
}

/** The decoder for a framing. */
export function decoderFor(framing: Framing, of: MessageKind): BodyDecoder {
  switch (framing.kind) {
    case 'none':
      return new LengthDecoder(0, of)
    case 'length':
      return new LengthDecoder(framing.length, of)
    case 'chunked':
      return new ChunkedDecoder(of)
    case 'close':
      return new CloseDecoder()
  }
}
