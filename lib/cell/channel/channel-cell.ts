/**
 * Channel cells of link protocol 4 and 5 (tor-spec, "Cell packet format"), with circuit ids of four bytes.
 *
 * ```text
 * fixed     circuit id 4, command 1, body 509
 * variable  circuit id 4, command 1, length 2, body
 * VERSIONS  circuit id 2, command 1, length 2, body      (sent before a version is agreed on)
 * ```
 *
 * Cells are cut out of a link's bytes in channel/deframer.ts.
 *
 * @module
 */
import { ByteReader } from '../bytes.ts'
import { CellCommand } from '../commands.ts'
import { BODY_SIZE } from '../body-size.ts'

/** Bytes of a fixed-size cell: 514. */
export const FIXED_CELL_SIZE = 514

/** Bytes ahead of a fixed-size cell's body. */
export const FIXED_HEADER_SIZE = 5

/** Bytes ahead of a variable-length cell's body. */
export const VARIABLE_HEADER_SIZE = 7

/** Bytes ahead of a VERSIONS cell's body. */
export const VERSIONS_HEADER_SIZE = 5

/** The longest body of a variable-length cell: 65,535 bytes. */
export const MAX_VARIABLE_BODY = 0xffff

/** True when cells of this command bear a length: VERSIONS, and every command from 128 on. */
export const isVariableLength = (command: number): boolean => command >= 128 || command === CellCommand.VERSIONS

/** Writes the header of a fixed-size cell at `at`: the circuit id and the command. */
export function writeFixedHeader(target: Uint8Array, at: number, circuitId: number, command: number): void {
  target[at] = circuitId >>> 24
  target[at + 1] = circuitId >>> 16
  target[at + 2] = circuitId >>> 8
  target[at + 3] = circuitId
  target[at + 4] = command
}

/**
 * One cell, fixed (its body padded with zeros) or variable as its command has it. Throws a RangeError when the body is
 * too long. A VERSIONS cell that opens a link has another form: {@link encodeVersions}.
 */
export function encodeCell(circuitId: number, command: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const variable = isVariableLength(command)
  const limit = variable ? MAX_VARIABLE_BODY : BODY_SIZE
  if (body.length > limit)
    throw new RangeError(`Cannot encode a cell as "body" has ${body.length} bytes, more than ${limit}`)
  const cell = new Uint8Array(variable ? VARIABLE_HEADER_SIZE + body.length : FIXED_CELL_SIZE)
  writeFixedHeader(cell, 0, circuitId, command)
  if (variable) {
    cell[5] = body.length >>> 8
    cell[6] = body.length
  }
  cell.set(body, variable ? VARIABLE_HEADER_SIZE : FIXED_HEADER_SIZE)
  return cell
}

/** The VERSIONS cell that opens a link, whole, with its circuit id of two bytes (tor-spec, "Negotiating versions"). */
export function encodeVersions(versions: readonly number[]): Uint8Array<ArrayBuffer> {
  const cell = new Uint8Array(VERSIONS_HEADER_SIZE + 2 * versions.length)
  cell[2] = CellCommand.VERSIONS
  cell[3] = (2 * versions.length) >>> 8
  cell[4] = 2 * versions.length
  versions.forEach((version, index) => {
    cell[VERSIONS_HEADER_SIZE + 2 * index] = version >>> 8
    cell[VERSIONS_HEADER_SIZE + 2 * index + 1] = version
  })
  return cell
}

/**
 * The versions that the body of a VERSIONS cell names, in its order. Throws `CELL_MALFORMED` when its length is odd.
 */
export function decodeVersions(body: Uint8Array): number[] {
  const reader = new ByteReader(body, 'VERSIONS cell')
  const versions: number[] = []
  while (reader.remaining > 0) versions.push(reader.u16())
  return versions
}
