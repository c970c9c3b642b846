import { expect } from 'chai'
import type { TorError } from '../../../lib/base/errors.ts'
import { DirectoryKeeper } from '../../../lib/client/bootstrap/directory-keeper.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
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
    keeper = new DirectoryKeeper({
      network: network.config,
      source,
      kept: { use: () => Promise.resolve(), useBytes: () => Promise.resolve(), keep: () => Promise.resolve(true) },
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
    })
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
    expect((await keeper.usable(signal)).missing).to.deep.equal([])
  })
})
