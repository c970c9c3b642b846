import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { encodeCreated2 } from '../../lib/cell/create2.ts'
import { BODY_SIZE } from '../../lib/cell/body-size.ts'
import type { CircuitPort } from '../../lib/channel/circuit-port.ts'
import { CircuitController } from '../../lib/circuit/circuit-controller.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../../lib/circuit/onion/hop-crypto.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import type { Platform } from '../../lib/platform/platform.ts'
import type { Keystream } from '../../lib/platform/crypto/ciphers/keystream.ts'
import { WebCryptoKeystream } from '../../lib/platform/crypto/ciphers/webcrypto-ctr.ts'
import { sink, source } from '../../lib/testing/exit/exits.ts'
import { packMessage, type OutgoingMessage } from '../../lib/testing/relay/circuit/messages.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { flowControls } from '../support/flow-controls.ts'
import { ManualClock } from '../testing/support/manual-clock.ts'
import { endOfTurn, CircuitFixture, roundTrip, settled, stateOf } from './support/circuit-fixture.ts'
import { codeOf } from '../support/failures.ts'
import { expectPattern, lastStream, Upload } from './support/transfer.ts'

const { DROP, EXTENDED2 } = RelayCommand

/** A platform as browsers and Deno have it, in every engine. */
const ahead: Platform = { ...currentPlatform(), keystream: (key) => new WebCryptoKeystream(key) }

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

for (const { kind, window, step } of flowControls) {
  describe(`A circuit whose keystream is made ahead (${kind})`, () => {
    let fixture: CircuitFixture
    let relay: TestRelay
    before(async () => {
      fixture = await CircuitFixture.under(kind)
      relay = fixture.network.relays[2] as TestRelay
    })
    after(() => fixture.close())
    afterEach(() => {
      Object.assign(relay.withhold, { streamSendmes: false, circuitSendmes: false })
    })

    it('moves bytes both ways at once, all in order', async () => {
      const built = await fixture.open({ platform: ahead })
      relay.exit = source({ length: 3_000_000 })
      const down = built.circuit.connect('example.com:80')
      await down.opened
      const download = expectPattern(down)
      relay.exit = sink()
      const upload = new Upload(built.circuit.connect('example.com:80'), 3_000_000)
      expect(await download).to.equal(3_000_000)
      await upload.done
      await upload.writer.close()
      await settled(built)
      expect(lastStream(built.exit).bytesReceived).to.equal(3_000_000)
      expect(built.exit.violation).to.equal(undefined)
      await built.circuit.close()
    })

    it(`stops an upload after exactly ${window} cells, and lets exactly ${step} more through for a SENDME`, async () => {
      const built = await fixture.open({ platform: ahead, clock: new ManualClock() }) // a clock that stands still leaves a congestion window as it is
      relay.exit = sink()
      relay.withhold.circuitSendmes = true
      for (let count = 0; count < 3; count++) new Upload(built.circuit.connect('example.com:80'), 1_000_000)
      for (let cells = window; cells <= window + 3 * step; cells += step) {
        await built.exit.when(({ flow }) => flow.dataReceived >= cells)
        await settled(built)
        expect(built.exit.flow.dataReceived).to.equal(cells)
        built.exit.releaseSendmes('circuit', 1)
      }
      await built.circuit.close()
    })

    it('closes on a violation as any other does, with cells still waiting for their keystream', async () => {
      const built = await fixture.open({ platform: ahead })
      relay.exit = source({ length: 1_000_000 })
      const stream = built.circuit.connect('example.com:80')
      await stream.opened
      for (let count = 0; count < 300; count++) built.exit.send({ command: DROP })
      built.exit.sendRaw(random(BODY_SIZE))
      expect(await codeOf(built.circuit.closed)).to.equal('CIRCUIT_PROTOCOL')
      await built.guard.when(({ destroyReceived }) => destroyReceived === 0)
    })

    it('can be closed while keystream is made', async () => {
      relay.withhold.circuitSendmes = true // so that the upload does not come to its end first
      for (let turns = 0; turns < 8; turns++) {
        const built = await fixture.open({ platform: ahead })
        relay.exit = source({ length: 1_000_000 })
        const stream = built.circuit.connect('example.com:80')
        const upload = new Upload(stream, 1_000_000)
        for (let turn = 0; turn < turns; turn++) await endOfTurn()
        await built.circuit.close()
        for (const promise of [upload.done, stream.closed]) expect(await codeOf(promise)).to.equal('CIRCUIT_CLOSED')
        await built.guard.when(({ closed }) => closed)
        expect(built.guard.destroyReceived).to.equal(0)
      }
    })

    it('ends with CIRCUIT_CLOSED and the cause when there is no more keystream to be had', async () => {
      let broken: Error | undefined
      const breaking: Platform = {
        ...ahead,
        keystream(key): Keystream {
          const keystream = new WebCryptoKeystream(key)
          return {
            get available() {
              return broken ? 0 : keystream.available
            },
            refill: (bytes) => (broken ? Promise.reject(broken) : keystream.refill(bytes)),
            apply: (data) => keystream.apply(data),
          }
        },
      }
      for (const direction of ['in', 'out']) {
        broken = undefined
        const built = await fixture.open({ platform: breaking })
        await roundTrip(built)
        broken = new Error('no key store')
        if (direction === 'in') built.exit.send({ command: DROP })
        else built.circuit.connect('example.com:80')
        const failure = await built.circuit.closed.then(
          () => undefined,
          (error: unknown) => error as Error,
        )
        expect(failure).to.include({ code: 'CIRCUIT_CLOSED', cause: broken })
        await built.guard.when(({ destroyReceived }) => destroyReceived === 0)
      }
    })
  })
}

describe('A circuit whose keystream is made ahead', () => {
  it('goes on when a hop is added while keystream is made for cells of the hops before', async () => {
    const controller = new CircuitController()
    const port: CircuitPort = {
      circuitId: 0x8000_0001,
      room: 1000,
      taken: 0,
      sendRelay() {},
      sendCell() {},
      release() {},
    }
    controller.join(port)
    const keys = random(HOP_KEY_SIZE)
    const client = new HopCrypto(keys, ahead)
    controller.addHop(client)
    const guard = new HopCrypto(keys, currentPlatform())
    const cells = async (...messages: OutgoingMessage[]): Promise<Uint8Array> => {
      const bodies = new Uint8Array(messages.length * BODY_SIZE)
      messages.forEach((message, index) => {
        bodies.set(packMessage(message, random), index * BODY_SIZE)
        guard.backward.digest.seal(bodies, index * BODY_SIZE)
      })
      await guard.backward.keystream.refill(bodies.length)
      return new Uint8Array(guard.backward.keystream.apply(bodies))
    }
    const added = controller
      .extend(random(100))
      .then(() => controller.addHop(new HopCrypto(random(HOP_KEY_SIZE), ahead)))
    const first = await cells({ command: EXTENDED2, body: encodeCreated2(random(64)) })
    const behind = await cells(...Array.from({ length: 30 }, () => ({ command: DROP })))
    await client.backward.keystream.refill(BODY_SIZE)
    expect(client.backward.keystream.available).to.be.lessThan(30 * BODY_SIZE)

    expect(controller.receiveRelay(first, 1), 'keystream is there for the first').to.equal(undefined)
    await controller.receiveRelay(behind, 30)
    controller.endOfPass()
    await added
    expect(controller.hops).to.have.length(2)
    expect(await stateOf(controller.closed.promise)).to.equal('pending')
  })
})
