import { shake256 } from '@noble/hashes/sha3.js'
import { bytesToHex } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { DIGEST, looksRecognized, writeHeader } from '../../../lib/cell/relay/relay-cell-v0.ts'
import { BODY_SIZE } from '../../../lib/cell/body-size.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../../../lib/circuit/onion/hop-crypto.ts'
import {
  backwardRoom,
  encryptFor,
  forwardRoom,
  peel,
  refillBackward,
  refillForward,
} from '../../../lib/circuit/onion/onion.ts'
import type { EarlyCell } from '../../../lib/circuit/onion/onion.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { Platform } from '../../../lib/platform/platform.ts'
import { webPlatform } from '../../../lib/platform/web.ts'
import { referenceSha1 } from '../../platform/crypto/digests/support/reference-sha1.ts'
import type { ReferenceSha1 } from '../../platform/crypto/digests/support/reference-sha1.ts'
import { unlessEngineLacks } from '../../support/engines.ts'
import { relayCryptKeys, relayCryptSeed, relayCryptVectors } from './vectors/relay-crypt.ts'

/** Cells that the reference can take. */
const REFERENCE_CELLS = 128

/** One direction of one hop, a cell at a time and as simple as can be: what the batches are compared with. */
class ReferenceDirection {
  #at = 0
  readonly #keystream: Uint8Array
  #hash: ReferenceSha1

  constructor(keystream: Uint8Array, seed: Uint8Array) {
    this.#keystream = keystream
    this.#hash = referenceSha1().update(seed)
  }

