import { expect } from 'chai'
import { deferred } from '../../../lib/base/waiting/deferred.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { DestroyReason } from '../../../lib/cell/reasons.ts'
import { Circuit } from '../../../lib/circuit/circuit.ts'
import { extendTo, targetOf } from '../../../lib/circuit/build/extend-to.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { Platform } from '../../../lib/platform/platform.ts'
import type { Relay } from '../../../lib/relay.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import { codeOf } from '../../support/failures.ts'
import { quiet, turn } from '../../support/turn.ts'
import { heldCurve, type HeldCurve } from '../handshake/support/held-curve.ts'
import { CircuitFixture, stateOf, type Built } from '../support/circuit-fixture.ts'

/** Turns after which nothing more is to be expected of a network in memory. */
const QUIET = 30

const platformWith = ({ x25519 }: HeldCurve): Platform => ({ ...currentPlatform(), x25519 })

describe('A circuit whose handshakes are computed elsewhere', () => {
  let fixture: CircuitFixture

  beforeEach(async () => {
    fixture = await CircuitFixture.start()
  })
  afterEach(() => fixture.close())

  /** Begins a circuit; the computation with this number is held up. */
  function begin(which?: number, signal?: AbortSignal): { readonly circuit: Circuit; readonly curve: HeldCurve } {
    const curve = heldCurve(which)
    const options = { channel: fixture.channel, platform: platformWith(curve), ...(signal && { signal }) }
    return { circuit: Circuit.open(fixture.network.path(), options), curve }
  }

  /** How many computations a circuit takes. */
  async function computations(): Promise<number> {
    const { circuit, curve } = begin()
    await circuit.opened
    await circuit.close()
    expect(curve.asked).to.be.within(6, 20)
    return curve.asked
  }

  const ways: Readonly<Record<string, (circuit: Circuit, aborts: AbortController) => void>> = {
    'given up by its signal': (_, aborts) => aborts.abort(),
    'closed': (circuit) => void circuit.close(),
    'closed by the relay': () => fixture.network.circuits.at(-1)?.destroy(DestroyReason.RESOURCELIMIT),
    'lost with its channel': () => void fixture.channel.close(),
  }
  for (const [name, end] of Object.entries(ways)) {
    it(`leaves nothing behind when it is ${name} in the middle of any of them, whatever that comes to`, async () => {
      const count = await computations()
      for (let which = 0; which < count; which++) {
        const isWell = which % 2 === 0
        const aborts = new AbortController()
        const { circuit, curve } = begin(which, aborts.signal)
        await curve.held
        await turn(2)
        const before = fixture.network.circuits.length
        end(circuit, aborts)
        // The first of all is computed before there is anything at a relay.
        if (name === 'closed by the relay' && (await stateOf(circuit.opened)) === 'pending') await circuit.close()
        expect(await codeOf(circuit.opened)).to.be.oneOf(['ABORTED', 'CIRCUIT_CLOSED', 'CIRCUIT_DESTROYED', 'LINK_CLOSED']) // prettier-ignore
        await quiet(QUIET)
        const asked = curve.asked
        const heard = seenNow().map(({ messages, cellsReceived }) => [messages.length, cellsReceived])
        curve.release(isWell ? undefined : new Error('the engine failed'))
        await quiet(QUIET)
        expect(seenNow().map(({ messages, cellsReceived }) => [messages.length, cellsReceived])).to.deep.equal(heard)
        expect(fixture.network.circuits.length).to.equal(before)
        expect(curve.asked).to.be.at.most(asked + 2)
        if (name !== 'lost with its channel') continue
        await fixture.close()
        fixture = await CircuitFixture.start()
      }
    })
  }

  /** The circuits of all relays. */
  const seenNow = (): readonly TestCircuit[] => fixture.network.circuits.flatMap(({ hops }) => hops)

  it('fails with a code when a computation does', async () => {
    const count = await computations()
    for (let which = 0; which < count; which++) {
      const { circuit, curve } = begin(which)
      await curve.held
      curve.release(new Error('the engine failed'))
      expect(await codeOf(circuit.opened)).to.equal('CIRCUIT_CLOSED')
    }
  })

  it('opens once they have come to something, with the streams that wait', async () => {
    const count = await computations()
    for (let which = 0; which < count; which++) {
      const { circuit, curve } = begin(which)
      const stream = circuit.connect('example.com:80')
      await curve.held
      await quiet(QUIET)
      expect(await stateOf(circuit.opened)).to.equal('pending')
      curve.release()
      await stream.opened
      await circuit.close()
    }
  })

  it('is made longer by nothing when it ends while that is computed', async () => {
    for (let which = 0; which < 3; which++) {
      const { circuit } = await fixture.open({}, 2)
      const curve = heldCurve(which)
      const target = targetOf(fixture.network.path()[2] as Relay)
      const extended = codeOf(extendTo(circuit.controller, target, platformWith(curve)))
      await curve.held
      await circuit.close()
      curve.release()
      expect(await extended).to.equal('CIRCUIT_CLOSED')
    }
  })
})

describe('What a relay sends behind a message about introductions and rendezvous', () => {
  let fixture: CircuitFixture
  let built: Built

  beforeEach(async () => {
    fixture = await CircuitFixture.start()
    built = await fixture.open()
  })
  afterEach(() => fixture.close())

  /** A stream, the message, and bytes on the stream behind it, all in one turn. */
  async function talk(): Promise<{
    readonly reader: ReadableStreamDefaultReader<Uint8Array>
    readonly done: (error?: unknown) => void
  }> {
    const { circuit, exit } = built
    const stream = circuit.connect('example.com:80')
    await stream.opened
    const hop = circuit.controller.hops.at(-1)
    const { promise, resolve, reject } = deferred<void>()
    if (hop !== undefined) hop.conversation = () => promise
    const streamId = exit.messages.find(({ command }) => command === RelayCommand.BEGIN)?.streamId as number
    exit.send({ command: RelayCommand.RENDEZVOUS2, body: new Uint8Array(64) })
    for (const byte of [1, 2, 3]) exit.send({ command: RelayCommand.DATA, streamId, body: Uint8Array.of(byte) })
    await quiet(QUIET)
    return {
      reader: stream.readable.getReader(),
      done: (error) => (error === undefined ? resolve() : reject(error)),
    }
  }

  it('waits in order for whoever computes something of that message', async () => {
    const { reader, done } = await talk()
    const read = reader.read()
    await quiet(QUIET)
    expect(await stateOf(read)).to.equal('pending')
    done()
    expect([...((await read).value ?? [])]).to.deep.equal([1, 2, 3])
    await built.circuit.close()
  })

  it('is not looked at when that failed: the relay has broken the protocol', async () => {
    const { reader, done } = await talk()
    done(new Error('no key'))
    expect(await codeOf(reader.read())).to.equal('CIRCUIT_PROTOCOL')
    expect(await codeOf(built.circuit.closed)).to.equal('CIRCUIT_PROTOCOL')
    expect((await fixture.open()).circuit.hops).to.equal(3)
  })

  it('is dropped when the circuit is closed meanwhile, and other circuits of the link go on', async () => {
    const { reader, done } = await talk()
    await built.circuit.close()
    done()
    expect(await codeOf(reader.read())).to.equal('CIRCUIT_CLOSED')
    expect((await fixture.open()).circuit.hops).to.equal(3)
  })
})
