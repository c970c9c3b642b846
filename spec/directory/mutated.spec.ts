import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { parseKeyCertificates } from '../../lib/directory/key-certificate.ts'
import { TorError } from '../../lib/base/errors.ts'
import { consensusOf, entriesOf } from './support/helpers.ts'
import { mutate, mutations } from './support/mutations.ts'
import { CERTIFICATES } from './samples/certificates.ts'
import { CONSENSUS } from './samples/consensus.ts'
import { MICRODESCRIPTORS } from './samples/microdescriptors.ts'

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
