/** What the specs of lib/cell share. */
import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { formatIPv4, formatIPv6 } from '../../../lib/cell/ip-address.ts'
import { TorError } from '../../../lib/base/errors.ts'

/** Bytes written as hex digits; spaces and line ends are ignored. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  const digits = text.replace(/\s/g, '')
  expect(digits).to.match(/^([0-9a-f]{2})*$/i)
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** The characters of `text` as bytes, one each. */
export const latin1 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text, (character) => character.charCodeAt(0))

/** `bytes` with zeros up to the 509 bytes of a fixed-size cell's body. */
export function padded(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const body = new Uint8Array(509)
  body.set(bytes)
  return body
}

/** What `call` throws; fails when it does not. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return expect.fail('nothing was thrown')
}

/** Checks that `call` throws the TorError of malformed bytes. */
export function expectMalformed(call: () => unknown): void {
  const error = thrownBy(call)
  expect(error).to.be.instanceOf(TorError)
  expect((error as TorError).code).to.equal('CELL_MALFORMED')
}

/**
 * Checks that whatever bytes come, `decode` returns or throws the TorError of malformed bytes, and reads nothing beyond
 * them.
 */
export function expectTotal(
  decode: (body: Uint8Array) => unknown,
  interesting: fc.Arbitrary<Uint8Array> = fc.constant(new Uint8Array()),
): void {
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 600 }), interesting), (body) => {
      // The same bytes amid others: what stands around them must make no difference.
      const outcome = (bytes: Uint8Array): unknown => {
        try {
          return decode(bytes)
        } catch (error) {
          expect(error).to.be.instanceOf(TorError)
          expect((error as TorError).code).to.equal('CELL_MALFORMED')
          return (error as TorError).message
        }
      }
      const around = new Uint8Array(body.length + 64).fill(0xa5)
      around.set(body, 32)
      expect(outcome(around.subarray(32, 32 + body.length))).to.deep.equal(outcome(body))
    }),
  )
}

/** IPv4 addresses as text. */
export const ipv4Text: fc.Arbitrary<string> = fc.uint8Array({ minLength: 4, maxLength: 4 }).map(formatIPv4)

/** IPv6 addresses as text, with runs of zeros. */
export const ipv6Text: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), { minLength: 8, maxLength: 8 })
  .map((groups) => formatIPv6(Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]))))

/** TTLs in seconds. */
export const ttl: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0x7fff_ffff })

/** Any TCP port but 0. */
export const port: fc.Arbitrary<number> = fc.integer({ min: 1, max: 0xffff })
