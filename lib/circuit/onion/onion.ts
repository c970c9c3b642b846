/**
 * Onion encryption at the client's end of a circuit, for many cells at a time (tor-spec, "Routing relay cells"). Bodies
 * of 509 bytes stand one after the other, so that each layer is one pass of its cipher over the whole batch.
 *
 * Hops are given in the order of the path: index 0 is the guard. The running digests belong to the caller, but for the
 * cells of earlier hops that {@link peel} finds.
 *
 * @module
 */
import { looksRecognized } from '../../cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../cell/body-size.ts'
import type { Keystream } from '../../platform/crypto/ciphers/keystream.ts'
import type { DirectionCrypto, HopCrypto } from './hop-crypto.ts'

/** A cell that came from a hop before the last one. */
export interface EarlyCell {
  /** Which cell of the batch it was, from 0. */
  readonly index: number
  /** The hop that sent it, from 0. */
  readonly hop: number
  /** Its 509 plain bytes. */
  readonly body: Uint8Array
  /** The hop's 20-byte digest right after this cell: the tag of an authenticated SENDME. */
  readonly tag: Uint8Array
}

/** What is left of a batch whose outer layers are removed already: the path has become longer meanwhile. */
export interface RestOfBatch {
  /** The last hop whose layer is removed. */
  readonly removed: number
  /** Where in the batch each of the cells was. */
  readonly positions: readonly number[]
}

/** A batch of inbound cells without its layers of encryption. */
export interface Peeled {
  /**
   * The cells that no earlier hop sent, in their order, all layers removed: `count` bodies of 509 bytes. They are *not*
   * verified: the caller asks the last hop's `backward.digest.verify` for one after the other, in this order. A cell
   * that fails it came from nobody.
   */
  readonly bodies: Uint8Array
  /** How many cells `bodies` holds. */
  readonly count: number
  /** The cells of earlier hops, verified, by rising index; undefined when there is none. */
  readonly early: readonly EarlyCell[] | undefined
}

/**
 * Encrypts a batch for `hops[target]`: `bodies` are sealed with that hop's forward digest already. Returns the cells as
 * they go to the guard, in `bodies` itself or in a fresh buffer.
 *
 * @throws RangeError, with nothing changed, when the batch is more than {@link forwardRoom}
 */
export function encryptFor(hops: readonly HopCrypto[], target: number, bodies: Uint8Array): Uint8Array {
  expectRoom(forwardRoom(hops, target), bodies.length / BODY_SIZE)
  let cells = bodies
  for (let hop = target; hop >= 0; hop--) cells = (hops[hop] as HopCrypto).forward.keystream.apply(cells)
  return cells
}

/**
 * How many cells {@link encryptFor} can take for this target now; Infinity where the runtime's cipher is synchronous.
 */
export function forwardRoom(hops: readonly HopCrypto[], target: number): number {
  let room = Infinity
  for (let hop = 0; hop <= target; hop++) room = Math.min(room, roomOf((hops[hop] as HopCrypto).forward.keystream))
  return room
}

/** Resolves when {@link forwardRoom} is at least `cells`, unless others take of it meanwhile. */
export function refillForward(hops: readonly HopCrypto[], target: number, cells: number): Promise<void> {
  return refill(
    hops.slice(0, target + 1).map((hop) => hop.forward),
    cells,
  )
}

/** How many inbound cells {@link peel} can take now; Infinity where the runtime's cipher is synchronous. */
export function backwardRoom(hops: readonly HopCrypto[], from = 0): number {
  let room = Infinity
  for (let hop = from; hop < hops.length; hop++)
    room = Math.min(room, roomOf((hops[hop] as HopCrypto).backward.keystream))
  return room
}

/** Resolves when {@link backwardRoom} is at least `cells`. */
export function refillBackward(hops: readonly HopCrypto[], cells: number, from = 0): Promise<void> {
  return refill(
    hops.slice(from).map((hop) => hop.backward),
    cells,
  )
}

/**
 * Removes the layers of a batch of `count` inbound cells. Hop by hop the cells that it sent are taken out before the
 * next layer is removed from the rest, so that every keystream advances by exactly the cells that its hop has
 * encrypted.
 *
 * `bodies` is used up: the result may stand in the same buffer.
 *
 * @param rest - for what is left of a batch, to which hops were added since it was peeled
 * @throws RangeError, with nothing changed, when there is no hop or the batch is more than {@link backwardRoom}
 */
export function peel(hops: readonly HopCrypto[], bodies: Uint8Array, count: number, rest?: RestOfBatch): Peeled {
  const last = hops.length - 1
  if (last < 0) throw new RangeError('"hops" must not be empty')
  const removed = rest?.removed ?? -1
  expectRoom(backwardRoom(hops, removed + 1), count)
  let cells = bodies.length === count * BODY_SIZE ? bodies : bodies.subarray(0, count * BODY_SIZE)
  let early: EarlyCell[] | undefined
  // originals[i]: the index within the batch of what is cell i by now. Undefined while they are the same.
  let originals: number[] | undefined = rest && [...rest.positions]

  for (let hop = Math.max(removed, 0); ; hop++) {
    const { keystream, digest } = (hops[hop] as HopCrypto).backward
    if (hop > removed) cells = keystream.apply(cells)
    if (hop === last) break
    const length = cells.length
    let kept = 0
    for (let offset = 0; offset < length; offset += BODY_SIZE) {
      if (looksRecognized(cells, offset) && digest.verify(cells, offset)) {
        const position = offset / BODY_SIZE
        const index: number = originals?.[position] ?? position
        early ??= []
        early.push({ index, hop, body: new Uint8Array(cells.subarray(offset, offset + BODY_SIZE)), tag: digest.tag() })
        originals ??= Array.from({ length: count }, (_, cell) => cell)
      } else {
        if (kept !== offset) {
          cells.copyWithin(kept, offset, offset + BODY_SIZE)
          if (originals) originals[kept / BODY_SIZE] = originals[offset / BODY_SIZE] as number
        }
        kept += BODY_SIZE
      }
    }
    if (kept !== length) cells = cells.subarray(0, kept)
    if (kept === 0) break
  }
  early?.sort((a, b) => a.index - b.index)
  return { bodies: cells, count: cells.length / BODY_SIZE, early }
}

const roomOf = (keystream: Keystream): number => Math.floor(keystream.available / BODY_SIZE)

function expectRoom(room: number, count: number): void {
  if (count > room) throw new RangeError(`Cannot take ${count} cells as there is keystream for ${room}`)
}

async function refill(directions: readonly DirectionCrypto[], cells: number): Promise<void> {
  const bytes = cells * BODY_SIZE
  const short = directions.filter(({ keystream }) => keystream.available < bytes)
  await Promise.all(short.map(({ keystream }) => keystream.refill(bytes)))
}