  crypt(cell: Uint8Array): void {
    for (let at = 0; at < BODY_SIZE; at++) cell[at] = (cell[at] as number) ^ (this.#keystream[this.#at++] as number)
  }

  seal(cell: Uint8Array): void {
    cell.fill(0, DIGEST, DIGEST + 4)
    this.#hash.update(cell)
    cell.set(this.tag().subarray(0, 4), DIGEST)
  }

  recognizes(cell: Uint8Array): boolean {
    if (cell[1] !== 0 || cell[2] !== 0) return false
    const zeroed = new Uint8Array(cell).fill(0, DIGEST, DIGEST + 4)
    const hash = this.#hash.clone().update(zeroed)
    if (bytesToHex(hash.clone().digest().subarray(0, 4)) !== bytesToHex(cell.subarray(DIGEST, DIGEST + 4))) return false
    this.#hash = hash
    return true
  }

  tag(): Uint8Array {
    return this.#hash.clone().digest()
  }
}

interface ReferenceHop {
  readonly forward: ReferenceDirection
  readonly backward: ReferenceDirection
}

async function referenceHop(keys: Uint8Array<ArrayBuffer>): Promise<ReferenceHop> {
  const keystream = async (raw: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => {
    const key = await crypto.subtle.importKey('raw', raw, 'AES-CTR', false, ['encrypt'])
    const algorithm = { name: 'AES-CTR', counter: new Uint8Array(16), length: 128 }
    return new Uint8Array(await crypto.subtle.encrypt(algorithm, key, new Uint8Array(REFERENCE_CELLS * BODY_SIZE)))
  }
  return {
    forward: new ReferenceDirection(await keystream(keys.slice(40, 56)), keys.subarray(0, 20)),
    backward: new ReferenceDirection(await keystream(keys.slice(56, 72)), keys.subarray(20, 40)),
  }
}

const randomKeys = (): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(HOP_KEY_SIZE))

/** A plain DATA cell whose body says which one it is. */
function plainCell(mark: number): Uint8Array {
  const cell = new Uint8Array(BODY_SIZE).fill(mark)
  writeHeader(cell, 0, 2, mark + 1, 498)
  return cell
}

function join(cells: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(cells.length * BODY_SIZE)
  cells.forEach((cell, index) => all.set(cell, index * BODY_SIZE))
  return all
}

const cellOf = (bodies: Uint8Array, index: number): Uint8Array =>
  new Uint8Array(bodies.subarray(index * BODY_SIZE, (index + 1) * BODY_SIZE))

/** What a circuit makes of one inbound cell. */
interface Outcome {
  readonly hop: number | undefined
  readonly body: string
  readonly tag: string | undefined
}

/** One cell at a time, one layer at a time. */
function peelNaively(hops: readonly ReferenceHop[], cell: Uint8Array): Outcome {
  for (const [hop, { backward }] of hops.entries()) {
    backward.crypt(cell)
    if (backward.recognizes(cell)) return { hop, body: bytesToHex(cell), tag: bytesToHex(backward.tag()) }
  }
  return { hop: undefined, body: bytesToHex(cell), tag: undefined }
}

/** Does with a batch what a circuit does. */
async function peelBatch(hops: readonly HopCrypto[], bodies: Uint8Array, count: number): Promise<Outcome[]> {
  await refillBackward(hops, count)
  const { bodies: rest, count: restCount, early } = peel(hops, bodies, count)
  expect(restCount + (early?.length ?? 0)).to.equal(count)
  expect(early?.length).to.not.equal(0)
  expect(rest.length).to.equal(restCount * BODY_SIZE)
  const outcomes: Outcome[] = []
  const waiting: EarlyCell[] = [...(early ?? [])]
  const last = hops.length - 1
  const digest = (hops[last] as HopCrypto).backward.digest
  for (let index = 0, next = 0; index < count; index++) {
    if (waiting[0]?.index === index) {
      const { hop, body, tag } = waiting.shift() as EarlyCell
      outcomes.push({ hop, body: bytesToHex(body), tag: bytesToHex(tag) })
      continue
    }
    const offset = next++ * BODY_SIZE
    const known = looksRecognized(rest, offset) && digest.verify(rest, offset)
    const body = bytesToHex(cellOf(rest, offset / BODY_SIZE))
    outcomes.push({ hop: known ? last : undefined, body, tag: known ? bytesToHex(digest.tag()) : undefined })
  }
  return outcomes
}

const platforms: Platform[] = [currentPlatform()]
if (currentPlatform().name !== 'web') platforms.push(webPlatform())

for (const platform of platforms) {
  describe(`onion encryption on ${platform.name}`, () => {
    it('encrypts for the last of three hops as the tor client does, in batches of any size', async () => {
      for (const batch of [1, 7, 51]) {
        const hops = relayCryptKeys.map((text) => new HopCrypto(new TextEncoder().encode(text), platform))
        const random = shake256.create({}).update(new TextEncoder().encode(relayCryptSeed))
        const cells: Uint8Array[] = []
        for (let cell = 0; cell < 51; cell += batch) {
          const count = Math.min(batch, 51 - cell)
          const bodies = new Uint8Array(count * BODY_SIZE)
          for (let offset = 0; offset < bodies.length; offset += BODY_SIZE) {
            writeHeader(bodies, offset, 2, 1, 498)
            bodies.set(random.xof(498), offset + 11)
            hops[2]?.forward.digest.seal(bodies, offset)
          }
          await refillForward(hops, 2, count)
          const encrypted = encryptFor(hops, 2, bodies)
          expect(encrypted.length).to.equal(count * BODY_SIZE)
          for (let index = 0; index < count; index++) cells.push(cellOf(encrypted, index))
        }
        for (const [index, hex] of relayCryptVectors) expect(bytesToHex(cells[index] as Uint8Array)).to.equal(hex)
      }
    })

    it('encrypts batches for any hop as one cell at a time would be, and only that hop recognises them', async () => {
      const batches = fc.array(fc.record({ target: fc.nat({ max: 3 }), count: fc.integer({ min: 1, max: 12 }) }), {
        maxLength: 8,
      })
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 4 }), batches, async (length, sends) => {
          const keys = Array.from({ length }, randomKeys)
          const hops = keys.map((key) => new HopCrypto(key, platform))
          const naive = await Promise.all(keys.map(referenceHop))
          const relays = await Promise.all(keys.map(referenceHop))
          let mark = 0
          for (const send of sends) {
            const target = Math.min(send.target, length - 1)
            const plain = Array.from({ length: send.count }, () => plainCell(mark++))
            const bodies = join(plain)
            for (let offset = 0; offset < bodies.length; offset += BODY_SIZE)
              hops[target]?.forward.digest.seal(bodies, offset)
            await refillForward(hops, target, send.count)
            const encrypted = encryptFor(hops, target, bodies)
            for (const [index, cell] of plain.entries()) {
              naive[target]?.forward.seal(cell)
              const sealed = bytesToHex(cell)
              for (let hop = target; hop >= 0; hop--) naive[hop]?.forward.crypt(cell)
              expect(bytesToHex(cellOf(encrypted, index))).to.equal(bytesToHex(cell))
              for (const [hop, relay] of relays.slice(0, target + 1).entries()) {
                relay.forward.crypt(cell)
                expect(relay.forward.recognizes(cell)).to.equal(hop === target)
              }
              expect(bytesToHex(cell)).to.equal(sealed)
            }
          }
        }),
        { numRuns: 15 },
      )
    })

    it('peels batches of cells from any hops exactly as one cell at a time would be', async () => {
      const cell = fc.record({
        hop: fc.oneof({ weight: 3, arbitrary: fc.constant(9) }, fc.nat({ max: 3 })),
        // Looks recognised at its hop, but bears a wrong digest.
        forged: fc.oneof({ weight: 12, arbitrary: fc.constant(false) }, fc.constant(true)),
      })
      const batches = fc.array(fc.array(cell, { maxLength: 14 }), { maxLength: 8 })
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 4 }), batches, async (length, sends) => {
          const keys = Array.from({ length }, randomKeys)
          const hops = keys.map((key) => new HopCrypto(key, platform))
          const naive = await Promise.all(keys.map(referenceHop))
          const relays = await Promise.all(keys.map(referenceHop))
          let mark = 0
          for (const send of sends) {
            const cells = send.map(({ hop, forged }) => {
              const origin = Math.min(hop, length - 1)
              const body = plainCell(mark++)
              if (forged) body.fill(0xee, DIGEST, DIGEST + 4)
              else relays[origin]?.backward.seal(body)
              for (let at = origin; at >= 0; at--) relays[at]?.backward.crypt(body)
              return body
            })
            const outcomes = await peelBatch(hops, join(cells), cells.length)
            expect(outcomes).to.deep.equal(cells.map((body) => peelNaively(naive, body)))
            // Until a forged cell breaks the keystreams behind it, each cell is found at the hop that sent it.
            if (sends.flat().every(({ forged }) => !forged)) {
              expect(outcomes.map(({ hop }) => hop)).to.deep.equal(send.map(({ hop }) => Math.min(hop, length - 1)))
            }
          }
        }),
        { numRuns: 30 },
      )
    })

    it('finds a cell of an earlier hop at the start, in the middle and at the end of a batch', async () => {
      for (const position of [0, 3, 6]) {
        const keys = [randomKeys(), randomKeys(), randomKeys()]
        const hops = keys.map((key) => new HopCrypto(key, platform))
        const relays = await Promise.all(keys.map(referenceHop))
        const origins = Array.from({ length: 7 }, (_, index) => (index === position ? 1 : 2))
        const cells = origins.map((origin, index) => {
          const body = plainCell(index)
          relays[origin]?.backward.seal(body)
          for (let at = origin; at >= 0; at--) relays[at]?.backward.crypt(body)
          return body
        })
        const outcomes = await peelBatch(hops, join(cells), 7)
        expect(outcomes.map(({ hop }) => hop)).to.deep.equal(origins)
      }
    })

    it('peels a batch that is all of earlier hops, and an empty one', async () => {
      const keys = [randomKeys(), randomKeys()]
      const hops = keys.map((key) => new HopCrypto(key, platform))
      const relay = await referenceHop(keys[0] as Uint8Array<ArrayBuffer>)
      const cells = [0, 1, 2].map((mark) => {
        const body = plainCell(mark)
        relay.backward.seal(body)
        relay.backward.crypt(body)
        return body
      })
      await refillBackward(hops, 3)
      const { count, early } = peel(hops, join(cells), 3)
      expect(count).to.equal(0)
      expect(early?.map(({ index, hop }) => [index, hop])).to.deep.equal([
        [0, 0],
        [1, 0],
        [2, 0],
      ])
      expect(peel(hops, new Uint8Array(0), 0)).to.include({ count: 0, early: undefined })
    })

    it('gives early cells that are not overwritten by what is done with the rest', async () => {
      const keys = [randomKeys(), randomKeys()]
      const hops = keys.map((key) => new HopCrypto(key, platform))
      const relay = await referenceHop(keys[0] as Uint8Array<ArrayBuffer>)
      const body = plainCell(1)
      relay.backward.seal(body)
      const plain = new Uint8Array(body)
      relay.backward.crypt(body)
      await refillBackward(hops, 3)
      const bodies = join([body, plainCell(2), plainCell(3)])
      const peeled = peel(hops, bodies, 3)
      bodies.fill(0xff)
      peeled.bodies.fill(0xff)
      expect(peeled.early?.[0]?.body).to.deep.equal(plain)
    })

    it('uses only the first cells of a longer buffer', async () => {
      const key = randomKeys()
      const hops = [new HopCrypto(key, platform)]
      const relay = await referenceHop(key)
      const first = plainCell(1)
      const second = plainCell(2)
      for (const body of [first, second]) {
        relay.backward.seal(body)
        relay.backward.crypt(body)
      }
      expect((await peelBatch(hops, join([first, plainCell(9)]), 1)).map(({ hop }) => hop)).to.deep.equal([0])
      expect((await peelBatch(hops, second, 1)).map(({ hop }) => hop)).to.deep.equal([0])
    })

    it('refuses to peel for a circuit without hops', () => {
      expect(() => peel([], new Uint8Array(0), 0)).to.throw(RangeError, '"hops"')
    })
  })
}

