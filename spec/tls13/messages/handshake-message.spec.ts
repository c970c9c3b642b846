import { expect } from 'chai'
import fc from 'fast-check'
import { joinBytes } from '../../../lib/base/bytes/join-bytes.ts'
import {
  HandshakeReader,
  handshakeMessage,
  type HandshakeMessage,
} from '../../../lib/tls13/messages/handshake-message.ts'

/** How many bytes a message has whose every byte comes in a record of its own. */
const LONG = 20_000

/** How many bytes arrays are filled with meanwhile, from other arrays. */
function copiedIn(action: () => void): number {
  let copied = 0
  const set = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype) as object, 'set')
  const prototype = Object.getPrototypeOf(Uint8Array.prototype) as { set: Uint8Array['set'] }
  const { set: original } = prototype
  prototype.set = function (this: Uint8Array, source: ArrayLike<number>, offset?: number): void {
    copied += source.length
    original.call(this, source, offset)
  }
  try {
    action()
  } finally {
    Object.defineProperty(prototype, 'set', set as PropertyDescriptor)
  }
  return copied
}

function all(reader: HandshakeReader): HandshakeMessage[] {
  const messages: HandshakeMessage[] = []
  for (let next = reader.next(); next !== undefined; next = reader.next()) messages.push(next)
  return messages
}

describe('Messages of a TLS handshake', function () {
  it('come whole and stay as they are, however they are spread over records', () => {
    const message = fc.record({ type: fc.nat(255), body: fc.uint8Array({ maxLength: 300 }) })
    const cuts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 })
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), cuts, (sent, sizes) => {
        const bytes = joinBytes(sent.map(({ type, body }) => handshakeMessage(type, body)))
        const reader = new HandshakeReader()
        const came: HandshakeMessage[] = []
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = sizes[turn % sizes.length] as number
          reader.add(bytes.subarray(at, at + size))
          came.push(...all(reader))
          at += size
        }
        expect(reader.isAtBoundary).to.equal(true)
        expect(came.map(({ type, body }) => ({ type, body: [...body] }))).to.deep.equal(
          sent.map(({ type, body }) => ({ type, body: [...body] })),
        )
        expect(joinBytes(came.map(({ whole }) => whole))).to.deep.equal(bytes)
      }),
    )
  })

  it('take work in proportion to their bytes, where each comes in a record of its own', () => {
    const bytes = handshakeMessage(11, new Uint8Array(LONG))
    const reader = new HandshakeReader()
    const messages: HandshakeMessage[] = []
    const copied = copiedIn(() => {
      for (let at = 0; at < bytes.length; at++) {
        reader.add(bytes.subarray(at, at + 1))
        messages.push(...all(reader))
      }
    })
    expect(messages.map(({ body }) => body.length)).to.deep.equal([LONG])
    expect(copied).to.be.within(LONG, 4 * LONG)
  })
})
