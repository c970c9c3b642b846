import { expect } from 'chai'
import { deferred, type Deferred } from '../../../../lib/base/waiting/deferred.ts'
import {
  inTurn,
  type Asking,
  type Outcome,
  type Progress,
  type ServerPick,
} from '../../../../lib/client/bootstrap/sources/attempts.ts'
import { severalAtOnce } from '../../../../lib/client/bootstrap/sources/several-at-once.ts'
import { FakeClock } from '../../../support/fake-clock.ts'
import { turn } from '../../../support/turn.ts'

/** A server that was asked. */
interface Asked {
  readonly name: number
  /** In seconds after the first. */
  readonly at: number
  readonly wanted: AbortSignal
  readonly progress: Progress
  readonly outcome: Deferred<Outcome<string>>
}

describe('Servers that are asked for one document', () => {
  let clock: FakeClock
  let asked: Asked[]
  let most: number
  const { signal } = new AbortController()

  beforeEach(() => {
    clock = new FakeClock()
    asked = []
    most = 6
  })
  afterEach(() => expect(clock.timers).to.equal(0))

  const server = (name: number): ServerPick => ({
    server: { addresses: [], rsaIdentity: Uint8Array.of(name) },
  })
  const askingFrom = (start: number): Asking<string> => ({
    next: (servers) => (asked.length < most ? (servers.next().value as ServerPick | undefined) : undefined),
    isOver: () => asked.length >= most,
    ask: (pick, wanted, progress) => {
      const at = (clock.now() - start) / 1000
      const outcome = deferred<Outcome<string>>()
      asked.push({ name: pick.server.rsaIdentity[0] as number, at, wanted, progress, outcome })
      return outcome.promise
    },
  })
  const times = (): (readonly [name: number, at: number])[] => asked.map(({ name, at }) => [name, at] as const)

  async function pass(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      await turn(3)
      clock.advance(1000)
    }
    await turn(3)
  }

  const several = (): Promise<Outcome<string>> =>
    severalAtOnce(
      [1, 2, 3, 4].map(server).values(),
      [7, 8].map(server).values(),
      askingFrom(clock.now()),
      { clock, random: () => 0 },
      signal,
    )

  it('keep others from being asked while something comes of them, and no longer than ten seconds otherwise', async () => {
    const over = several()
    await turn(3)
    const [first] = asked as [Asked]
    first.progress.movedAt = clock.now()
    await pass(8)
    first.progress.movedAt = clock.now()
    await pass(9)
    expect(times()).to.deep.equal([[1, 0]])
    await pass(1)
    // Those whose time has passed meanwhile: another, and an authority.
    expect(times()).to.deep.equal([
      [1, 0],
      [2, 18],
      [7, 18],
    ])
    asked[2]?.outcome.resolve({ value: 'of the authority' })
    expect(await over).to.deep.equal({ value: 'of the authority' })
    expect(asked.map(({ wanted }) => wanted.aborted)).to.deep.equal([true, true, true])
  })

  it('are no more than there may be, and the last is not waited after', async () => {
    most = 2
    const over = several()
    await pass(1)
    for (const { outcome } of asked) outcome.resolve(undefined)
    expect(await over).to.equal(undefined)
    expect(times()).to.deep.equal([
      [1, 0],
      [2, 1],
    ])
  })

  it('are asked one after the other with a wait in between, which is told of one that was silent', async () => {
    const waits: boolean[] = []
    const between = (isLate: boolean): Promise<boolean> => {
      waits.push(isLate)
      return Promise.resolve(waits.length < 3)
    }
    const over = inTurn([1, 2, 3, 4].map(server).values(), askingFrom(clock.now()), signal, between)
    for (const isSilent of [false, true, false]) {
      await turn(3)
      const last = asked.at(-1) as Asked
      if (isSilent) last.progress.wasSilent = true
      last.outcome.resolve(undefined)
    }
    expect(await over).to.equal(undefined)
    expect(waits).to.deep.equal([false, true, false])
    expect(asked).to.have.length(3)
  })
})
