import { expect } from 'chai'
import { PathBias } from '../../../lib/client/guards/path-bias.ts'
import type { TorClient } from '../../../lib/client/tor-client.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { ClientFixture, exit, guard, pathOf } from '../support/client-fixture.ts'
import { generatedDirectory } from '../support/generated-directory.ts'
import { seededRandom } from '../support/seeded-random.ts'

describe('PathBias', () => {
  const usual = generatedDirectory([])

  function warningAfter(attempts: number, isBuilt: (index: number) => boolean, directory = usual): string | undefined {
    const bias = new PathBias()
    for (let index = 0; index < attempts; index++) bias.count('A', isBuilt(index), directory)
    return bias.warning(directory)
  }

  it('is told when fewer than half of 150 circuits through a guard are built', () => {
    expect(warningAfter(149, () => false)).to.equal(undefined)
    expect(warningAfter(150, () => false)).to.match(/^fewer than 50 % /)
    expect(warningAfter(150, (index) => index % 2 === 0)).to.equal(undefined)
    expect(warningAfter(151, (index) => index % 2 === 1)).to.match(/^fewer than 50 % /)
  })

  it('is judged for each guard by itself', () => {
    const bias = new PathBias()
    for (let index = 0; index < 1000; index++) bias.count(`${index % 10}`, index % 10 !== 3, usual)
    expect(bias.warning(usual)).to.equal(undefined) // a hundred each
    for (let index = 0; index < 1000; index++) bias.count(`${index % 10}`, index % 10 !== 3, usual)
    expect(bias.warning(usual)).to.match(/^fewer than 50 % /)
  })

  it('is forgotten after a while in which all goes well', () => {
    expect(warningAfter(900, (index) => index >= 200)).to.equal(undefined)
  })

  it('is judged by the numbers of the consensus', () => {
    const strict = generatedDirectory([], { params: { pb_mincircs: 10, pb_warnpct: 90 } })
    expect(warningAfter(9, () => false, strict)).to.equal(undefined)
    expect(warningAfter(10, (index) => index > 1, strict)).to.match(/^fewer than 90 % /)
  })

  it('holds no more than 200 guards', () => {
    const bias = new PathBias()
    for (let index = 0; index < 150; index++) bias.count('first', false, usual)
    expect(bias.warning(usual)).to.not.equal(undefined)
    for (let index = 0; index < 200; index++) bias.count(`${index}`, true, usual)
    expect(bias.warning(usual)).to.equal(undefined)
  })
})

describe('A guard that lets circuits come to one exit only', function () {
  let fixture: ClientFixture
  let accomplice: TestRelay

  before(async () => {
    fixture = await ClientFixture.start({
      relays: [
        ...Array.from({ length: 3 }, (_, index) => guard(`guard${index + 1}`)),
        ...Array.from({ length: 6 }, (_, index) => exit(`exit${index + 1}`)),
      ],
    })
    accomplice = fixture.network.relays.find(({ nickname }) => nickname === 'exit2') as TestRelay
  })

  afterEach(async () => {
    fixture.network.directory.params = {}
    await fixture.tidy()
  })
  after(() => fixture.end())

  it('is told of in the status, and stays the guard: who breaks circuits could take it away otherwise', async () => {
    fixture.network.directory.params = { 'pb_mincircs': 20, 'guard-n-primary-guards-to-use': 1 }
    const tor: TorClient = await fixture.open({ random: seededRandom(1) })
    await fixture.passing(tor.connect('first.example:80').opened)
    const [name] = pathOf(fixture.circuitOf('first.example'))
    // The exit refuses the extension, as the guard that knows the path by the timing of its cells could make it do.
    for (const relay of fixture.network.relays)
      if (relay !== accomplice) relay.answerCreate = ({ link }) => (link.fromClient ? 'answer' : { destroy: 1 })
    expect(tor.status.warnings).to.deep.equal([])
    for (let token = 0; token < 12 && tor.status.warnings.length === 0; token++)
      await fixture.passing(tor.connect('example.com:80', { isolation: token }).opened.catch(() => undefined))
    expect(tor.status.warnings.join()).to.match(/^fewer than 50 % of the circuits through a guard are built/)
    for (const relay of fixture.network.relays) relay.answerCreate = undefined
    await fixture.passing(tor.connect('last.example:80', { isolation: 'last' }).opened)
    expect(pathOf(fixture.circuitOf('last.example'))[0]).to.equal(name)
  })
})
