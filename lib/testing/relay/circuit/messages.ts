/**
 * Relay messages as a test relay sees and makes them.
 *
 * @module
 */
import { RelayCommand } from '../../../cell/commands.ts'
import { DIGEST, HEADER_SIZE, MAX_DATA, writeHeader } from '../../../cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../../cell/body-size.ts'

/**
 * A message that the client sent to this relay. Its bytes are views that hold until the hook that is given it returns.
 */
export interface ReceivedMessage {
  /** See `RelayCommand`; a client may send others. */
  readonly command: number
  /** 0 for a message to the circuit. */
  readonly streamId: number
  /** The length that the cell claims. */
  readonly length: number
  /** True when it came in a RELAY_EARLY cell. */
  readonly early: boolean
  /** The message's body: `length` bytes, or all 498 when the cell claims more. */
  readonly body: Uint8Array
  /** All 509 decrypted bytes, padding included. */
  readonly cell: Uint8Array
}

/** A message that the client sent to a relay, as the relay's log keeps it. */
export interface LoggedMessage {
  /** See `RelayCommand`. */
  readonly command: number
  /** 0 for a message to the circuit. */
  readonly streamId: number
  /** The length that the cell claimed, in bytes. */
  readonly length: number
  /** True when it came in a RELAY_EARLY cell. */
  readonly early: boolean
  /** A copy of the body; undefined for DATA. */
  readonly body: Uint8Array<ArrayBuffer> | undefined
}

/** A message to make, with whatever is to be wrong with it. */
export interface OutgoingMessage {
  /** See `RelayCommand`; any byte. */
  readonly command: number
  /** 0, the circuit, by default. */
  readonly streamId?: number
  /** At most 498 bytes; empty by default. */
  readonly body?: Uint8Array
  /** Sends it in a RELAY_EARLY cell. */
  readonly early?: boolean
  /** What the length field says, if not the body's length. */
  readonly length?: number
  /** What the two bytes of `recognized` say, 0 by default. */
  readonly recognized?: number
  /** The 4 bytes of the digest field, in place of the right ones. The running digest does not advance then. */
  readonly digest?: Uint8Array
}

/** How many messages a {@link MessageLog} keeps. */
export const MESSAGE_LOG_SIZE = 5_000

/** The last {@link MESSAGE_LOG_SIZE} messages, and a fifth more while they come in. */
export class MessageLog {
  /** In the order in which they came. */
  readonly entries: LoggedMessage[] = []

  /** Keeps a message, without its body if it is DATA. */
  add(message: ReceivedMessage, isData: boolean): void {
    const { command, streamId, length, early, body } = message
    this.entries.push({ command, streamId, length, early, body: isData ? undefined : new Uint8Array(body) })
    if (this.entries.length > MESSAGE_LOG_SIZE * 1.2) this.entries.splice(0, this.entries.length - MESSAGE_LOG_SIZE)
  }
}

/**
 * The 509 plain bytes of a message, but for its digest, which is 0 unless the message brings one. After the body come 4
 * zero bytes and then those of `padding` (tor-spec, "Relay cells"; proposal 289).
 */
export function packMessage(
  message: OutgoingMessage,
  padding: (length: number) => Uint8Array,
): Uint8Array<ArrayBuffer> {
  const { command, streamId = 0, body = new Uint8Array(0), recognized = 0, digest } = message
  if (body.length > MAX_DATA)
    throw new RangeError(`Cannot send "body" as it is longer than ${MAX_DATA} bytes: ${body.length}`)
  const cell = new Uint8Array(BODY_SIZE)
  writeHeader(cell, 0, command, streamId, message.length ?? body.length)
  cell[1] = recognized >>> 8
  cell[2] = recognized & 0xff
  if (digest !== undefined) cell.set(digest.subarray(0, 4), DIGEST)
  cell.set(body, HEADER_SIZE)
  const free = HEADER_SIZE + body.length + 4
  if (free < BODY_SIZE) cell.set(padding(BODY_SIZE - free), free)
  return cell
}

/** The 509 plain bytes of each of the DATA messages that `bytes` take, one after the other, padded as in {@link packMessage}. */
export function packData(
  streamId: number,
  bytes: Uint8Array,
  padding: (length: number) => Uint8Array,
): Uint8Array<ArrayBuffer> {
  const count = Math.ceil(bytes.length / MAX_DATA)
  const bodies = new Uint8Array(count * BODY_SIZE)
  for (let index = 0; index < count; index += 1) {
    const offset = index * BODY_SIZE
    const part = bytes.subarray(index * MAX_DATA, (index + 1) * MAX_DATA)
    writeHeader(bodies, offset, RelayCommand.DATA, streamId, part.length)
    bodies.set(part, offset + HEADER_SIZE)
    const free = HEADER_SIZE + part.length + 4
    if (free < BODY_SIZE) bodies.set(padding(BODY_SIZE - free), offset + free)
  }
  return bodies
}
