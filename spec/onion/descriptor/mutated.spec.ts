import { expect } from 'chai'
import { asciiBytes } from '../../../lib/cell/bytes.ts'
import { parseInner } from '../../../lib/onion/descriptor/inner.ts'
import { parseMiddle } from '../../../lib/onion/descriptor/middle.ts'
import { parseOuter } from '../../../lib/onion/descriptor/outer.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { fc } from '../../support/seed.ts'
import * as everybodys from '../vectors/open-descriptor.ts'
import * as withPow from '../vectors/second-layer-with-pow.ts'

const platform = currentPlatform()

const MIDDLE = `desc-auth-type x25519
desc-auth-ephemeral-key ${'A'.repeat(43)}=
auth-client ${'A'.repeat(11)} ${'A'.repeat(22)} ${'A'.repeat(22)}
encrypted
-----BEGIN MESSAGE-----
AAAA
-----END MESSAGE-----`

/** A text with some stretches left out, doubled or written over. */
const mutated = (text: string): fc.Arbitrary<string> =>
  fc
    .array(
      fc.record({
        at: fc.nat({ max: text.length }),
        length: fc.nat({ max: 80 }),
        how: fc.constantFrom('cut', 'double', 'zero', 'newline', 'junk'),
      }),
      { minLength: 1, maxLength: 4 },
    )
    .map((changes) =>
      changes.reduce((changed, { at, length, how }) => {
        const part = changed.slice(at, at + length)
        const between = { cut: '', double: part + part, zero: '\0', newline: '\n', junk: '\u00ff-----BEGIN ' }[how]
        return changed.slice(0, at) + between + changed.slice(at + length)
      }, text),
    )

/** Reads, and fails for any error but one of ours. */
function readable(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    expect(error).to.be.instanceOf(TorError)
    expect((error as TorError).code).to.be.oneOf(['DIRECTORY_MALFORMED', 'CELL_MALFORMED'])
  }
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

describe('Mutated descriptors', function () {
  this.timeout(60_000)

  it('throw nothing but what says that they are malformed, in any layer', () => {
    const { blindedKey, now } = everybodys
    fc.assert(
      fc.property(mutated(everybodys.text), (text) => readable(() => parseOuter(text, { blindedKey, now, platform }))),
      { numRuns: 3000 },
    )
    fc.assert(
      fc.property(mutated(MIDDLE), (text) => readable(() => parseMiddle(latin1(text)))),
      { numRuns: 3000 },
    )
    const rule = { signingKey: new Uint8Array(32), now: withPow.now, testing: true, sendmeIncrement: 31, platform }
    fc.assert(
      fc.property(mutated(withPow.text), (text) => readable(() => parseInner(latin1(text), rule))),
      { numRuns: 3000 },
    )
    expect(() => parseMiddle(asciiBytes(MIDDLE))).to.not.throw()
  })
})
