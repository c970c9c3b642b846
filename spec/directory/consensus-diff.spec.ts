import { expect } from 'chai'
import { TorError } from '../../lib/base/errors.ts'
import {
  applyConsensusDiff,
  digestAsSigned,
  isConsensusDiff,
  type DiffBase,
} from '../../lib/directory/consensus-diff.ts'
import { sha3_256 } from '@noble/hashes/sha3.js'
import { encodeHex } from '../../lib/directory/text/encoding.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import type { LongHash } from '../../lib/platform/crypto/digests/running-digest.ts'
import { digestAsSignedOf, editScript, writeConsensusDiff } from '../../lib/testing/directory/consensus-diff-writer.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { fc } from '../support/seed.ts'
import { CONSENSUS } from './samples/consensus.ts'
import { mutate, mutations } from './support/mutations.ts'

const HOUR = 3_600_000
const LIMIT = 1_000_000

/** How many diffs are mutated: more than in a run of the specs by this, in Node. */
const MUTATIONS = Number(
  (globalThis as { process?: { env: Record<string, string> } }).process?.env['TOR_STREAMS_MUTATIONS'] ?? 3000,
)

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const hashOf = (text: string): string => encodeHex(sha3_256(bytesOf(text)))
const A = 'A'.repeat(64)

