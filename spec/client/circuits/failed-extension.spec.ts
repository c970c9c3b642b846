import { expect } from 'chai'
import { failedExtension } from '../../../lib/client/circuits/failed-extension.ts'
import type { TorClient } from '../../../lib/client/tor-client.ts'
import { TorError, type ErrorCode } from '../../../lib/base/errors.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { ClientFixture, exit, guard, pathOf } from '../support/client-fixture.ts'

describe('failedExtension', () => {
  const missed = (code: ErrorCode, hops: number): number | undefined =>
    failedExtension(new TorError(code, 'failed'), hops, 3)

  for (const code of [
    'CIRCUIT_DESTROYED',
    'CIRCUIT_TRUNCATED',
    'CIRCUIT_TIMEOUT',
    'CIRCUIT_HANDSHAKE',
    'CIRCUIT_PROTOCOL',
  ] as const) {
    it(`gives for ${code} the relay after the last that was reached, but never the guard`, () => {
      expect([0, 1, 2, 3].map((hops) => missed(code, hops))).to.deep.equal([undefined, 1, 2, undefined])
    })
  }

  for (const code of ['LINK_CLOSED', 'LINK_PROTOCOL', 'CIRCUIT_CLOSED'] as const) {
    it(`gives nothing for ${code}, which says nothing about a relay beyond the guard`, () => {
      expect([0, 1, 2, 3].map((hops) => missed(code, hops))).to.deep.equal([undefined, undefined, undefined, undefined])
    })
  }

  it('gives nothing for what is no failure of the network', () => {
    expect(failedExtension(new RangeError('surprise'), 1, 3)).to.equal(undefined)
  })
})

describe('TorClient: relays that cannot be extended to', function () {
  let fixture: ClientFixture
  let tor: TorClient
  let hosts = 0

  before(async () => {
    const exits = Array.from({ length: 8 }, (_, index) => exit(`exit${index}`))
    fixture = await ClientFixture.start({ relays: [guard('guard0'), guard('guard1'), ...exits] })
  })

  beforeEach(async () => {
    tor = await fixture.open()
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  const exits = (): TestRelay[] => fixture.network.relays.filter(({ nickname }) => nickname.startsWith('exit'))

  /** The relays of the circuit of a stream that shares it with no other. */
  async function pathOfNext(options?: Parameters<TorClient['connect']>[1]): Promise<string[]> {
    const host = `host${hosts++}.example`
    await fixture.passing(tor.connect({ hostname: host, port: 80 }, { isolation: host, ...options }).opened)
    return pathOf(fixture.circuitOf(host))
  }

  it('are each met once at most by a stream: with all exits but one dead, each stream finds it in its eight tries', async () => {
    const [alive, ...dead] = exits()
    for (const relay of dead) {
      relay.reachable = 'no'
      for (const link of relay.links) link.die()
    }
    for (let round = 0; round < 12; round++) {
      const path = await pathOfNext()
      expect(path.at(-1)).to.equal(alive?.nickname)
      expect(path).to.not.include.members(dead.map(({ nickname }) => nickname))
    }
  })

  it('are each met once at most while a client opens', async () => {
    await fixture.tidy()
    const [first] = fixture.network.relays.filter(({ nickname }) => nickname.startsWith('guard'))
    const [, ...dead] = exits()
    for (let round = 0; round < 4; round++) {
      for (const relay of dead) relay.reachable = 'no'
      const client = await fixture.open({ network: fixture.servedBy(first as TestRelay) })
      expect(client.status.phase).to.equal('ready')
      await fixture.tidy()
    }
  })

  it('are tried again where there is no other', async () => {
    const [only] = exits()
    if (only === undefined) throw new Error('there is no exit')
    await fixture.quiet()
    fixture.clock.advance(31 * 60_000) // what was ready is not trusted any more
    let asked = 0
    only.answerCreate = () => (asked++ < 4 ? { destroy: 5 } : 'answer')
    const path = await pathOfNext({ exit: ({ nickname }) => nickname === only.nickname })
    expect(path.at(-1)).to.equal(only.nickname)
    expect(asked).to.be.above(4)
  })
})
