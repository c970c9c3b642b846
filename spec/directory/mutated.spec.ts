import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { parseKeyCertificates } from '../../lib/directory/key-certificate.ts'
import { TorError } from '../../lib/base/errors.ts'
import { consensusOf, entriesOf } from './support/helpers.ts'
import { CERTIFICATES } from './samples/certificates.ts'
import { CONSENSUS } from './samples/consensus.ts'
import { MICRODESCRIPTORS } from './samples/microdescriptors.ts'

/** One change to a document: what is done, where, how far from there, and what comes into it. */
type Mutation = readonly [kind: number, at: number, length: number, text: string]

const PIECES = [
  '\n',
  ' ',
  '\0',
  '\t',
  '\r\n',
  '-',
  '=',
  'é',
  '\u{1f9c5}',
  '9'.repeat(400),
  '-----BEGIN A-----\n',
  '-----END SIGNATURE-----\n',
  'directory-footer\n',
  'directory-signature ',
  'r ',
  '\nm ',
  '\nonion-key\n',
  'dir-key-certificate-version 3\n',
  '-1',
  '4294967296',
  '__proto__=1',
  'NaN',
  '$'.repeat(90),
  'A'.repeat(3000),
]

const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.tuple(fc.nat(5), fc.nat(0xffff), fc.nat(300), fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 4 }))),
  { minLength: 1, maxLength: 4 },
)

function mutate(text: string, [kind, position, length, piece]: Mutation): string {
  const at = position % (text.length + 1)
  switch (kind) {
    case 0:
      return text.slice(0, at) + piece + text.slice(at + piece.length)
    case 1:
      return text.slice(0, at) + piece + text.slice(at)
    case 2:
      return text.slice(0, at) + text.slice(at + length)
    case 3:
      return text.slice(0, at) + text.slice(at, at + length).repeat(2) + text.slice(at + length)
    case 4:
      return text.slice(0, at)
    default: {
      // Two neighbouring lines change places.
      const lines = text.split('\n')
      const line = at % lines.length
      lines.splice(line, 2, ...lines.slice(line, line + 2).reverse())
      return lines.join('\n')
    }
  }
}

/** Parses, or is refused as malformed. */
async function isParsedOrRefused(parse: () => unknown): Promise<void> {
  try {
    await parse()
  } catch (error) {
    expect(error).to.be.instanceOf(TorError)
    expect((error as TorError).code).to.equal('DIRECTORY_MALFORMED')
  }
}

const runs = async (count: number, text: string, parse: (text: string) => unknown): Promise<void> =>
  fc.assert(
    fc.asyncProperty(mutations, (changes) => isParsedOrRefused(() => parse(changes.reduce(mutate, text)))),
    { numRuns: count },
  )

/** A consensus with three of its relays and one of its signatures. */
const SMALL_CONSENSUS = CONSENSUS.replace(/^r relay2[^]*(?=directory-footer)/m, '').replace(
  /(END SIGNATURE-----\n)[^]*/,
  '$1',
)

describe('10,000 mutated documents', () => {
  it('of which 5,000 are consensuses are parsed or refused', async () => {
    expect((await consensusOf(SMALL_CONSENSUS)).relays).to.have.length(4)
    await runs(5000, SMALL_CONSENSUS, consensusOf)
  })

  it('of which 3,000 are microdescriptors are parsed or refused', async () => {
    await runs(3000, MICRODESCRIPTORS.slice(0, MICRODESCRIPTORS.indexOf('onion-key\n', 800)), entriesOf)
  })

  it('of which 2,000 are certificates are parsed or refused', async () => {
    await runs(
      2000,
      CERTIFICATES.slice(0, CERTIFICATES.indexOf('dir-key-certificate-version', 1)),
      parseKeyCertificates,
    )
  })
})