describe('A consensus diff', () => {
  const newHash = (): LongHash => currentPlatform().sha3Hash()

  const apply = async (diff: string, base: DiffBase, limit = LIMIT): Promise<string> =>
    new TextDecoder().decode(await applyConsensusDiff(diff, base, { newHash, limit }))

  /** Applies commands to a text, with digests that are right if `result` is. */
  const edit = (text: string, commands: string, result = ''): Promise<string> =>
    apply(`network-status-diff-version 1\nhash ${A} ${hashOf(result)}\n${commands}`, {
      bytes: bytesOf(text),
      digest: A,
    })

  const refusal = async (refused: Promise<unknown>): Promise<string> => {
    const error: unknown = await refused.catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(TorError)
    expect((error as TorError).code).to.equal('DIRECTORY_MALFORMED')
    return (error as TorError).message.replace('the consensus diff is no good: ', '')
  }

  const edits: readonly (readonly [commands: string, result: string])[] = [
    ['', '1\n2\n3\n4\n5\n'],
    ['1d\n', '2\n3\n4\n5\n'],
    ['5d\n', '1\n2\n3\n4\n'],
    ['2,4d\n', '1\n5\n'],
    ['1,5d\n', ''],
    ['2,$d\n', '1\n'],
    ['1,$d\n0a\nx\n.\n', 'x\n'],
    ['0a\nx\ny\n.\n', 'x\ny\n1\n2\n3\n4\n5\n'],
    ['5a\nx\n.\n', '1\n2\n3\n4\n5\nx\n'],
    ['3c\nx\n.\n', '1\n2\nx\n4\n5\n'],
    ['2,3c\nx\ny\nz\n.\n', '1\nx\ny\nz\n4\n5\n'],
    ['5a\n..\n.\n4d\n3c\n. \n.\n2a\nc\n.\n0a\n1d\n.\n', '1d\n1\n2\nc\n. \n5\n..\n'],
  ]
  for (const [commands, result] of edits) {
    it(`makes ${JSON.stringify(result)} of five lines by ${JSON.stringify(commands)}`, async () => {
      expect(await edit('1\n2\n3\n4\n5\n', commands, result)).to.equal(result)
    })
  }

  const faults: readonly (readonly [commands: string, why: RegExp])[] = [
    ['x\n', /none/],
    ['d\n', /none/],
    ['1\n', /none/],
    ['1x\n', /none/],
    ['1dd\n', /none/],
    [' 1d\n', /none/],
    ['1d \n', /none/],
    ['-1d\n', /none/],
    ['$d\n', /none/],
    ['1,d\n', /none/],
    ['1,2,3d\n', /none/],
    ['9999999999d\n', /none/],
    ['s/a/b/\n', /none/],
    ['\n', /none/],
    ['1d', /does not end/],
    ['2,1d\n', /range/],
    ['2,2d\n', /range/],
    ['1,2a\nx\n.\n', /range/],
    ['1,$c\nx\n.\n', /range/],
    ['0d\n', /ahead of the first/],
    ['0c\nx\n.\n', /ahead of the first/],
    ['1d\n2d\n', /reverse order/],
    ['2d\n2d\n', /reverse order/],
    ['3d\n2,3d\n', /reverse order/],
    ['2a\nx\n.\n3a\nx\n.\n', /reverse order/],
    ['6d\n', /not there/],
    ['6a\nx\n.\n', /not there/],
    ['4,6c\nx\n.\n', /not there/],
    ['6,$d\n', /not there/],
    ['1a\n.\n', /adds nothing/],
    ['1c\n.\n', /adds nothing/],
    ['1a\nx\n', /does not end/],
    ['1a\nx\n.', /does not end/],
    ['1a\n', /does not end/],
    ['1d\n1,1\n', /none/],
  ]
  for (const [commands, why] of faults) {
    it(`is refused with ${JSON.stringify(commands)}`, async () => {
      expect(await refusal(edit('1\n2\n3\n4\n5\n', commands))).to.match(why)
    })
  }

  it('is refused when it does not begin as one, is from another consensus, or comes to something else', async () => {
    const base = { bytes: bytesOf('1\n'), digest: A }
    const of = (head: string): Promise<string> => refusal(apply(`${head}1d\n`, base))
    const B = 'B'.repeat(64)
    expect(await of('')).to.match(/begins/)
    expect(await of(`network-status-diff-version 2\nhash ${A} ${A}\n`)).to.match(/begins/)
    expect(await of(`network-status-diff-version 1\nhash ${A}\n`)).to.match(/begins/)
    expect(await of(`network-status-diff-version 1\nhash ${A} ${A} ${A}\n`)).to.match(/begins/)
    expect(await of(`network-status-diff-version 1\nhash ${A.slice(1)} ${A}\n`)).to.match(/begins/)
    expect(await of(`network-status-diff-version 1\nhash ${B} ${A}\n`)).to.match(/another/)
    expect(await of(`network-status-diff-version 1\nhash ${A} ${B}\n`)).to.match(/promises/)
  })

  it('comes to no more than is allowed, and has no more commands than a consensus has lines', async () => {
    const text = '1\n'.repeat(1000)
    const base = { bytes: bytesOf(text), digest: A }
    const head = `network-status-diff-version 1\nhash ${A} ${hashOf(text)}\n`
    expect(await apply(head, base, text.length)).to.equal(text)
    expect(await refusal(apply(head, base, text.length - 1))).to.match(/more than 1999 bytes/)
    expect(await refusal(apply(`${head}${'0a\nx\n.\n'.repeat(200_001)}`, base))).to.match(/too many/)
  })

  it('gives other tasks their turn, whatever it is made of', async () => {
    const size = 2_000_000
    const long: readonly (readonly [what: string, text: string, commands: string])[] = [
      ['what it adds, in short lines', '1\n', `0a\n${'\n'.repeat(size)}.\n`],
      ['commands', '1\n', '0a\nx\n.\n'.repeat(199_999)],
      ['digits', '1\n', '1'.repeat(size)],
      ['lines ahead of the first command', '\n'.repeat(size), `${size}d\n`],
      ['lines that go', '\n'.repeat(size), `2,${size}d\n`],
      ['lines that stay', '\n'.repeat(size), ''],
    ]
    for (const [what, text, commands] of long) {
      let pauses = 0
      const pause = (): Promise<void> => {
        pauses += 1
        return Promise.resolve()
      }
      const head = `network-status-diff-version 1\nhash ${A} ${A}\n`
      const applied = applyConsensusDiff(
        `${head}${commands}`,
        { bytes: bytesOf(text), digest: A },
        { newHash, limit: 1e7, pause },
      )
      const why = await refusal(applied)
      if (what === 'digits') expect(why).to.match(/does not end/)
      else expect(pauses, what).to.be.at.least(15)
    }
  })

  it('makes of any lines any others, by the commands that a cache writes', async () => {
    const line = fc.constantFrom('a', 'b', 'c', 'd', '', '..', '1d', ' ')
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.array(line), async (from, to) => {
        const [text, result] = [from, to].map((lines) => lines.map((each) => `${each}\n`).join('')) as [string, string]
        expect(await edit(text, editScript(from, to), result)).to.equal(result)
      }),
      { numRuns: 500 },
    )
  })

  it('leads from hour to hour through the consensuses of a network, by the digest of what is signed', async () => {
    const clock = new FakeClock()
    const network = await TestNetwork.start({ relays: 12, authorities: 3, clock })
    const { directory } = network
    let text = directory.consensus()
    for (let hours = 0; hours < 5; hours++) {
      clock.advance(HOUR)
      const [relay] = network.relays
      if (relay !== undefined) relay.listing.exitPolicy = `accept ${80 + hours}`
      const newer = directory.consensus()
      const digest = (await digestAsSigned(bytesOf(text), newHash)) as string
      expect(digest).to.equal(digestAsSignedOf(text))
      const diff = writeConsensusDiff(text, newer)
      expect(isConsensusDiff(diff)).to.equal(true)
      text = await apply(diff, { bytes: bytesOf(text), digest })
      expect(text).to.equal(newer)
    }
    await network.close()
    expect(await digestAsSigned(bytesOf('network-status-version 3 microdesc\n'), newHash)).to.equal(undefined)
  })

  it(`comes, of ${MUTATIONS} that were changed at random, to the right consensus or is refused`, async function () {
    this.timeout(Math.max(180_000, MUTATIONS * 10))
    const newer = CONSENSUS.replace('valid-after', 'x-new 1\nvalid-after').replaceAll('Bandwidth=', 'Bandwidth=1')
    const base = { bytes: bytesOf(CONSENSUS), digest: digestAsSignedOf(CONSENSUS) }
    const diff = writeConsensusDiff(CONSENSUS, newer)
    let right = 0
    await fc.assert(
      fc.asyncProperty(mutations, async (changes) => {
        const changed = changes.reduce(mutate, diff)
        const result = await apply(changed, base).catch((error: unknown) => error)
        if (result instanceof TorError) expect(result.code).to.equal('DIRECTORY_MALFORMED')
        else {
          expect(result).to.equal(newer)
          right += 1
        }
      }),
      { numRuns: MUTATIONS },
    )
    expect(right).to.be.below(MUTATIONS)
  })
})
