import { expect } from 'chai'
import type { ClientPhase, ClientStatus } from '../../lib/client/bootstrap/status.ts'
import type { TorClientOptions } from '../../lib/client/client-options.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import { DestroyReason } from '../../lib/cell/reasons.ts'
import { publicNetwork } from '../../lib/directory/network/public-network.ts'
import { TorError } from '../../lib/base/errors.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import type { Transport, LinkAddress } from '../../lib/platform/links/transport.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import type { DirectoryLieChoice } from '../../lib/testing/directory/directory-lies.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { rejection } from '../stream/support/stream-fixture.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/turn.ts'
import { ClientFixture } from './support/client-fixture.ts'

/** The causes of an error, itself first, each by its code or its message. */
function chainOf(error: unknown): string[] {
  const chain: string[] = []
  for (let next = error; next instanceof Error; next = next.cause)
    chain.push((next as Partial<TorError>).code ?? next.message)
  return chain
}

describe('TorClient: bootstrap', function () {
  let fixture: ClientFixture

  before(async () => {
    fixture = await ClientFixture.start()
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  /** Opens in vain; gives the error and what was told meanwhile. */
  async function openInVain(
    options: TorClientOptions = {},
  ): Promise<{ error: TorError; told: ClientStatus[]; took: number }> {
    const told: ClientStatus[] = []
    const began = fixture.clock.now()
    const error = (await rejection(fixture.open({ onProgress: (status) => told.push(status), ...options }))) as TorError
    const took = fixture.clock.now() - began
    expect(told.at(-1)?.phase).to.equal('closed')
    await fixture.expectNothingOpen()
    return { error, told: told.slice(0, -1), took }
  }

  describe('with servers that are', () => {
    it('dead fails with the reason, and says where it was', async () => {
      for (const relay of fixture.network.relays) relay.reachable = 'no'
      const { error, told, took } = await openInVain()
      expect(chainOf(error).slice(0, 2)).to.deep.equal(['DIRECTORY_UNAVAILABLE', 'LINK_UNREACHABLE'])
      expect(told.at(-1)?.phase).to.equal('consensus')
      // Six at the times of C tor: fallbacks at 0, 1 and 2 s or later, authorities after 6 and 12.
      expect(took).to.be.within(4000, 15_000)
      expect(fixture.network.dials.length).to.be.within(3, 6)
    })

    it('behind a gateway that the rules of the page forbid fails at once, and nobody else is dialled', async () => {
      let dialled = 0
      const transport: Transport = {
        connect: () => {
          dialled += 1
          return Promise.reject(new TorError('LINK_FORBIDDEN', 'the page forbids it'))
        },
      }
      const { error, took } = await openInVain({ transport, storage: new MemoryStorage() })
      expect(error).to.include({ code: 'LINK_FORBIDDEN', message: 'the page forbids it' })
      expect([took, dialled]).to.deep.equal([0, 1])
    })

    it('not answering when they are dialled fails within the deadline, with the reason', async () => {
      for (const relay of fixture.network.relays) relay.reachable = 'never'
      const { error, took } = await openInVain({ timeout: 15_000 })
      expect(chainOf(error).slice(0, 2)).to.deep.equal(['TIMEOUT', 'LINK_TIMEOUT'])
      expect(error.message).to.match(/within 15000 ms: Fetching the consensus/)
      expect(took).to.be.within(15_000, 15_500)
      const all = await openInVain()
      expect(chainOf(all.error).slice(0, 2)).to.deep.equal(['DIRECTORY_UNAVAILABLE', 'LINK_TIMEOUT'])
      expect(all.took).to.be.within(20_000, 35_000) // ten seconds for each of six, of which three are asked at a time
    })

    it('connected and then silent fails within the deadline', async () => {
      for (const relay of fixture.network.relays) relay.onLink = () => 'ignore'
      const { error, told, took } = await openInVain({ timeout: 15_000 })
      expect(chainOf(error).slice(0, 2)).to.deep.equal(['TIMEOUT', 'LINK_TIMEOUT'])
      expect(told.at(-1)?.phase).to.equal('consensus')
      expect(took).to.be.within(15_000, 15_500)
    })

    const phases: readonly (readonly [kind: string, phase: ClientPhase, message: string])[] = [
      ['consensus', 'consensus', 'Fetching the consensus of the network'],
      ['certificates', 'certificates', 'Checking who signed the consensus'],
      ['microdescriptors', 'microdescriptors', 'Fetching the descriptions of the relays'],
    ]
    for (const [kind, phase, message] of phases) {
      it(`silent or slow when asked for the ${kind} fails within the deadline, and says so`, async () => {
        for (const how of ['hang', 'stall', { slow: 9000 }] as const) {
          const lie: DirectoryLieChoice = (request) => (request.kind === kind ? how : undefined)
          fixture.network.directory.lie = lie
          const { error, told, took } = await openInVain({ timeout: 12_000, storage: new MemoryStorage() })
          expect(error.code).to.equal('TIMEOUT')
          expect(error.message).to.include(message)
          expect(chainOf(error).length).to.be.above(1)
          expect(told.at(-1)?.phase).to.equal(phase)
          expect(took).to.be.within(12_000, 12_500)
        }
      })
    }

    it('silent, some of them, opens all the same', async () => {
      const [honest, ...others] = fixture.network.relays.filter(({ nickname }) => nickname.startsWith('guard'))
      if (honest === undefined) throw new Error('there is no guard')
      for (const relay of fixture.network.relays) if (relay !== honest) relay.lie = 'hang'
      const tor = await fixture.open({ network: fixture.servedBy(honest, ...others) })
      await fixture.passing(tor.connect('example.com:80').opened)
    })
  })

  it('asks a server once more that takes the circuit for idle before it has answered, and no more than that', async () => {
    // As C tor does with a circuit of one hop on a link on which nothing has left for the client for a minute, or ever.
    const asked = new Map<TestRelay, number>()
    const closeAsIdle = (times: number): void => {
      asked.clear()
      for (const relay of fixture.network.relays)
        relay.answerCreate = ({ handshakeType }) => {
          if (handshakeType !== 1) return 'answer'
          asked.set(relay, (asked.get(relay) ?? 0) + 1)
          return (asked.get(relay) as number) <= times ? { destroy: DestroyReason.FINISHED } : 'answer'
        }
    }
    closeAsIdle(Infinity)
    const { error } = await openInVain({ storage: new MemoryStorage() })
    expect(chainOf(error).slice(0, 2)).to.deep.equal(['DIRECTORY_UNAVAILABLE', 'CIRCUIT_DESTROYED'])
    expect([...asked.values()].every((count) => count === 2)).to.equal(true)
    closeAsIdle(1)
    await fixture.open({ storage: new MemoryStorage() })
    expect([...asked.values()].every((count) => count === 2)).to.equal(true)
    const [first] = asked.keys()
    expect(fixture.network.directory.requests.find(({ kind }) => kind === 'consensus')?.relay).to.equal(first)
  })

  it('that cannot build a circuit fails with the reason, and says so', async () => {
    for (const relay of fixture.network.relays)
      relay.answerCreate = ({ handshakeType }) => (handshakeType !== 1 ? { destroy: 5 } : 'answer')
    const { error, told, took } = await openInVain()
    expect(error).to.include({ code: 'CIRCUIT_DESTROYED', reason: 5 })
    expect(told.at(-1)).to.include({ phase: 'circuit', message: 'Building the first circuit' })
    // 15.75 s of pauses between one and the next
    expect(took).to.be.within(15_000, 25_000)
    for (const relay of fixture.network.relays)
      relay.answerCreate = ({ handshakeType }) => (handshakeType !== 1 ? 'ignore' : 'answer')
    const silent = await openInVain({ timeout: 100_000 })
    expect(chainOf(silent.error).slice(0, 2)).to.deep.equal(['TIMEOUT', 'CIRCUIT_TIMEOUT'])
    expect(silent.error.message).to.include('Building the first circuit')
  })

  describe('is given up by its signal', () => {
    it('before it begins, without dialling anybody', async () => {
      const { error } = await openInVain({ signal: AbortSignal.abort('never') })
      expect(error).to.include({ code: 'ABORTED', cause: 'never' })
      expect(fixture.network.dials).to.deep.equal([])
    })

    for (const phase of ['connecting', 'consensus', 'certificates', 'microdescriptors', 'circuit'] as const) {
      for (const when of ['at once', 'a little later'] as const) {
        it(`in the phase ${phase}, ${when}, and nothing is left`, async () => {
          const abort = new AbortController()
          const lie: DirectoryLieChoice = (request) => (request.kind === phase ? 'hang' : undefined)
          if (when === 'a little later') {
            fixture.network.directory.lie = lie
            if (phase === 'circuit')
              for (const relay of fixture.network.relays)
                relay.answerCreate = ({ handshakeType }) => (handshakeType !== 1 ? 'ignore' : 'answer')
          }
          const onProgress = (status: ClientStatus): void => {
            if (status.phase !== phase) return
            if (when === 'at once') abort.abort('enough')
            else void turn(50).then(() => abort.abort('enough'))
          }
          // Connecting comes after what was kept is read, which may take its time too.
          const hangs = (): Promise<never> => new Promise(() => undefined)
          const storage = phase === 'connecting' ? { read: hangs, write: hangs, remove: hangs } : fixture.storage
          const error = (await rejection(
            TorClient.open({ ...fixture.options, storage, signal: abort.signal, onProgress }),
          )) as TorError
          expect(error).to.include({ code: 'ABORTED', cause: 'enough' })
          await fixture.expectNothingOpen()
        })
      }
    }

    it('but not once it is open', async () => {
      const abort = new AbortController()
      const tor = await fixture.open({ signal: abort.signal })
      abort.abort()
      await fixture.passing(tor.connect('example.com:80').opened)
    })
  })
})

describe('TorClient on the public network', () => {
  /** A transport within this process: what it is asked to dial, and how it answers. */
  function transportOf(answer: Transport['connect']): { transport: Transport; dialled: LinkAddress[] } {
    const dialled: LinkAddress[] = []
    const connect: Transport['connect'] = (address, options) => {
      dialled.push(address)
      return answer(address, options)
    }
    return { transport: { connect }, dialled }
  }

  const known = new Set(
    [...publicNetwork().authorities, ...publicNetwork().fallbacks].flatMap(({ addresses }) =>
      addresses.map(({ hostname, port }) => `${hostname} ${port}`),
    ),
  )
  const isKnown = ({ hostname, port }: LinkAddress): boolean => known.has(`${hostname} ${port}`)

  it('is the default, and asks nobody but its directory servers', async () => {
    for (const network of [undefined, 'public'] as const) {
      const clock = new FakeClock()
      const { transport, dialled } = transportOf(() => Promise.reject(new Error('no route to host')))
      const failed = rejection(TorClient.open({ network, transport, clock, storage: new MemoryStorage() }))
      let isOver = false
      void failed.then(() => (isOver = true))
      for (await turn(5); !isOver; await turn(5)) clock.advance(1000)
      const error = (await failed) as TorError
      expect(chainOf(error).slice(0, 2)).to.deep.equal(['DIRECTORY_UNAVAILABLE', 'LINK_UNREACHABLE'])
      expect(dialled.length).to.be.above(5)
      expect(dialled.every(isKnown)).to.equal(true)
      expect(clock.timers).to.equal(0)
    }
  })

  it('trusts no relay that cannot prove who it is', async () => {
    const impostors = await ClientFixture.start({ relays: 1 })
    const [relay] = impostors.network.relays
    const { transport, dialled } = transportOf((_, options) =>
      impostors.network.transport.connect(relay?.address as LinkAddress, options),
    )
    const error = (await rejection(impostors.open({ network: 'public', transport }))) as TorError
    expect(chainOf(error).slice(0, 2)).to.deep.equal(['DIRECTORY_UNAVAILABLE', 'LINK_IDENTITY'])
    expect(dialled.every(isKnown)).to.equal(true)
    await impostors.expectNothingOpen()
    await impostors.end()
  })

  it('needs a transport where the runtime cannot dial', async () => {
    const platform = { ...currentPlatform(), transport: undefined }
    const error = await rejection(TorClient.open({ platform, storage: new MemoryStorage() }))
    expect(error).to.be.instanceOf(TypeError)
    expect((error as TypeError).message).to.include('transport')
  })
})
