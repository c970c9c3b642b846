import { expect } from 'chai'
import type { TorError } from '../../../lib/base/errors.ts'
import type { ClientStore } from '../../../lib/client/bootstrap/client-store.ts'
import { NOT_MODIFIED, type RequestHeaders } from '../../../lib/client/bootstrap/sources/directory-request.ts'
import { applyConsensusDiff, isConsensusDiff } from '../../../lib/directory/consensus-diff.ts'
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import { digestAsSignedOf, writeConsensusDiff } from '../../../lib/testing/directory/consensus-diff-writer.ts'
import { mutate, mutations } from '../../directory/support/mutations.ts'
import { fc } from '../../support/seed.ts'
import { DirectoryKeeper } from '../../../lib/client/bootstrap/directory-keeper.ts'
import type { DirectoryKeeperOptions } from '../../../lib/client/bootstrap/keeper-options.ts'
import type { NetworkDirectory } from '../../../lib/directory/network-directory.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { LongHash } from '../../../lib/platform/crypto/digests/running-digest.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakeSource, type FakeServer } from '../support/fake-source.ts'
import { digestOf, digestsOf } from '../support/withholding.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('DirectoryKeeper', function () {
  const clock = new FakeClock()
  const { signal } = new AbortController()
  let network: TestNetwork
  let source: FakeSource
  let missingOfGuards: string[]
  let warning: string | undefined
  let keeper: DirectoryKeeper

  before(async () => {
    network = await TestNetwork.start({ relays: 12, authorities: 3, clock })
  })
  after(() => network.close())

  beforeEach(() => {
    source = new FakeSource(honest)
    missingOfGuards = []
    warning = undefined
    keeper = keeperOf({
      use: () => Promise.resolve(),
      useBytes: () => Promise.resolve(),
      keep: () => Promise.resolve(true),
    })
  })

  const keeperOf = (
    kept: Pick<ClientStore, 'use' | 'useBytes' | 'keep'>,
    more: Partial<DirectoryKeeperOptions> = {},
  ): DirectoryKeeper =>
    new DirectoryKeeper({
      network: network.config,
      source,
      kept,
      clock,
      platform: currentPlatform(),
      closing: signal,
      random: () => 0.5,
      missingOfGuards: (directory) =>
        missingOfGuards.filter((digest) => (directory ?? keeper.directory)?.missing.includes(digest)),
      progress: () => undefined,
      changed: () => undefined,
      warn: (text) => {
        warning = text
      },
      ...more,
    })

  const honest: FakeServer = (path) => {
    const { directory } = network
    if (path.includes('consensus')) return directory.consensus()
    if (path.includes('/keys/')) return directory.certificates.join('')
    return digestsOf({ path })
      .map((digest) => directory.microdescriptor(digest) ?? '')
      .join('')
  }
  /** A server whose consensus is that of another time. */
  const at =
    (time: number): FakeServer =>
    (path, lane) =>
      path.includes('consensus') ? network.directory.consensus(time) : honest(path, lane)
  /** A server that leaves out a relay. */
  const without =
    (relay: TestRelay): FakeServer =>
    (path, lane) => {
      const hidden = digestOf(network, relay)
      if (!path.includes('/micro/')) return honest(path, lane)
      return honest(path.replace(hidden, ''), lane)
    }
  const ageInHours = (): number => Math.floor((clock.now() - (keeper.directory?.consensus.validAfter ?? 0)) / HOUR)
  const consensuses = (): number[] =>
    source.asked.filter(({ path }) => path.includes('consensus')).map(({ server }) => server)

  it('takes the newer of two consensuses when the first is one of yesterday, and asks no third', async () => {
    source.servers = [at(clock.now() - 20 * HOUR), honest, honest]
    await keeper.usable(signal)
    expect(ageInHours()).to.equal(0)
    expect(consensuses()).to.deep.equal([0, 1])
    expect(source.outdoing).to.include(1)
    await keeper.usable(signal)
    expect(warning).to.equal(undefined)
  })

  it('takes the one of yesterday, with a warning, when nobody has a newer', async () => {
    const old = at(clock.now() - 20 * HOUR)
    for (const others of [[old, old], [() => undefined, () => undefined], [at(clock.now() - 21 * HOUR)], []]) {
      source.servers = [old, ...others]
      await keeper.refresh(signal)
      expect(ageInHours()).to.equal(20)
    }
    await keeper.usable(signal)
    expect(warning).to.match(/stopped being valid/)
    expect(source.outdoing.filter((server) => server > 0)).to.deep.equal([])
  })

  it('is renewed although the server that is asked first has nothing newer, each time', async () => {
    source.servers = [honest]
    await keeper.usable(signal)
    source.servers = [at(clock.now()), honest]
    for (let hours = 1; hours < 30; hours++) {
      clock.advance(HOUR)
      await keeper.refresh(signal)
      expect(ageInHours()).to.equal(0)
    }
  })

  it('asks two servers at most whether there is a newer one', async () => {
    await keeper.usable(signal)
    const same = at(clock.now())
    clock.advance(HOUR)
    source.asked.length = 0
    source.servers = [same, same, same, same]
    await keeper.refresh(signal)
    expect(consensuses()).to.deep.equal([0, 1])
  })

  describe('that keeps its consensus', () => {
    let kept: Map<string, string>
    /** By request for a consensus, whether it would have a diff, and since when. */
    let told: RequestHeaders[]

    beforeEach(() => {
      kept = new Map()
      told = []
      keeper = keeperOf({
        use: async (name, take) => {
          const text = kept.get(name)
          if (text !== undefined) await take(text)
        },
        useBytes: async (name, take) => {
          const text = name === 'consensus' ? kept.get(name) : undefined
          if (text !== undefined) await take(new TextEncoder().encode(text))
        },
        keep: (name, content) => {
          kept.set(name, typeof content === 'string' ? content : new TextDecoder().decode(content))
          return Promise.resolve(true)
        },
      })
    })

    /** A server that makes what `lie` does of its diff, and knows no other consensus than that of an hour before. */
    const diffing =
      (lie: (diff: string) => string = (diff) => diff): FakeServer =>
      async (path, lane, headers = {}) => {
        if (!path.includes('consensus')) return (await honest(path, lane)) as string
        told.push(headers)
        const newest = network.directory.consensus()
        if (Date.parse(headers['If-Modified-Since'] ?? '1970') >= validAfterOf(newest)) return NOT_MODIFIED
        const before = network.directory.consensus(clock.now() - HOUR)
        if (headers['X-Or-Diff-From-Consensus'] !== digestAsSignedOf(before)) return newest
        return lie(writeConsensusDiff(before, newest))
      }
    const validAfterOf = (consensus: string): number =>
      Date.parse(`${/^valid-after (.*)$/m.exec(consensus)?.[1]?.replace(' ', 'T')}Z`)
    /** What is signed of it is; further signatures prove nothing and do no harm. */
    const isRight = async (): Promise<void> => {
      const digest = digestAsSignedOf(network.directory.consensus())
      expect(digestAsSignedOf(kept.get('consensus') as string)).to.equal(digest)
    }

    it('asks for a diff from it, unless there is a newer one, and takes what comes of that', async () => {
      source.servers = [diffing()]
      await keeper.usable(signal)
      const before = network.directory.consensus()
      clock.advance(HOUR)
      await keeper.refresh(signal)
      await isRight()
      expect(ageInHours()).to.equal(0)
      expect(told).to.deep.equal([
        {},
        {
          'If-Modified-Since': new Date(validAfterOf(before) + 3 * MINUTE).toUTCString(),
          'X-Or-Diff-From-Consensus': digestAsSignedOf(before),
        },
      ])
    })

    it('stays with it when two servers say that there is none that is newer', async () => {
      source.servers = [diffing()]
      await keeper.usable(signal)
      const { directory } = keeper
      const same = diffing()
      clock.advance(HOUR)
      source.servers = [() => NOT_MODIFIED, () => NOT_MODIFIED, same]
      source.asked.length = 0
      await keeper.refresh(signal)
      expect(keeper.directory?.consensus).to.equal(directory?.consensus)
      expect(consensuses()).to.deep.equal([0, 1])
    })

    it('asks for no diff from one that is older than three days, or than the network says', async () => {
      source.servers = [diffing()]
      for (const [hours, params] of [
        [73, {}],
        [3, { 'try-diff-for-consensus-newer-than': 2 }],
      ] as const) {
        network.directory.params = params
        clock.advance(HOUR)
        await keeper.refresh(signal)
        clock.advance(hours * HOUR)
        told.length = 0
        await keeper.refresh(signal)
        expect(Object.keys(told[0] ?? {})).to.deep.equal(['If-Modified-Since'])
      }
      network.directory.params = {}
    })

    const lies: readonly (readonly [string, (diff: string) => string])[] = [
      ['is cut', (diff) => diff.slice(0, -3)],
      ['is from another consensus', (diff) => diff.replace(/^hash ./m, 'hash !')],
      ['comes to something else', (diff) => diff.replace('valid-after', 'valid-afte')],
      ['has commands that are none', (diff) => `${diff}1s/a/b/\n`],
      ['is of a version to come', (diff) => diff.replace('version 1', 'version 2')],
    ]
    for (const [what, lie] of lies) {
      it(`asks for the whole consensus, of the next server or of the only one, when a diff ${what}`, async () => {
        for (const servers of [[diffing(lie)], [diffing(lie), diffing(lie)]]) {
          source.servers = servers
          await keeper.refresh(signal)
          clock.advance(HOUR)
          told.length = 0
          await keeper.refresh(signal)
          await isRight()
          expect(ageInHours()).to.equal(0)
          expect(told.map((headers) => 'X-Or-Diff-From-Consensus' in headers)).to.deep.equal([true, false])
        }
      })
    }

    it('comes to no wrong consensus by 100 diffs that were changed and lead where they say', async () => {
      source.servers = [diffing()]
      await keeper.refresh(signal)
      await fc.assert(
        fc.asyncProperty(mutations, async (changes) => {
          const before = network.directory.consensus()
          clock.advance(HOUR)
          const lying = async (diff: string): Promise<string> => {
            const [version, , ...lines] = changes.reduce(mutate, diff).split('\n')
            const base = { bytes: new TextEncoder().encode(before), digest: digestAsSignedOf(before) }
            const head = (to: string): string => `${version}\nhash ${base.digest} ${to}\n`
            const newHash = (): LongHash => currentPlatform().sha3Hash()
            // What it comes to has a digest, if it comes to anything.
            let result = ''
            const watched = { update: (bytes: Uint8Array) => (result += new TextDecoder().decode(bytes)), digest: () => new Uint8Array(32) } // prettier-ignore
            await applyConsensusDiff(`${head('0'.repeat(64))}${lines.join('\n')}`, base, { newHash: () => watched, limit: 1e7 }).catch(() => undefined) // prettier-ignore
            const digest = newHash()
            digest.update(new TextEncoder().encode(result))
            return `${head(encodeHex(digest.digest()))}${lines.join('\n')}`
          }
          const honestly = diffing()
          source.servers = [
            async (path, lane, headers) => {
              const answer = (await honestly(path, lane, headers)) as string
              return isConsensusDiff(answer) ? await lying(answer) : answer
            },
            diffing(),
          ]
          await keeper.refresh(signal)
          await isRight()
        }),
        { numRuns: 100 },
      )
    })
  })

  it('has what belongs to a directory made ready before it is the one in use, and the old one goes on until then', async () => {
    const order: string[] = []
    const nobody = {
      use: () => Promise.resolve(),
      useBytes: () => Promise.resolve(),
      keep: () => Promise.resolve(true),
    }
    const hourOf = ({ consensus }: NetworkDirectory): number => consensus.validAfter
    const preparing: DirectoryKeeper = keeperOf(nobody, {
      prepare: async (directory) => {
        order.push(`before ${hourOf(directory)}: ${preparing.directory && hourOf(preparing.directory)}`)
        await Promise.resolve()
        order.push(`prepared ${hourOf(directory)}`)
      },
      changed: (directory) => order.push(`changed ${hourOf(directory)}`),
    })
    const first = hourOf(await preparing.usable(signal))
    clock.advance(HOUR)
    await preparing.refresh(signal)
    const second = first + HOUR
    expect(preparing.directory && hourOf(preparing.directory)).to.equal(second)
    expect(order).to.deep.equal([
      `before ${first}: undefined`,
      `prepared ${first}`,
      `changed ${first}`,
      `before ${second}: ${first}`,
      `prepared ${second}`,
      `changed ${second}`,
    ])
  })

  it('goes on with the directory that is there while the description of a guard is missing in a newer one', async () => {
    const [guard] = network.relays as readonly [TestRelay]
    await keeper.usable(signal)
    const before = keeper.directory
    guard.listing.exitPolicy = 'accept 80,443'
    clock.advance(HOUR)
    missingOfGuards = [digestOf(network, guard)]
    source.servers = [without(guard), without(guard)]
    expect(((await rejection(keeper.refresh(signal))) as TorError).code).to.equal('DIRECTORY_UNAVAILABLE')
    expect(await keeper.usable(signal)).to.equal(before)
    clock.advance(MINUTE)
    source.servers = [honest]
    source.asked.length = 0
    await keeper.usable(signal)
    await keeper.settled()
    expect(keeper.directory).to.not.equal(before)
    expect(ageInHours()).to.equal(0)
    // The consensus was there already.
    expect(consensuses()).to.deep.equal([])
  })

  it('gives nothing while the description of a guard is missing, and asks for it before it does', async () => {
    const [, guard] = network.relays as readonly [TestRelay, TestRelay]
    source.servers = [without(guard)]
    missingOfGuards = [digestOf(network, guard)]
    expect(((await rejection(keeper.usable(signal))) as TorError).message).to.match(/of a guard/)
    source.servers = [honest]
    // Not within ten seconds.
    clock.advance(9999)
    expect(((await rejection(keeper.usable(signal))) as TorError).message).to.match(/of a guard/)
    clock.advance(1)
    expect((await keeper.usable(signal)).missing).to.deep.equal([])
  })
})
