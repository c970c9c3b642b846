import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { parseIPAddress } from '../../../lib/cell/ip-address.ts'
import { GuardManager } from '../../../lib/client/guards/guards.ts'
import { LearnedPolicies } from '../../../lib/client/paths/learned-policies.ts'
import {
  PathSelector,
  type ChosenPath,
  type PathRequest,
  type PathSelectorOptions,
} from '../../../lib/client/paths/path-selection.ts'
import { PositionWeights, type Position } from '../../../lib/client/relays/weights.ts'
import type { DirectoryRelay, NetworkDirectory } from '../../../lib/directory/network-directory.ts'
import { RelayFlag } from '../../../lib/directory/relay-flags.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { countedPauses } from '../../directory/support/helpers.ts'
import { chiSquare } from '../support/chi-square.ts'
import {
  EPOCH,
  fingerprintAt,
  generatedDirectory,
  generatedNetwork,
  type DirectoryPlan,
  type FlagName,
  type RelayPlan,
} from '../support/generated-directory.ts'
import { seededRandom } from '../support/seeded-random.ts'

const DRAWS = 100_000

interface Setup extends Partial<PathSelectorOptions> {
  readonly seed?: number
}

function selectorFor(directory: NetworkDirectory, { seed = 1, ...options }: Setup = {}): PathSelector {
  const random = seededRandom(seed)
  const guards = GuardManager.load(undefined, { directory, now: () => EPOCH, random })
  return new PathSelector(directory, { guards, random, ...options })
}

const nicknames = ({ relays }: ChosenPath): string[] => relays.map(({ nickname }) => nickname)

/** What a choice of a path fails with. */
function failureOf(selector: PathSelector, request: PathRequest): string {
  try {
    selector.choosePath(request)
  } catch (error) {
    expect(error).to.be.instanceOf(TorError).with.property('code', 'NO_PATH')
    return (error as TorError).message
  }
  return expect.fail('A path was chosen')
}

/** Checks that relays were drawn as often as they weigh for the position. */
function expectWeighted(
  drawn: ReadonlyMap<DirectoryRelay, number>,
  candidates: readonly DirectoryRelay[],
  directory: NetworkDirectory,
  position: Position,
  draws = DRAWS,
): void {
  const weights = new PositionWeights(directory)
  const counts = candidates.map((relay) => drawn.get(relay) ?? 0)
  expect(counts.reduce((sum, count) => sum + count, 0)).to.equal(draws)
  const { statistic, critical } = chiSquare(
    counts,
    candidates.map((relay) => weights.weigh(relay, position)),
  )
  expect(statistic).to.be.below(critical)
}

const guard = (plan: RelayPlan = {}): RelayPlan => ({ flags: ['Guard'], ...plan })
const exit = (plan: RelayPlan = {}): RelayPlan => ({ flags: ['Exit'], ...plan })

