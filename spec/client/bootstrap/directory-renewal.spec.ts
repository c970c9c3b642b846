import { expect } from 'chai'
import { DirectoryRenewal } from '../../../lib/client/bootstrap/directory-renewal.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('DirectoryRenewal', () => {
  let clock: FakeClock
  let renewal: DirectoryRenewal
  /** When something was fetched, in ms from the beginning. */
  let fetches: number[]
  /** How long after it was fetched the next consensus should be. */
  let interval: number
  let isInUse: boolean
  let isReachable: boolean
  let begun: number

  beforeEach(() => {
    clock = new FakeClock()
    begun = clock.now()
    fetches = []
    interval = HOUR
    isInUse = false
    isReachable = true
    renewal = new DirectoryRenewal({
      clock,
      nextFetch: () => clock.now() + interval,
      refresh: () => {
        fetches.push(clock.now() - begun)
        return isReachable ? Promise.resolve() : Promise.reject(new Error('nobody is there'))
      },
      isInUse: () => isInUse,
    })
  })
  afterEach(() => {
    renewal.stop()
    expect(clock.timers).to.equal(0)
  })

  async function pass(time: number, step = MINUTE): Promise<void> {
    for (let passed = 0; passed < time; passed += step) {
      clock.advance(step)
      await turn()
    }
  }

  it('fetches at the moments that are drawn, and at once at first where that one is past', async () => {
    interval = -MINUTE
    renewal.start()
    clock.advance(0)
    await turn()
    expect(fetches).to.deep.equal([0])
    interval = HOUR
    await pass(3 * HOUR)
    // The second was planned while the time was past: not sooner than in a minute.
    expect(fetches).to.deep.equal([0, MINUTE, HOUR + MINUTE, 2 * HOUR + MINUTE])
  })

  it('tries again each minute after a failure', async () => {
    renewal.start()
    isReachable = false
    await pass(HOUR + 3 * MINUTE)
    expect(fetches).to.deep.equal([0, 1, 2, 3].map((minute) => HOUR + minute * MINUTE))
  })

  it('fetches nothing any more once nobody has used the client for a day, and then at once when somebody does', async () => {
    renewal.start()
    await pass(12 * HOUR)
    renewal.used()
    await pass(72 * HOUR)
    // From the 36th hour on it rests.
    expect(fetches).to.deep.equal(Array.from({ length: 35 }, (_, hour) => (hour + 1) * HOUR))
    expect(clock.timers).to.equal(0)
    interval = -HOUR
    renewal.used()
    clock.advance(0)
    await turn()
    expect(fetches.at(-1)).to.equal(84 * HOUR)
    expect(fetches).to.have.length(36)
  })

  it('goes on for as long as something is under way', async () => {
    isInUse = true
    renewal.start()
    await pass(72 * HOUR)
    expect(fetches).to.have.length(72)
  })

  it('does not rest for a clock that was set back', async () => {
    renewal.start()
    clock.sleep(-48 * HOUR)
    await pass(4 * HOUR)
    expect(clock.timers).to.equal(1)
  })

  it('is over when it is stopped, also with a fetch on its way', async () => {
    renewal.start()
    clock.advance(HOUR)
    renewal.stop()
    await turn()
    renewal.used()
    expect(clock.timers).to.equal(0)
  })
})
