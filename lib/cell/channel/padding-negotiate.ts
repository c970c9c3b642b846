/**
 * The PADDING_NEGOTIATE cell of link protocol 5: a client tells its first relay whether, and how often, to pad the link
 * (padding-spec, "Connection-level padding").
 *
 * @module
 */
import { ByteReader, ByteWriter } from '../bytes.ts'

const VERSION = 0
const STOP = 1
const START = 2

/** What a PADDING_NEGOTIATE cell asks for. */
export type PaddingNegotiate =
  | { readonly command: 'stop' }
  | {
      readonly command: 'start'
      /** The shortest and the longest time without a cell before one of padding is sent, in ms. */
      readonly low: number
      readonly high: number
    }

/** The body of a PADDING_NEGOTIATE cell, unpadded. */
export function encodePaddingNegotiate(message: PaddingNegotiate): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().u8(VERSION)
  if (message.command === 'stop') return writer.u8(STOP).u16(0).u16(0).finish()
  return writer.u8(START).u16(message.low).u16(message.high).finish()
}

/**
 * Reads the body of a PADDING_NEGOTIATE cell. Throws `CELL_MALFORMED`, also for a version or a command without a
 * meaning.
 */
export function decodePaddingNegotiate(body: Uint8Array): PaddingNegotiate {
  const reader = new ByteReader(body, 'PADDING_NEGOTIATE cell')
  const version = reader.u8()
  if (version !== VERSION) reader.fail(`its version is ${version}`)
  const command = reader.u8()
  const low = reader.u16()
  const high = reader.u16()
  if (command === STOP) return { command: 'stop' }
  if (command === START) return { command: 'start', low, high }
  return reader.fail(`its command is ${command}`)
}