describe('onion encryption with keystream that is made ahead', () => {
  const keys = [randomKeys(), randomKeys(), randomKeys()]
  const bodies = join([plainCell(1), plainCell(2)])

  it('has no room at first, and has it after a refill', async () => {
    const hops = keys.map((key) => new HopCrypto(key, webPlatform()))
    expect(forwardRoom(hops, 2)).to.equal(0)
    expect(backwardRoom(hops)).to.equal(0)
    await refillForward(hops, 2, 700)
    expect(forwardRoom(hops, 2)).to.be.at.least(700)
    await refillBackward(hops, 700)
    expect(backwardRoom(hops)).to.be.at.least(700)
  })

  it('counts only the layers up to the target', async () => {
    const hops = keys.map((key) => new HopCrypto(key, webPlatform()))
    await refillForward(hops, 0, 40)
    expect(forwardRoom(hops, 0)).to.be.at.least(40)
    expect(forwardRoom(hops, 2)).to.be.below(40)
  })

  it('refuses a batch beyond the room and changes nothing, whichever layer falls short', async () => {
    for (const short of [0, 1, 2]) {
      const hops = keys.map((key) => new HopCrypto(key, webPlatform()))
      const filled = hops.filter((_, index) => index !== short)
      await Promise.all([refillForward(filled, 1, 2), refillBackward(filled, 2)])
      const { forward, backward } = hops[short] as HopCrypto
      // Leave less than two cells in one layer.
      forward.keystream.apply(new Uint8Array(Math.max(0, forward.keystream.available - BODY_SIZE)))
      backward.keystream.apply(new Uint8Array(Math.max(0, backward.keystream.available - BODY_SIZE)))
      const before = hops.map((hop) => [hop.forward.keystream.available, hop.backward.keystream.available])
      const sent = new Uint8Array(bodies)
      expect(() => encryptFor(hops, 2, sent)).to.throw(RangeError, 'keystream')
      expect(() => peel(hops, sent, 2)).to.throw(RangeError, 'keystream')
      expect(sent).to.deep.equal(bodies)
      expect(hops.map((hop) => [hop.forward.keystream.available, hop.backward.keystream.available])).to.deep.equal(
        before,
      )
    }
  })

  unlessEngineLacks('synchronous cipher').it('has room without end where the cipher is synchronous', () => {
    const hops = keys.map((key) => new HopCrypto(key, currentPlatform()))
    expect(forwardRoom(hops, 2)).to.equal(Infinity)
    expect(backwardRoom(hops)).to.equal(Infinity)
  })
})