describe('Path selection', () => {
  it('chooses the same paths whether what it needs was made ahead or not', async () => {
    const directory = generatedDirectory(generatedNetwork(3000, seededRandom(3)))
    const [lazy, ahead] = [selectorFor(directory, { seed: 4 }), selectorFor(directory, { seed: 4 })]
    const { pause, pauses } = countedPauses()
    await ahead.prepare({ pause })
    expect(pauses()).to.be.at.least(5)
    for (const port of [443, 22, 80, 6667, 443])
      expect(nicknames(ahead.choosePath({ ports: [port] }))).to.deep.equal(
        nicknames(lazy.choosePath({ ports: [port] })),
      )
  })

  it('may choose while it is being made ready', async () => {
    const directory = generatedDirectory(generatedNetwork(300, seededRandom(3)))
    const [lazy, ahead] = [selectorFor(directory, { seed: 4 }), selectorFor(directory, { seed: 4 })]
    const chosen: string[][] = []
    await ahead.prepare({
      pause: async () => {
        chosen.push(nicknames(ahead.choosePath({ ports: [443] })))
      },
    })
    expect(chosen).to.deep.equal(chosen.map(() => nicknames(lazy.choosePath({ ports: [443] }))))
  })

  it('is ready at once, and finds no path, in a network of nobody', async () => {
    const selector = selectorFor(generatedDirectory([]))
    await selector.prepare()
    expect(failureOf(selector, { ports: [443] })).to.match(/no exit/)
  })

  describe(`over ${DRAWS.toLocaleString('en')} draws`, () => {
    it('chooses exits as often as they weigh', () => {
      const random = seededRandom(1)
      const directory = generatedDirectory(generatedNetwork(40, random))
      const [someGuard] = directory.relays.filter(
        ({ flags }) => (flags & (RelayFlag.Guard | RelayFlag.Exit)) === RelayFlag.Guard,
      )
      // The guard is settled and the same each time: only the exit is counted.
      const guards = { pick: () => ({ relay: someGuard as DirectoryRelay }) }
      const selector = selectorFor(directory, { seed: 2, guards })
      const drawn = new Map<DirectoryRelay, number>()
      for (let draw = 0; draw < DRAWS; draw++) {
        const last = selector.choosePath({ ports: [443] }).relays[2]
        drawn.set(last, (drawn.get(last) ?? 0) + 1)
      }
      expectWeighted(
        drawn,
        directory.relays.filter(({ flags }) => (flags & RelayFlag.Exit) !== 0),
        directory,
        'exit',
      )
    })

    it('chooses exits as often as they weigh among those that fit, with a few or with nearly all left out', () => {
      const plans = generatedNetwork(60, seededRandom(5)).map((plan, index) => ({
        ...plan,
        ...(index % 8 === 0 ? { exitPolicy: 'accept 443' } : {}),
      }))
      const heavy = { flags: ['Exit'], bandwidth: 20_000 } as const
      for (const [seed, unfit] of [
        [6, []],
        // Draws hit these nearly always.
        [7, [heavy, heavy, { ...heavy, bandwidth: 500_000 }]],
      ] as const) {
        const directory = generatedDirectory([...plans, ...unfit])
        const [someGuard] = directory.relays.filter(
          ({ flags }) => (flags & (RelayFlag.Guard | RelayFlag.Exit)) === RelayFlag.Guard,
        )
        const guards = { pick: () => ({ relay: someGuard as DirectoryRelay }) }
        const learned = new LearnedPolicies(() => EPOCH)
        learned.refuse(fingerprintAt(12), 80)
        const selector = selectorFor(directory, { seed, guards, learned })
        const gone = [20, 60, 61, 62].map(fingerprintAt)
        const request: PathRequest = {
          ports: [80],
          excludedExits: new Set(gone.slice(0, 2)),
          avoided: new Set(gone.slice(2, 3)),
          exit: ({ fingerprint }) => fingerprint !== gone[3],
        }
        const drawn = new Map<DirectoryRelay, number>()
        for (let draw = 0; draw < DRAWS / 5; draw++) {
          const last = selector.choosePath(request).relays[2]
          drawn.set(last, (drawn.get(last) ?? 0) + 1)
        }
        const candidates = directory.relays.filter(
          ({ flags, exitPolicy, fingerprint }) =>
            (flags & RelayFlag.Exit) !== 0 &&
            exitPolicy.allows(80) &&
            ![...gone, fingerprintAt(12)].includes(fingerprint),
        )
        expectWeighted(drawn, candidates, directory, 'exit', DRAWS / 5)
      }
    })

    it('chooses middle relays as often as they weigh among those that fit', () => {
      const random = seededRandom(3)
      const plans = generatedNetwork(40, random)
      // Kin of the ends, so heavy that most draws hit them: they must not disturb the others' shares.
      plans.push({ addresses: ['1.0.77.7'], bandwidth: 200_000 }, { addresses: ['1.8.77.7'], bandwidth: 200_000 })
      const directory = generatedDirectory(plans)
      const ends = [directory.relay(fingerprintAt(0)), directory.relay(fingerprintAt(8))] as DirectoryRelay[]
      const selector = selectorFor(directory, { seed: 4 })
      const drawn = new Map<DirectoryRelay, number>()
      for (let draw = 0; draw < DRAWS; draw++) {
        const middle = selector.chooseMiddle(ends, false) as DirectoryRelay
        drawn.set(middle, (drawn.get(middle) ?? 0) + 1)
      }
      const kin = [0, 8, 40, 41].map(fingerprintAt)
      expectWeighted(
        drawn,
        directory.relays.filter(({ fingerprint }) => !kin.includes(fingerprint)),
        directory,
        'middle',
      )
    })
  })

  describe('of any network', () => {
    /** Networks with few addresses, operators and ports, so that conditions collide. */
    const relayPlan = fc.record({
      addresses: fc
        .tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 60 }))
        .map(([a, b]) => [`${a}.1.2.3`, `2001:${b}::1`]),
      flags: fc.constantFrom<readonly FlagName[]>(
        [],
        ['Guard'],
        ['Exit'],
        ['Guard', 'Exit'],
        ['Exit', 'BadExit'],
        ['Guard', 'NoEdConsensus'],
        ['Exit', 'MiddleOnly'],
      ),
      without: fc.oneof(
        { weight: 3, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.subarray<FlagName>(['Running', 'Valid', 'Fast', 'Stable', 'V2Dir']) },
      ),
      bandwidth: fc.nat({ max: 50 }),
      exitPolicy: fc.constantFrom('accept 1-65535', 'accept 80,443', 'accept 22', 'reject 25', 'reject 1-65535'),
      exitPolicyIPv6: fc.constantFrom('reject 1-65535', 'accept 80'),
      family: fc.uniqueArray(fc.nat({ max: 20 }).map(fingerprintAt), { maxLength: 3 }),
      familyIds: fc.uniqueArray(fc.constantFrom('ed25519:a', 'ed25519:b', 'ed25519:c', 'ed25519:d', 'ed25519:e'), {
        maxLength: 1,
      }),
      protocols: fc.oneof(
        { weight: 8, arbitrary: fc.constant('FlowCtrl=1-2 Link=4-5 Relay=2-4') },
        {
          weight: 1,
          arbitrary: fc.constantFrom(
            'FlowCtrl=1 Link=1-3 Relay=2',
            'FlowCtrl=1 Link=5 Relay=1',
            'Link=5 Relay=2-4',
            '',
          ),
        },
      ),
      hasMicrodescriptor: fc.oneof(
        { weight: 8, arbitrary: fc.constant(true) },
        { weight: 1, arbitrary: fc.constant(false) },
      ),
    })
    const pathRequest = fc.record({
      ports: fc.subarray([22, 80, 443], { maxLength: 2 }),
      family: fc.constantFrom(undefined, 4, 6),
      stable: fc.constantFrom(undefined, true, false),
      excludedExits: fc
        .uniqueArray(fc.nat({ max: 20 }).map(fingerprintAt), { maxLength: 4 })
        .map((list) => new Set(list)),
      exit: fc.constantFrom(undefined, ({ bandwidth }: DirectoryRelay) => bandwidth % 2 === 0),
      avoided: fc.uniqueArray(fc.nat({ max: 20 }).map(fingerprintAt), { maxLength: 8 }).map((list) => new Set(list)),
    }) as fc.Arbitrary<PathRequest>

    // What the relays of a path must be, worked out anew from what the specification says.

    const isHop = ({ flags, protocols }: DirectoryRelay): boolean =>
      (flags & (RelayFlag.Running | RelayFlag.Valid | RelayFlag.NoEdConsensus)) ===
        (RelayFlag.Running | RelayFlag.Valid) &&
      protocols.supports('Relay', 2) &&
      protocols.supports('FlowCtrl', 1)

    function isGuard({ flags, protocols }: DirectoryRelay): boolean {
      const wanted = RelayFlag.Guard | RelayFlag.Stable | RelayFlag.Fast | RelayFlag.V2Dir
      return (flags & wanted) === wanted && (protocols.supports('Link', 4) || protocols.supports('Link', 5))
    }

    function isExit(relay: DirectoryRelay, { ports, family, excludedExits, exit: condition }: PathRequest): boolean {
      const { flags, exitPolicy, exitPolicyIPv6, fingerprint } = relay
      if ((flags & RelayFlag.Exit) === 0 || (flags & (RelayFlag.BadExit | RelayFlag.MiddleOnly)) !== 0) return false
      if (excludedExits?.has(fingerprint) === true || condition?.(relay) === false) return false
      const policy = family === 6 ? exitPolicyIPv6 : exitPolicy
      if (ports.length > 0) return ports.every((port) => policy.allows(port))
      return family === undefined ? !(exitPolicy.rejectsAll && exitPolicyIPv6.rejectsAll) : !policy.rejectsAll
    }

    function mayShareAPath(a: DirectoryRelay, b: DirectoryRelay, testing: boolean): boolean {
      if (a.fingerprint === b.fingerprint) return false
      if (a.family.includes(b.fingerprint) && b.family.includes(a.fingerprint)) return false
      if (a.familyIds.some((id) => b.familyIds.includes(id))) return false
      const networks = (relay: DirectoryRelay): string[] =>
        relay.addresses.map(({ hostname }) => {
          const bytes = parseIPAddress(hostname) as Uint8Array
          return bytes.subarray(0, bytes.length === 4 ? 2 : 4).join()
        })
      return testing || !networks(a).some((network) => networks(b).includes(network))
    }

    const isPath = ([first, middle, last]: ChosenPath['relays'], request: PathRequest, testing: boolean): boolean =>
      [first, middle, last].every(isHop) &&
      isGuard(first) &&
      isExit(last, request) &&
      mayShareAPath(first, middle, testing) &&
      mayShareAPath(first, last, testing) &&
      mayShareAPath(middle, last, testing)

    /** Whether any three of the relays are a path. */
    function hasPath(all: readonly DirectoryRelay[], request: PathRequest, testing: boolean): boolean {
      const relays = all.filter(isHop)
      return relays
        .filter((last) => isExit(last, request))
        .some((last) =>
          relays
            .filter(isGuard)
            .some(
              (first) =>
                mayShareAPath(first, last, testing) &&
                relays.some((middle) => isPath([first, middle, last], request, testing)),
            ),
        )
    }

    /** Fails where a relay that is to be avoided was taken, and another would have done. */
    function expectAvoiding(
      path: ChosenPath['relays'],
      all: readonly DirectoryRelay[],
      request: PathRequest,
      testing: boolean,
    ): void {
      const [first, middle, last] = path
      const isAvoided = ({ fingerprint }: DirectoryRelay): boolean => request.avoided?.has(fingerprint) === true
      const others = all.filter((relay) => !isAvoided(relay))
      if (isAvoided(middle))
        expect(
          others.some((other) => isPath([first, other, last], request, testing)),
          'another middle',
        ).to.equal(false)
      const onlyOthers = {
        ...request,
        exit: (relay: DirectoryRelay) => !isAvoided(relay) && request.exit?.(relay) !== false,
      }
      if (isAvoided(last)) expect(hasPath(all, onlyOthers, testing), 'another exit').to.equal(false)
    }

    it('breaks no condition, and finds a path where there is one', () => {
      let found = 0
      let missing = 0
      const networks = fc.array(relayPlan, { minLength: 3, maxLength: 20 })
      fc.assert(
        fc.property(networks, pathRequest, fc.boolean(), fc.integer(), (plans, request, testing, seed) => {
          const directory = generatedDirectory(plans)
          const selector = selectorFor(directory, { seed, testing })
          for (let draw = 0; draw < 5; draw++) {
            let path: ChosenPath
            try {
              path = selector.choosePath(request)
            } catch (error) {
              expect(error).to.be.instanceOf(TorError).with.property('code', 'NO_PATH')
              expect(hasPath(directory.relays, request, testing)).to.equal(false)
              missing++
              return
            }
            expect(path.guard.relay).to.equal(path.relays[0])
            expect(isPath(path.relays, request, testing)).to.equal(true)
            expectAvoiding(path.relays, directory.relays, request, testing)
            found++
          }
        }),
        { numRuns: 700, seed: 7 },
      )
      expect(found).to.be.above(700)
      expect(missing).to.be.above(150)
    })

    it('asks about a few exits for each path, however many there are', () => {
      const directory = generatedDirectory(generatedNetwork(2000, seededRandom(8)))
      const selector = selectorFor(directory, { seed: 9 })
      let asked = 0
      const exit = (): boolean => ++asked % 2 === 0
      for (let draw = 0; draw < 100; draw++) selector.choosePath({ ports: [80], exit })
      expect(asked).to.be.within(100, 400)
    })

    it('begins at the same guard whichever relays are avoided', () => {
      const directory = generatedDirectory([guard(), guard(), guard(), {}, exit()])
      const [first] = selectorFor(directory, { seed: 1 }).choosePath({ ports: [80] }).relays
      fc.assert(
        fc.property(
          fc.subarray(directory.relays.map(({ fingerprint }) => fingerprint)),
          fc.integer(),
          (list, random) => {
            const selector = selectorFor(directory, { seed: 1, random: seededRandom(random) })
            expect(selector.choosePath({ ports: [80], avoided: new Set(list) }).relays[0]).to.equal(first)
          },
        ),
      )
    })

    it('takes relays that are Fast, and Stable if it is to be, wherever such ones make a path', () => {
      const relay = fc.record({
        flags: fc.constantFrom<FlagName[]>([], ['Exit'], ['Guard']),
        without: fc.subarray<FlagName>(['Fast', 'Stable']),
      })
      fc.assert(
        fc.property(fc.array(relay, { maxLength: 20 }), fc.boolean(), fc.integer(), (plans, stable, seed) => {
          const selector = selectorFor(generatedDirectory([guard(), {}, exit(), ...plans]), { seed })
          const wanted = stable ? RelayFlag.Fast | RelayFlag.Stable : RelayFlag.Fast
          for (const { flags } of selector.choosePath({ ports: [80], stable }).relays)
            expect(flags & wanted).to.equal(wanted)
        }),
        { numRuns: 300 },
      )
    })
  })

  it('asks for Stable relays where a port of connections that last is among the ports', () => {
    const directory = generatedDirectory([
      guard(),
      guard(),
      {},
      { without: ['Stable'] },
      exit(),
      exit({ without: ['Stable'] }),
    ])
    const stable = RelayFlag.Stable
    const unstableExits = new Set<boolean>()
    for (let seed = 0; seed < 40; seed++) {
      const selector = selectorFor(directory, { seed })
      for (const relay of selector.choosePath({ ports: [80, 22] }).relays) expect(relay.flags & stable).to.equal(stable)
      unstableExits.add((selector.choosePath({ ports: [80] }).relays[2].flags & stable) === 0)
    }
    expect(unstableExits.size).to.equal(2)
  })

  it('takes a Fast middle relay also when kin of the others outweigh all that fit', () => {
    const directory = generatedDirectory([
      guard({ addresses: ['9.9.0.1'] }),
      exit(),
      { addresses: ['9.9.0.2'], bandwidth: 0xffff_ffff },
      { bandwidth: 1 },
      { without: ['Fast'], bandwidth: 1000 },
    ])
    for (let seed = 0; seed < 20; seed++) {
      expect(nicknames(selectorFor(directory, { seed }).choosePath({ ports: [80] }))).to.deep.equal([
        'relay0',
        'relay3',
        'relay1',
      ])
    }
  })

  it('does without Fast and Stable rather than without a path', () => {
    const directory = generatedDirectory([guard(), { without: ['Fast'] }, exit({ without: ['Fast', 'Stable'] })])
    expect(nicknames(selectorFor(directory).choosePath({ ports: [22] }))).to.deep.equal(['relay0', 'relay1', 'relay2'])
  })

  it('makes a path of three relays whatever the order of their roles', () => {
    const directory = generatedDirectory([
      guard({ flags: ['Guard', 'Exit'] }),
      guard({ flags: ['Guard', 'Exit'] }),
      guard(),
    ])
    const seen = new Set<string>()
    for (let seed = 0; seed < 60; seed++) {
      const path = nicknames(selectorFor(directory, { seed }).choosePath({ ports: [80] }))
      expect(new Set(path).size).to.equal(3)
      seen.add(path.join())
    }
    expect(seen.size).to.equal(4)
  })

  it('chooses another exit when the one chosen leaves no guard', () => {
    // The only guard is kin of the exit that weighs most.
    const directory = generatedDirectory([
      guard({ familyIds: ['ed25519:a'] }),
      exit({ familyIds: ['ed25519:a'], bandwidth: 1_000_000 }),
      exit({ bandwidth: 1 }),
      {},
    ])
    expect(selectorFor(directory).choosePath({ ports: [80] }).relays[2].nickname).to.equal('relay2')
  })

  it('chooses another exit when the one chosen leaves no middle relay', () => {
    const directory = generatedDirectory([
      guard(),
      exit({ familyIds: ['ed25519:a'] }),
      exit({ familyIds: ['ed25519:a', 'ed25519:b'] }),
      exit({ familyIds: ['ed25519:b'] }),
    ])
    for (let seed = 0; seed < 40; seed++) {
      const path = nicknames(selectorFor(directory, { seed }).choosePath({ ports: [80] }))
      expect(path.join(' ')).to.be.oneOf(['relay0 relay1 relay3', 'relay0 relay3 relay1'])
    }
  })

  it('begins at another guard when the first leaves no middle relay', () => {
    // The only other relay is kin of one of the guards, and the guards are kin of each other. Each of them comes first
    // in some runs.
    const directory = generatedDirectory([
      guard({ familyIds: ['ed25519:a', 'ed25519:b'] }),
      guard({ familyIds: ['ed25519:b'] }),
      exit(),
      { familyIds: ['ed25519:a'] },
    ])
    for (let seed = 0; seed < 20; seed++) {
      expect(nicknames(selectorFor(directory, { seed }).choosePath({ ports: [80] }))).to.deep.equal([
        'relay1',
        'relay3',
        'relay2',
      ])
    }
  })

  it('allows relays at one address in a testing network only', () => {
    const plans = [guard(), {}, exit()].map((plan) => ({ ...plan, addresses: ['127.0.0.1'] }))
    const directory = generatedDirectory(plans)
    expect(failureOf(selectorFor(directory), { ports: [80] })).to.equal(
      'Cannot choose a guard: none is there that is neither the exit nor its kin',
    )
    expect(nicknames(selectorFor(directory, { testing: true }).choosePath({ ports: [80] }))).to.deep.equal([
      'relay0',
      'relay1',
      'relay2',
    ])
  })

  it('leaves out exits that have refused the host', () => {
    const learned = new LearnedPolicies()
    learned.refuse(fingerprintAt(2), 80, 'example.com')
    const directory = generatedDirectory([guard(), {}, exit({ bandwidth: 1_000_000 }), exit({ bandwidth: 1 })])
    const selector = selectorFor(directory, { learned })
    expect(selector.choosePath({ ports: [80], host: 'example.com' }).relays[2].nickname).to.equal('relay3')
    expect(selector.choosePath({ ports: [80], host: 'example.org' }).relays[2].nickname).to.equal('relay2')
  })

  it('never takes a relay whose microdescriptor is missing', () => {
    const directory = generatedDirectory([
      guard(),
      {},
      exit(),
      exit({ bandwidth: 1_000_000, hasMicrodescriptor: false }),
    ])
    expect(selectorFor(directory).choosePath({ ports: [80] }).relays[2].nickname).to.equal('relay2')
  })

  describe('says which condition left nothing', () => {
    const cases: readonly (readonly [
      what: string,
      plans: readonly RelayPlan[],
      request: PathRequest,
      message: string,
    ])[] = [
      ['no relay', [], { ports: [80] }, 'an exit: the directory has no exit'],
      ['no exit', [guard(), {}, {}], { ports: [80] }, 'an exit: the directory has no exit'],
      [
        'no port',
        [guard(), {}, exit({ exitPolicy: 'accept 80' })],
        { ports: [25] },
        'an exit: none of the 1 exits allows port 25',
      ],
      [
        'no condition met',
        [guard(), {}, exit()],
        { ports: [80], exit: () => false },
        'an exit: none of the 1 exits that are left meets the condition of the caller',
      ],
      [
        'all excluded',
        [guard(), {}, exit()],
        { ports: [80], excludedExits: new Set([fingerprintAt(2)]) },
        'an exit: none of the 1 exits that allow it may be used',
      ],
      ['no guard', [{}, {}, exit()], { ports: [80] }, 'a guard: none is there that is neither the exit nor its kin'],
      [
        'no middle',
        [guard(), exit()],
        { ports: [80] },
        'a middle relay: none is there that is neither one of the others nor their kin',
      ],
    ]
    for (const [what, plans, request, message] of cases) {
      it(what, () => {
        expect(failureOf(selectorFor(generatedDirectory(plans)), request)).to.equal(`Cannot choose ${message}`)
      })
    }
  })

  it('follows the weights of the consensus, not the bandwidth alone', () => {
    const plan: DirectoryPlan = { weights: { ...zeroWeights(), Wee: 10_000, Wgg: 10_000, Wmm: 10_000 } }
    const both: readonly FlagName[] = ['Guard', 'Exit']
    const directory = generatedDirectory(
      [guard(), {}, exit({ bandwidth: 1 }), exit({ flags: both, bandwidth: 1_000_000 })],
      plan,
    )
    for (let seed = 0; seed < 20; seed++) {
      expect(nicknames(selectorFor(directory, { seed }).choosePath({ ports: [80] })).slice(1)).to.deep.equal([
        'relay1',
        'relay2',
      ])
    }
  })
})

/** Every weight at nothing, but those for directory ports. */
function zeroWeights(): Record<string, number> {
  const zeros = ['Wgg', 'Wgm', 'Wgd', 'Wmg', 'Wmm', 'Wme', 'Wmd', 'Weg', 'Wem', 'Wee', 'Wed'].map(
    (name) => [name, 0] as const,
  )
  return { ...Object.fromEntries(zeros), Wgb: 10_000, Wmb: 10_000, Web: 10_000, Wdb: 10_000 }
}
