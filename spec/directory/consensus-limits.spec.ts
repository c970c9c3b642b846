import { sha256 } from '@noble/hashes/sha2.js'
import { expect } from 'chai'
import { parseConsensus } from '../../lib/directory/consensus.ts'
import { encodeBase64 } from '../../lib/directory/text/encoding.ts'
import { READ_A_SLICE } from '../../lib/base/waiting/slices.ts'
import { consensusAround } from './support/generated.ts'
import { consensusOf, countedPauses, expectRejected, replaced } from './support/helpers.ts'

const ENTRY = `r lisdex AAAErLudKby6FyVrs1ko3b/Iq6k 2038-01-01 00:00:00 152.53.144.50 8443 0
a [2a0a:4cc0:c1:2aac::1]:8443
m vtKpzB+Vw6LlETW6txvAH+1G6gJIl6x1D/N3NZdPK24
s Fast Guard Running Stable V2Dir Valid
v Tor 0.4.9.9
pr Link=3-5 Relay=2-6
w Bandwidth=53000
`
const FULL = consensusAround(ENTRY)

describe('a consensus that nobody need have signed', () => {
  /** Something that no reader lets pass, if it comes so far. */
  const TRAP = '_trap\n'
  const times = (count: number, line: string): string => line.repeat(count)
  const inHeader = (lines: string): string => replaced(FULL, 'voting-delay', `${lines}voting-delay`)
  const inEntry = (lines: string): string => replaced(FULL, 'v Tor', `${lines}v Tor`)
  const inFooter = (lines: string): string => replaced(FULL, 'bandwidth-weights', `${lines}bandwidth-weights`)
  const SIGNATURE = FULL.slice(FULL.indexOf('directory-signature'))
  const FUTURE = SIGNATURE.replace('sha256', 'sha3 x')

  const repeated: readonly (readonly [what: string, most: string, more: string, problem: RegExp])[] = [
    [
      'addresses of a relay',
      inEntry(times(6, 'a [::1]:1\n')),
      inEntry(times(7, 'a [::1]:1\n') + TRAP),
      /too many addresses/,
    ],
    [
      'items of a relay',
      inEntry(times(58, 'x\n')),
      inEntry(times(64, 'x\n') + TRAP),
      /a relay in it has too many items/,
    ],
    ['items of the header', inHeader(times(990, 'x\n')), inHeader(times(1000, 'x\n') + TRAP), /its header is too long/],
    ['items of the footer', inFooter(times(99, 'x\n')), inFooter(times(101, 'x\n') + TRAP), /its footer is too long/],
    ['signatures', FULL + times(255, SIGNATURE), FULL + times(256, SIGNATURE) + TRAP, /too many signatures/],
    ['signatures of the future', FULL + times(255, FUTURE), FULL + times(256, FUTURE) + TRAP, /too many signatures/],
    [
      'parameters',
      replaced(FULL, 'strange=-5', Array.from({ length: 998 }, (_, index) => `p${index}=1`).join(' ')),
      replaced(FULL, 'strange=-5', `${Array.from({ length: 1100 }, (_, index) => `p${index}=1`).join(' ')} ?`),
      /"params" has too many arguments/,
    ],
    [
      'bandwidth weights',
      replaced(FULL, 'Wbd=817', Array.from({ length: 999 }, (_, index) => `p${index}=1`).join(' ')),
      replaced(FULL, 'Wbd=817', `${Array.from({ length: 1100 }, (_, index) => `p${index}=1`).join(' ')} ?`),
      /"bandwidth-weights" has too many arguments/,
    ],
    [
      'flags of a relay',
      replaced(FULL, 's Fast', `s ${times(900, 'X ')}`),
      replaced(FULL, 's Fast', `s ${times(1100, 'X ')}`),
      /"s" has too many/,
    ],
    [
      'words of a bandwidth',
      replaced(FULL, '=53000', `=53000 ${times(900, 'X ')}`),
      replaced(FULL, '=53000', `=53000 ${times(1100, 'X ')}`),
      /"w" has too many/,
    ],
    [
      'words of a vote-status',
      FULL,
      replaced(FULL, 'vote-status consensus', `vote-status consensus${times(1100, ' x')}`),
      /"vote-status" has too many/,
    ],
  ]
  for (const [what, most, more, problem] of repeated) {
    it(`is read up to as many ${what} as may be, and not a line further`, async () => {
      await consensusOf(most)
      expect((await expectRejected(consensusOf(more))).message).to.match(problem)
    })
  }

  it('has protocols that are passed over, not read, when there are more than can be', async () => {
    for (const line of [times(300, 'X=1 '), `Relay=${'1,'.repeat(30_000)}1`, 'Relay=0-4294967295']) {
      const [relay] = (await consensusOf(replaced(FULL, 'Link=3-5', line))).relays
      expect(relay?.protocols.supports('Relay', 2), line.slice(0, 20)).to.equal(false)
    }
  })

  it('may have 50,000 relays', async () => {
    const entries = Array.from({ length: 50_001 }, (_, index) => {
      const identity = new Uint8Array(20)
      new DataView(identity.buffer).setUint32(0, index)
      return `r a ${encodeBase64(identity)} 2038-01-01 00:00:00 1.2.3.4 1 0\nm ${'A'.repeat(43)}\ns Fast\n`
    })
    expect((await consensusOf(consensusAround(entries.slice(1).join('')))).relays).to.have.length(50_000)
    expect((await expectRejected(consensusOf(consensusAround(entries.join('') + TRAP)))).message).to.match(
      /too many relays/,
    )
  })

  const long: readonly (readonly [what: string, text: string])[] = [
    ['its header', inHeader(times(60, `x ${'y'.repeat(60_000)}\n`))],
    ['an entry', inEntry(times(50, `x ${'y'.repeat(60_000)}\n`))],
    ['objects', inHeader(times(50, `x\n-----BEGIN A-----\n${'QUJD\n'.repeat(12_000)}-----END A-----\n`))],
    ['empty lines', inHeader(times(50, `x\n${'\n'.repeat(60_000)}`))],
    ['its footer', inFooter(times(50, `x ${'y'.repeat(60_000)}\n`))],
    ['signatures', FULL + times(50, SIGNATURE.replace('\n', `${' x'.repeat(30_000)}\n`).replace('sha256', 'sha3'))],
  ]
  for (const [what, text] of long) {
    it(`gives other tasks their turn, however long ${what} may be`, async () => {
      // Of one that is there as bytes a piece may end within an object, where there are far too many.
      const asBytes = what === 'objects' || what === 'signatures' ? [] : [new TextEncoder().encode(text)]
      for (const document of [text, ...asBytes]) {
        const { pauses, pause } = countedPauses()
        await parseConsensus(document, { pause })
        expect(pauses()).to.be.at.least(Math.floor(text.length / (READ_A_SLICE + 2 * 65_536)))
      }
    })
  }

  it('is hashed as a whole where a slice ends within a character of two halves', async () => {
    for (const shift of ['', 'y']) {
      const text = inHeader(times(5, `x ${shift}${'\u{1f9c5}'.repeat(32_000)}\n`))
      const { digests } = await parseConsensus(text)
      const signed = text.slice(0, text.indexOf('directory-signature ') + 'directory-signature '.length)
      expect([...digests]).to.deep.equal([['sha256', sha256(new TextEncoder().encode(signed))]])
    }
  })
})
