import { expect } from 'chai'
import { systemClock, type Clock } from '../../../lib/base/waiting/clock.ts'
import { EndReason } from '../../../lib/cell/reasons.ts'
import { Attachment } from '../../../lib/client/attach/attachment.ts'
import { lookUp } from '../../../lib/stream/lookup.ts'
import type { StreamOptions } from '../../../lib/stream/options.ts'
import { ExitRefusal } from '../../../lib/testing/exit/exit.ts'
import { echo, source } from '../../../lib/testing/exit/exits.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { TorStream } from '../../../lib/stream/tor-stream.ts'
import { flowControls } from '../../support/flow-controls.ts'
import { held } from '../../support/garbage.ts'
import { CircuitFixture, roundTrip, type Built } from '../../circuit/support/circuit-fixture.ts'

/** How many of each are made, and kept at most: a collector may take what is left on the stack for a reference, as
 * Bun's does. */
const COUNT = 12
const KEPT = 'Bun' in globalThis ? COUNT / 2 : 3

const quietly = (promise: Promise<unknown>): Promise<unknown> => promise.catch(() => undefined)

for (const { kind } of flowControls) {
  describe(`A circuit that goes on (${kind}) lets go of`, function () {
    let fixture: CircuitFixture
    let relay: TestRelay
    let built: Built
    /** Aborted by some; held by the spec all the time. */
    const abort = new AbortController()
    before(async () => {
      fixture = await CircuitFixture.under(kind)
      relay = fixture.network.relays[2] as TestRelay
    })
    beforeEach(async () => {
      relay.exit = echo()
      built = await fixture.open()
    })
    afterEach(() => built.circuit.close())
    after(() => fixture.close())

    /** As a client attaches its streams. */
    const attachment = (): Attachment =>
      new Attachment({
        requirements: { ports: [80] },
        nextCircuit: () =>
          Promise.resolve({
            carrier: built.circuit.carrier,
            fingerprints: [],
            failed: () => undefined,
            released: () => undefined,
          }),
        attemptTimeout: () => 10_000,
        timeout: 60_000,
        clock: systemClock,
      })
    const connect = (options: StreamOptions): TorStream => new TorStream(attachment(), 'example.com:80', options)

    const ends: Readonly<Record<string, (stream: TorStream) => Promise<unknown>>> = {
      'streams that were closed': async (stream) => {
        await stream.opened
        await stream.close()
      },
      'streams that were closed before they were connected': (stream) => quietly(stream.close()),
      'streams that were closed with a write that waits and bytes that nobody read': async (stream) => {
        await stream.opened
        const writer = stream.writable.getWriter()
        void quietly(writer.write(new Uint8Array(2_000_000)))
        await stream.readable.getReader().read()
        await stream.close()
      },
      'streams whose writable was aborted': async (stream) => {
        await stream.opened
        await stream.writable.abort(new Error('enough'))
      },
      'streams whose readable was cancelled after the writable was closed': async (stream) => {
        await stream.writable.close()
        await stream.readable.cancel()
        await stream.closed
      },
      'streams that the exit refuses': async (stream) => {
        await quietly(stream.opened)
      },
      'streams that the far end has ended': async (stream) => {
        await new Response(stream.readable).arrayBuffer()
        await stream.closed
      },
    }
    for (const [what, end] of Object.entries(ends)) {
      it(`${what}, whose signal goes on too`, async () => {
        if (what.includes('refuses')) relay.exit = () => Promise.reject(new ExitRefusal(EndReason.CONNECTREFUSED))
        if (what.includes('has ended')) relay.exit = source({ length: 1000 })
        const refs: WeakRef<object>[] = []
        for (let count = 0; count < COUNT; count++) {
          const stream = connect({ signal: abort.signal })
          refs.push(new WeakRef(stream), new WeakRef(stream.readable), new WeakRef(stream.writable))
          await end(stream)
        }
        await roundTrip(built)
        expect(await held(refs), 'streams held').to.be.at.most(3 * KEPT)
      })
    }

    it('lookups that were answered, and such as were given up', async () => {
      const refs: WeakRef<object>[] = []
      for (let count = 0; count < COUNT; count++) {
        // A lookup is seen by nobody; it holds its clock.
        const [answered, givenUp]: Clock[] = [{ ...systemClock }, { ...systemClock }]
        refs.push(new WeakRef(answered as Clock), new WeakRef(givenUp as Clock))
        await quietly(lookUp(attachment(), 'no.example', { clock: answered, signal: abort.signal }))
        const giveUp = new AbortController()
        const asking = lookUp(attachment(), 'no.example', { clock: givenUp, signal: giveUp.signal })
        giveUp.abort()
        await quietly(asking)
      }
      await roundTrip(built)
      expect(await held(refs), 'lookups held').to.be.at.most(2 * KEPT)
    })

    it('streams that a signal aborted which lives on', async () => {
      const refs: WeakRef<object>[] = []
      const aborting = new AbortController()
      for (let count = 0; count < COUNT; count++) {
        const stream = connect({ signal: aborting.signal })
        refs.push(new WeakRef(stream))
        await stream.opened
      }
      aborting.abort()
      await roundTrip(built)
      expect(await held(refs), 'streams held').to.be.at.most(KEPT)
      expect(aborting.signal.aborted).to.equal(true)
    })
  })
}
