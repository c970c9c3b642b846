import { expect } from 'chai'
import type { Random } from '../../../../lib/base/random.ts'
import { directoryServers } from '../../../../lib/client/bootstrap/sources/directory-servers.ts'
import type { GuardManager, GuardPick, GuardRestriction } from '../../../../lib/client/guards/guards.ts'
import type { NetworkConfig } from '../../../../lib/directory/network/network-config.ts'
import type { ConsensusRelay } from '../../../../lib/directory/relay-entry.ts'
import { decodeHex, encodeHex } from '../../../../lib/directory/text/encoding.ts'

const nameOf = (index: number): string => index.toString(16).padStart(2, '0').repeat(20).toUpperCase()
const serverOf = (index: number): NetworkConfig['fallbacks'][number] => ({
  addresses: [{ hostname: '192.0.2.1', port: index }],
  rsaIdentity: decodeHex(nameOf(index)) as Uint8Array,
})

describe('Directory servers', () => {
  const network = {
    authorities: [100, 101].map((index) => ({ ...serverOf(index), nickname: 'authority', v3Identity: nameOf(index) })),
    fallbacks: [50, 51, 52].map(serverOf),
  } as unknown as NetworkConfig
  const first: Random = () => 0

  /** Guards in the order of their preference, and what they are told. */
  class Guards implements Pick<GuardManager, 'pickForDirectory' | 'succeeded' | 'failed' | 'cancelled'> {
    readonly told: string[] = []
    readonly #guards: readonly number[]

    constructor(...guards: readonly number[]) {
      this.#guards = guards
    }

    pickForDirectory({ allows }: GuardRestriction<ConsensusRelay> = {}): GuardPick<ConsensusRelay> | undefined {
      const relays = this.#guards.map((index) => ({ ...serverOf(index), fingerprint: nameOf(index) }) as never)
      const relay = relays.find((each: ConsensusRelay) => allows?.(each) !== false) as ConsensusRelay | undefined
      return relay && { relay }
    }

    readonly #tell = (what: string, pick: GuardPick<unknown>): void => {
      this.told.push(`${what} ${Number.parseInt((pick.relay as ConsensusRelay).fingerprint.slice(0, 2), 16)}`)
    }
    succeeded(pick: GuardPick<unknown>): 'use' {
      this.#tell('succeeded', pick)
      return 'use'
    }
    failed(pick: GuardPick<unknown>): void {
      this.#tell('failed', pick)
    }
    cancelled(pick: GuardPick<unknown>): void {
      this.#tell('cancelled', pick)
    }
  }

  /** Who is asked in turn, each of which settles as is said. */
  function asked(
    guards: Guards,
    outcome: boolean | 'not waited for' = true,
    more: { hasDirectory?: boolean; onlyAuthorities?: boolean; outdone?: readonly number[] } = {},
  ): number[] {
    const { hasDirectory = true, onlyAuthorities = false, outdone = [] } = more
    const servers: number[] = []
    for (const pick of directoryServers({
      network,
      guards: guards as unknown as GuardManager,
      hasDirectory,
      onlyAuthorities,
      isOutdone: (fingerprint) => outdone.map(nameOf).includes(fingerprint),
      random: first,
    })) {
      servers.push(Number.parseInt(encodeHex(pick.server.rsaIdentity).slice(0, 2), 16))
      pick.settled?.(outcome === 'not waited for' ? undefined : outcome)
    }
    return servers
  }

  it('are three guards that answer, and nobody else, of a client that has some', () => {
    expect(asked(new Guards(1, 2, 3, 4, 5))).to.deep.equal([1, 2, 3])
    expect(asked(new Guards(1, 2))).to.deep.equal([1, 2])
  })

  it('are further guards where some cannot be reached, and still nobody else', () => {
    const guards = new Guards(1, 2, 3, 4, 5)
    expect(asked(guards, false)).to.deep.equal([1, 2, 3, 4, 5])
    expect(guards.told).to.deep.equal([1, 2, 3, 4, 5].map((index) => `failed ${index}`))
  })

  it('are the guards that did not have what others had after the others, and no further guard for it', () => {
    expect(asked(new Guards(1, 2, 3, 4), true, { outdone: [1, 2] })).to.deep.equal([3, 1, 2])
  })

  it('that were not waited for leave their guards as they were', () => {
    const guards = new Guards(1)
    expect(asked(guards, 'not waited for')).to.deep.equal([1])
    expect(guards.told).to.deep.equal(['cancelled 1'])
  })

  it('are fallbacks and then authorities of a client without a directory, or without a guard that fits', () => {
    for (const servers of [asked(new Guards(1), true, { hasDirectory: false }), asked(new Guards())]) {
      expect(servers.slice(0, 3)).to.have.members([50, 51, 52])
      expect(servers.slice(3)).to.have.members([100, 101])
    }
  })

  it('are authorities alone where those are asked beside the others', () => {
    expect(asked(new Guards(1), true, { onlyAuthorities: true })).to.have.members([100, 101])
  })
})
