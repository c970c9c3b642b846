import { expect } from 'chai'
import type { ProofOfWorkOptions } from '../../../lib/client/proof-of-work.ts'
import { blindedIdentity } from '../../../lib/onion/identity/key-blinding.ts'
import { parseOnionAddress } from '../../../lib/onion/identity/address.ts'
import { decodeProof, type ProofOfWork, type Puzzle } from '../../../lib/onion/pow/puzzle.ts'
import { solvePuzzle } from '../../../lib/onion/pow/solve.ts'
import { proofFault } from '../../../lib/onion/pow/verify.ts'
import type { TestIntroduction, TestOnionService } from '../../../lib/testing/onion/test-onion-service.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import { ClientFixture, exchange } from '../../client/support/client-fixture.ts'
import { turn } from '../../support/turn.ts'
import { failureOf } from '../../support/failures.ts'

const SEED = new Uint8Array(32).fill(9)
const HOUR = 3_600_000

describe('A client of an onion service that asks for work', function () {
  let fixture: ClientFixture
  let onion: TestOnionService

  before(async () => {
    fixture = await ClientFixture.start({ relays: 8 })
  })
  beforeEach(() => {
    onion = fixture.network.onionService()
  })
  afterEach(async () => {
    await fixture.tidy() // which fails unless nothing is left
    onion.close()
  })
  after(() => fixture.end())

  /** The effort of a proof that is right, 0 without one; fails for one that is wrong. */
  function effortOf({ extensions }: TestIntroduction, seed = SEED): number {
    const data = extensions.get(2)
    const proof = data && decodeProof(data)
    if (proof === undefined) return 0
    expect(proof.seedHead).to.deep.equal(seed.subarray(0, 4))
    const identity = parseOnionAddress(onion.hostname) as Uint8Array
    const today = Math.floor((fixture.clock.now() / 60_000 - 720) / 1440)
    const faults = [today - 1, today, today + 1].map((number) => {
      const { key } = blindedIdentity(identity, { number, minutes: 1440 })
      return proofFault({ blindedKey: key, seed }, proof)
    })
    expect(faults).to.include(undefined)
    return proof.effort
  }
  const ask = (effort: number): void => {
    onion.proofOfWork = { seed: SEED, effort, expires: fixture.clock.now() + HOUR }
  }
  const efforts = (): number[] => onion.introductions.map((introduction) => effortOf(introduction))

  async function connects(pow?: false | ProofOfWorkOptions): Promise<void> {
    const tor = await fixture.open({ pow })
    const socket = tor.connect(`${onion.hostname}:80`, { timeout: 600_000 })
    await fixture.passing(socket.opened)
    expect(await fixture.passing(exchange(socket, 'hello'))).to.equal('hello')
  }
  const failing = async (pow: ProofOfWorkOptions, timeout = 600_000): Promise<Error & { code: string }> => {
    const tor = await fixture.open({ pow })
    return fixture.passing(failureOf(tor.connect(`${onion.hostname}:80`, { timeout }).opened))
  }

  it('brings a proof of the effort that the service suggests, and as large a message as ever', async () => {
    ask(3)
    await connects()
    expect(efforts()).to.deep.equal([3])
    expect(onion.introductions.map(({ size }) => size)).to.deep.equal([490])
  })

  it('brings none where none is suggested, where there is no puzzle, or where it shall make none', async () => {
    await connects()
    ask(0)
    await connects()
    ask(100)
    await connects(false)
    await connects({ maxEffort: 0 })
    expect(efforts()).to.deep.equal([0, 0, 0, 0])
  })

  it('works more for each introduction point by which the service did not come, until it does', async () => {
    ask(0)
    onion.accepts = (introduction) => effortOf(introduction) >= 8
    await connects()
    expect(efforts()).to.deep.equal([0, 0, 0, 8])
  })

  it('introduces itself six times and no more to a service that never comes', async () => {
    ask(1)
    onion.accepts = () => false
    expect((await failing({})).code).to.equal('ONION_RENDEZVOUS_FAILED')
    expect(efforts()).to.have.length(6)
    // What failed two minutes ago is forgotten.
    expect(efforts().slice(0, 4)).to.deep.equal([1, 1, 1, 8])
  })

  it('works as much as it may, whatever is asked for', async () => {
    ask(0xffff_ffff)
    await connects({ maxEffort: 4 })
    expect(efforts()).to.deep.equal([4])
    const asked: number[] = []
    const solve = async ({ effort }: Puzzle): Promise<ProofOfWork> => {
      asked.push(effort)
      throw new Error('too much')
    }
    await failing({ solve })
    expect(asked).to.deep.equal([10_000])
  })

  it('leaves the work to whoever is to do it, and sends nothing that is no proof', async () => {
    ask(2)
    await connects({ solve: (puzzle, signal) => solvePuzzle({ ...puzzle }, { signal }) })
    expect(efforts()).to.deep.equal([2])
    const cause = new Error('no worker')
    const ways: Record<string, NonNullable<ProofOfWorkOptions['solve']>> = {
      'throws': () => {
        throw cause
      },
      'rejects': () => Promise.reject(cause),
      'gives nothing': async () => undefined as unknown as ProofOfWork,
      'gives another effort': (puzzle) => solvePuzzle({ ...puzzle, effort: 3 }),
      'gives a wrong solution': async (puzzle) => ({ ...(await solvePuzzle(puzzle)), solution: new Uint8Array(16) }),
      'gives half a nonce': async (puzzle) => ({ ...(await solvePuzzle(puzzle)), nonce: new Uint8Array(8) }),
    }
    for (const [what, solve] of Object.entries(ways)) {
      const error = await failing({ solve })
      expect(error.code, what).to.equal('ONION_INTRODUCTION_FAILED')
      expect(onion.introductions, what).to.have.length(1)
    }
  })

  it('gives the work up with the stream that it is for', async () => {
    ask(1)
    let given: AbortSignal | undefined
    const solve = (_: Puzzle, signal: AbortSignal): Promise<ProofOfWork> => {
      given = signal
      return new Promise(() => undefined)
    }
    expect((await failing({ solve }, 30_000)).code).to.equal('TIMEOUT')
    expect(given?.aborted).to.equal(true)
    expect(onion.introductions).to.have.length(0)
  })

  it('gives the work up with the circuit to the introduction point, and tries another', async () => {
    ask(1)
    const given: AbortSignal[] = []
    const solve = (puzzle: Puzzle, signal: AbortSignal): Promise<ProofOfWork> => {
      given.push(signal)
      if (given.length > 1) return solvePuzzle(puzzle, { signal })
      const { network } = fixture
      const longOnes = (): TestCircuit[] => network.circuits.filter(({ closed, hops }) => !closed && hops.length === 4)
      // That to the introduction point is not there yet. Then the client has some turns to hear that it is.
      void network
        .when(() => longOnes().length > 0)
        .then(() => turn(50))
        .then(() => {
          for (const circuit of longOnes()) circuit.destroy(1)
        })
      return new Promise(() => undefined)
    }
    await connects({ solve })
    expect(given.map(({ aborted }) => aborted)).to.deep.equal([true, true])
    expect(efforts()).to.deep.equal([1])
  })

  it('fetches the descriptor anew when the puzzle has had its time', async () => {
    const next = new Uint8Array(32).fill(7)
    onion.proofOfWork = { seed: SEED, effort: 1, expires: fixture.clock.now() - 1000 }
    onion.descriptor = {
      outer: (text) => {
        onion.proofOfWork = { seed: next, effort: 2, expires: fixture.clock.now() + HOUR }
        onion.descriptor = { revision: 2n }
        return text
      },
    }
    await connects()
    expect(onion.fetches).to.equal(2)
    expect(onion.introductions.map((introduction) => effortOf(introduction, next))).to.deep.equal([2])
  })

  it('is told at once of options that cannot be', async () => {
    const wrong = [{ maxEfort: 1 }, { maxEffort: -1 }, { maxEffort: NaN }, { solve: 'worker' }, true, null]
    for (const pow of wrong as object[]) {
      const error = await fixture.open({ pow }).catch((error: unknown) => error)
      expect(error, JSON.stringify(pow))
        .to.be.instanceOf(Error)
        .with.property('message')
        .that.matches(/option pow/)
    }
  })
})
