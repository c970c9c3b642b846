import { expect } from 'chai'
import { CellCommand, RelayCommand } from '../../lib/cell/commands.ts'
import { encodeCreated2 } from '../../lib/cell/create2.ts'
import { EndReason } from '../../lib/cell/reasons.ts'
import { Circuit } from '../../lib/circuit/circuit.ts'
import type { SocketError } from '../../lib/base/errors.ts'
import { TorError } from '../../lib/base/errors.ts'
import { TorStream } from '../../lib/stream/tor-stream.ts'
import { sink } from '../../lib/testing/exit/exits.ts'
import type { TestCircuit } from '../../lib/testing/relay/test-circuit.ts'
import type { TestLink } from '../../lib/testing/relay/test-relay.ts'
import type { CreateAnswer } from '../../lib/testing/relay/relay-link.ts'
import type { CreateRequest, TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { expectToEcho, CircuitFixture, roundTrip, stateOf, type Built } from '../circuit/support/circuit-fixture.ts'
import { codeOf, failureOf } from '../support/failures.ts'
import { flowControls } from '../support/flow-controls.ts'
import { SplicedCircuit } from './support/spliced-circuit.ts'

const { DATA, DROP, END, EXTEND2, EXTENDED2, TRUNCATED } = RelayCommand
const HOPS = ['guard', 'middle', 'exit'] as const

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

for (const { kind } of flowControls) {
  describe(`A relay that sends wrong cells (${kind})`, () => {
    let fixture: CircuitFixture
    let bystander: TorStream
    before(async () => {
      fixture = await CircuitFixture.under(kind)
      const { circuit } = await fixture.open()
      bystander = circuit.connect('bystander.example:80')
      await bystander.opened
      relay(2).exit = sink()
    })
    after(() => fixture.close())
    afterEach(async () => {
      for (const each of fixture.network.relays) {
        each.onMessage = undefined
        each.answerCreate = undefined
      }
      await expectToEcho(bystander)
    })

    const relay = (index: number): TestRelay => fixture.network.relays[index] as TestRelay
    const hop = (built: Built, index: number): TestCircuit => built.hops[index] as TestCircuit

    /** Expects the circuit to fail, and its streams with it, and the client to send a DESTROY that says nothing. */
    async function expectToClose(
      { circuit, guard }: Built,
      code = 'CIRCUIT_PROTOCOL',
      streams: readonly TorStream[] = [],
    ): Promise<TorError> {
      const failure = await failureOf(circuit.closed)
      expect(failure.code).to.equal(code)
      expect(failure).to.be.instanceOf(TorError)
      for (const stream of streams) {
        expect(await codeOf(stream.closed)).to.equal(code)
        expect(await codeOf(stream.readable.getReader().read())).to.equal(code)
        expect(await codeOf(stream.writable.getWriter().write(new Uint8Array(1)))).to.equal(code)
      }
      await guard.when(() => guard.closed)
      expect(guard.destroyReceived).to.equal(code === 'CIRCUIT_DESTROYED' ? undefined : 0)
      return failure
    }

    async function openStream(built: Built): Promise<{ readonly stream: TorStream; readonly id: number }> {
      const stream = built.circuit.connect('example.com:80')
      await stream.opened
      return { stream, id: [...built.exit.streams.keys()].at(-1) as number }
    }

    describe('that no hop has made', () => {
      const cells: readonly (readonly [what: string, send: (circuit: TestCircuit, id: number) => void])[] = [
        ['of noise', (circuit) => circuit.sendRaw(random(509))],
        ['of noise that says it is recognized', (circuit) => circuit.sendRaw(random(509).fill(0, 1, 3))],
        ['of zeros', (circuit) => circuit.sendRaw(new Uint8Array(509))],
        ['with a wrong digest', (circuit, id) => circuit.send({ command: DATA, streamId: id, digest: random(4) })],
        [
          'with a digest of zeros',
          (circuit, id) => circuit.send({ command: DATA, streamId: id, digest: new Uint8Array(4) }),
        ],
        [
          'with the right digest that does not say it is recognized',
          (circuit, id) => circuit.send({ command: DATA, streamId: id, recognized: 0x0100 }),
        ],
        [
          'with the right digest and half of "recognized"',
          (circuit, id) => circuit.send({ command: DROP, streamId: id, recognized: 1 }),
        ],
      ]
      for (const [what, send] of cells) {
        for (const [index, name] of HOPS.entries()) {
          it(`loses the circuit by a cell ${what}, from the ${name}`, async () => {
            const built = await fixture.open()
            const { stream, id } = await openStream(built)
            send(hop(built, index), id)
            await expectToClose(built, 'CIRCUIT_PROTOCOL', [stream])
          })
        }
      }
    })

    describe('whose length is more than a cell holds', () => {
      for (const length of [499, 500, 509, 510, 32_768, 65_535]) {
        it(`loses the circuit by ${length} bytes, whatever the message and whoever sends it`, async () => {
          for (const [index, command] of [
            [2, DATA],
            [2, RelayCommand.SENDME],
            [1, DROP],
            [0, 200],
          ] as const) {
            const built = await fixture.open()
            const { stream, id } = await openStream(built)
            const streamId = command === DATA ? id : 0
            hop(built, index).send({ command, streamId, body: random(498), length })
            await expectToClose(built, 'CIRCUIT_PROTOCOL', [stream])
          }
        })
      }

      it('may use all of a cell', async () => {
        const built = await fixture.open()
        const { stream, id } = await openStream(built)
        const body = random(498)
        built.exit.send({ command: DATA, streamId: id, body })
        expect((await stream.readable.getReader().read()).value).to.deep.equal(body)
        hop(built, 0).send({ command: 200, body })
        await roundTrip(built)
      })
    })

    describe('of the wrong kind', () => {
      for (const [index, name] of HOPS.entries()) {
        it(`loses the circuit by a RELAY_EARLY cell from the ${name}`, async () => {
          const built = await fixture.open()
          const { stream, id } = await openStream(built)
          hop(built, index).send({ command: DATA, streamId: id, body: random(3), early: true })
          await expectToClose(built, 'CIRCUIT_PROTOCOL', [stream])
        })
      }

      for (const name of ['CREATED2', 'CREATED', 'CREATED_FAST'] as const) {
        it(`loses an open circuit by a ${name} cell`, async () => {
          const built = await fixture.open()
          const { stream } = await openStream(built)
          built.guard.sendCell(CellCommand[name], encodeCreated2(random(64)))
          await expectToClose(built, 'CIRCUIT_PROTOCOL', [stream])
        })

        it(`loses a circuit that is being extended by a ${name} cell`, async () => {
          const { circuit, requested } = stall(1)
          const middle = await requested
          const guard = fixture.network.circuits.at(-1) as TestCircuit
          guard.sendCell(CellCommand[name], encodeCreated2(random(64)))
          await expectToClose({ circuit, hops: [guard, middle], guard, exit: middle })
          expect(await codeOf(circuit.opened)).to.equal('CIRCUIT_PROTOCOL')
        })
      }

      it('may send cells with circuit ids that the client does not have', async () => {
        const built = await fixture.open()
        const link = built.guard.link
        const id = (built.guard.id ^ 0x1234) >>> 0
        link.sendCell(id, CellCommand.RELAY, random(509))
        link.sendCell(id, CellCommand.RELAY_EARLY, random(509))
        link.sendCell(id, CellCommand.CREATED2, random(509))
        link.sendCell(id, CellCommand.DESTROY, random(1))
        await roundTrip(built)
      })
    })

    /** Opens a circuit that comes as far as an EXTEND2 at the relay of this index, which leaves it unanswered. */
    function stall(index: number): { readonly circuit: Circuit; readonly requested: Promise<TestCircuit> } {
      let circuit: Circuit | undefined
      const requested = new Promise<TestCircuit>((resolve) => {
        relay(index).onMessage = (at, { command }) => {
          if (command !== EXTEND2) return 'handle'
          resolve(at)
          return 'ignore'
        }
        circuit = Circuit.open(fixture.network.path(), { channel: fixture.channel })
      })
      return { circuit: circuit as Circuit, requested }
    }

    describe('in answer to a CREATE2', () => {
      async function expectFailure(
        answer: (request: CreateRequest) => CreateAnswer | Promise<CreateAnswer>,
        code: string,
        cause?: string,
      ): Promise<TorError> {
        relay(0).answerCreate = answer
        const circuit = Circuit.open(fixture.network.path(), { channel: fixture.channel })
        const stream = circuit.connect('example.com:80')
        const failure = await failureOf(circuit.opened)
        expect(failure.code).to.equal(code)
        if (cause !== undefined) expect((failure.cause as TorError).code).to.equal(cause)
        expect(await codeOf(circuit.closed)).to.equal(code)
        for (const promise of [stream.opened, stream.closed]) expect(await codeOf(promise)).to.equal(code)
        return failure
      }

      it('loses the circuit by a wrong AUTH, and gets a DESTROY', async () => {
        await expectFailure(() => 'wrong-auth', 'CIRCUIT_HANDSHAKE')
        const guard = fixture.network.circuits.at(-1) as TestCircuit
        await guard.when(() => guard.destroyReceived !== undefined)
        expect(guard.destroyReceived).to.equal(0)
      })

      for (const length of [0, 1, 32, 63, 65, 507]) {
        it(`loses the circuit by a handshake of ${length} bytes`, async () => {
          await expectFailure(() => ({ created2: encodeCreated2(random(length)) }), 'CIRCUIT_HANDSHAKE')
        })
      }

      for (const length of [508, 509, 65_535]) {
        it(`loses the circuit by a handshake that claims ${length} bytes`, async () => {
          const body = random(509)
          body.set([length >>> 8, length & 255])
          await expectFailure(() => ({ created2: body }), 'CIRCUIT_PROTOCOL', 'CELL_MALFORMED')
        })
      }

      it('loses the circuit by a public key of small order', async () => {
        const failure = await expectFailure(
          () => ({ created2: encodeCreated2(new Uint8Array(64)) }),
          'CIRCUIT_HANDSHAKE',
        )
        expect(failure.message).to.contain('degenerate')
      })

      for (const command of [
        CellCommand.RELAY,
        CellCommand.RELAY_EARLY,
        CellCommand.CREATED,
        CellCommand.CREATED_FAST,
      ]) {
        it(`loses the circuit by a cell of command ${command}`, async () => {
          await expectFailure(({ link, circuitId }) => {
            link.sendCell(circuitId, command, random(509))
            return 'ignore'
          }, 'CIRCUIT_PROTOCOL')
        })
      }

      it('loses the circuit by a second CREATED2', async () => {
        const [link] = relay(0).links as [TestLink]
        const send = link.sendCell.bind(link)
        link.sendCell = (id, command, body) => {
          send(id, command, body)
          if (command === CellCommand.CREATED2) send(id, command, body)
        }
        const circuit = Circuit.open(fixture.network.path(), { channel: fixture.channel })
        expect(await codeOf(circuit.opened)).to.equal('CIRCUIT_PROTOCOL')
        link.sendCell = send
      })

      it('loses the circuit by a DESTROY with whatever reason', async () => {
        for (const reason of [...Array(13).keys(), 13, 255]) {
          const failure = await expectFailure(() => ({ destroy: reason }), 'CIRCUIT_DESTROYED')
          expect(failure.reason).to.equal(reason)
        }
      })
    })

    describe('in answer to an EXTEND2', () => {
      const answers: readonly (readonly [what: string, body: Uint8Array, code: string, cause?: string])[] = [
        ['an empty EXTENDED2', new Uint8Array(0), 'CIRCUIT_PROTOCOL', 'CELL_MALFORMED'],
        ['an EXTENDED2 of one byte', new Uint8Array(1), 'CIRCUIT_PROTOCOL', 'CELL_MALFORMED'],
        [
          'an EXTENDED2 that ends too early',
          encodeCreated2(random(64)).subarray(0, 65),
          'CIRCUIT_PROTOCOL',
          'CELL_MALFORMED',
        ],
        ['a handshake without bytes', encodeCreated2(new Uint8Array(0)), 'CIRCUIT_HANDSHAKE'],
        ['a handshake of 63 bytes', encodeCreated2(random(63)), 'CIRCUIT_HANDSHAKE'],
        ['a handshake of 65 bytes', encodeCreated2(random(65)), 'CIRCUIT_HANDSHAKE'],
        ['a handshake that fills the message', encodeCreated2(random(496)), 'CIRCUIT_HANDSHAKE'],
        ['a wrong AUTH', encodeCreated2(random(64)), 'CIRCUIT_HANDSHAKE'],
        ['a public key of small order', encodeCreated2(new Uint8Array(64)), 'CIRCUIT_HANDSHAKE'],
      ]
      for (const [what, body, code, cause] of answers) {
        for (const index of [0, 1]) {
          it(`loses the circuit by ${what}, from the ${HOPS[index]}`, async () => {
            const { circuit, requested } = stall(index)
            const at = await requested
            const guard = fixture.network.circuits.at(-1) as TestCircuit
            at.send({ command: EXTENDED2, body })
            const failure = await expectToClose({ circuit, hops: guard.hops, guard, exit: at }, code)
            expect(await failureOf(circuit.opened)).to.equal(failure)
            if (cause !== undefined) expect((failure.cause as TorError).code).to.equal(cause)
          })
        }
      }

      it('loses the circuit by an EXTENDED2 from a hop that was not asked', async () => {
        const { circuit, requested } = stall(1)
        const exit = await requested
        const guard = fixture.network.circuits.at(-1) as TestCircuit
        guard.send({ command: EXTENDED2, body: encodeCreated2(random(64)) })
        await expectToClose({ circuit, hops: guard.hops, guard, exit })
      })

      it('loses the circuit by an EXTENDED2 with a stream id', async () => {
        const { circuit, requested } = stall(0)
        const guard = await requested
        guard.send({ command: EXTENDED2, streamId: 1, body: encodeCreated2(random(64)) })
        await expectToClose({ circuit, hops: [guard], guard, exit: guard })
      })

      it('loses the circuit by a second EXTENDED2', async () => {
        const built = await fixture.open()
        const { stream } = await openStream(built)
        hop(built, 1).send({ command: EXTENDED2, body: encodeCreated2(random(64)) })
        await expectToClose(built, 'CIRCUIT_PROTOCOL', [stream])
      })

      for (const [name, command] of Object.entries({
        DATA,
        END,
        CONNECTED: RelayCommand.CONNECTED,
        SENDME: RelayCommand.SENDME,
      })) {
        it(`loses the circuit by a ${name}`, async () => {
          const { circuit, requested } = stall(1)
          const exit = await requested
          const guard = fixture.network.circuits.at(-1) as TestCircuit
          exit.send({ command, streamId: 1, body: random(1) })
          await expectToClose({ circuit, hops: guard.hops, guard, exit })
        })
      }

      for (const [index, name] of HOPS.entries()) {
        if (index === 2) continue
        it(`loses the circuit by a DESTROY with whatever reason, from the ${name}`, async () => {
          for (const reason of [0, 1, 8, 255]) {
            const { circuit, requested } = stall(1)
            await requested
            const guard = fixture.network.circuits.at(-1) as TestCircuit
            guard.hops[index]?.destroy(reason)
            const failure = await failureOf(circuit.opened)
            // What is behind the guard ends in a TRUNCATED: the guard goes on.
            expect(failure).to.include({ code: index === 0 ? 'CIRCUIT_DESTROYED' : 'CIRCUIT_TRUNCATED', reason })
          }
        })

        it(`loses the circuit by a TRUNCATED with or without a reason, from the ${name}`, async () => {
          for (const reason of [0, 1, 8, 255, undefined]) {
            const { circuit, requested } = stall(1)
            await requested
            const guard = fixture.network.circuits.at(-1) as TestCircuit
            guard.hops[index]?.send({
              command: TRUNCATED,
              body: reason === undefined ? new Uint8Array(0) : Uint8Array.of(reason),
            })
            const failure = await failureOf(circuit.opened)
            expect(failure).to.include({ code: 'CIRCUIT_TRUNCATED', reason: reason ?? 0 })
            await guard.when(() => guard.destroyReceived !== undefined)
            expect(guard.destroyReceived).to.equal(0)
          }
        })
      }
    })

    describe('that end the circuit', () => {
      /** A cheap circuit with a stream on it, and what has to fail. */
      async function splice(): Promise<{
        readonly circuit: SplicedCircuit
        readonly fails: readonly Promise<unknown>[]
      }> {
        const circuit = new SplicedCircuit(fixture.channel, relay(0).links[0] as TestLink)
        const stream = new TorStream(circuit.controller, 'example.com:80')
        await circuit.send(circuit.exit, {
          command: RelayCommand.CONNECTED,
          streamId: await circuit.idOf(RelayCommand.BEGIN),
        })
        await stream.opened
        return {
          circuit,
          fails: [circuit.controller.closed.promise, stream.closed, stream.readable.getReader().read()],
        }
      }

      it('ends it by a DESTROY, and its streams, with the reason, and gets no DESTROY in answer', async () => {
        for (const reason of [...Array(13).keys(), 13, 255]) {
          const { circuit, fails } = await splice()
          circuit.sendCell(CellCommand.DESTROY, Uint8Array.of(reason))
          for (const promise of fails) expect(await codeOf(promise)).to.equal('CIRCUIT_DESTROYED')
          expect(await failureOf(circuit.controller.closed.promise)).to.include({ reason })
          await expectToEcho(bystander) // what the client sent before that has arrived
          expect(circuit.destroyed).to.equal(undefined)
        }
      })

      for (const [index, name] of HOPS.entries()) {
        it(`ends it by a TRUNCATED from the ${name}, with or without a reason, and gets a DESTROY that says nothing`, async () => {
          for (const reason of [...Array(13).keys(), 255, undefined]) {
            const { circuit, fails } = await splice()
            await circuit.send(index, {
              command: TRUNCATED,
              body: reason === undefined ? new Uint8Array(0) : Uint8Array.of(reason),
            })
            for (const promise of fails) expect(await codeOf(promise)).to.equal('CIRCUIT_TRUNCATED')
            expect(await failureOf(circuit.controller.closed.promise)).to.include({ reason: reason ?? 0 })
            await circuit.when(() => circuit.destroyed !== undefined)
            expect(circuit.destroyed).to.equal(0)
          }
        })
      }

      it('has what it sent before the end read to its last byte', async () => {
        const built = await fixture.open()
        const { stream, id } = await openStream(built)
        const body = random(498)
        built.exit.send({ command: DATA, streamId: id, body })
        built.exit.send({ command: TRUNCATED })
        expect(await codeOf(stream.closed)).to.equal('CIRCUIT_TRUNCATED')
        const reader = stream.readable.getReader()
        expect((await reader.read()).value).to.deep.equal(body)
        expect(await codeOf(reader.read())).to.equal('CIRCUIT_TRUNCATED')
      })
    })

    describe('that are of no use', () => {
      for (const [command, what] of [
        [DROP, 'DROP'],
        [99, 'a command that nobody knows'],
      ] as const) {
        for (const [index, name] of HOPS.entries()) {
          it(`may send 1000 of ${what} more than it sent others, from the ${name}, and not one more`, async () => {
            const built = await fixture.open()
            // Two EXTENDED2 have come. Each round trip adds a RESOLVED.
            for (let count = 0; count < 1002; count++) hop(built, index).send({ command, body: random(count % 499) })
            await roundTrip(built)
            hop(built, index).send({ command })
            await roundTrip(built)
            for (let count = 0; count < 2; count++) hop(built, index).send({ command })
            await expectToClose(built)
          })
        }
      }
    })

    describe('as an END', () => {
      const NAMES = Object.entries(EndReason)

      it('ends a stream with whatever follows the reason, and the circuit goes on', async () => {
        const built = await fixture.open()
        for (let length = 0; length <= 30; length++) {
          for (const [reason, code] of [
            [4, 'END_EXITPOLICY'],
            [12, 'END_CONNRESET'],
            [15, 'END_OTHER'],
            [255, 'END_OTHER'],
          ] as const) {
            const { stream, id } = await openStream(built)
            const body = random(length)
            if (length > 0) body[0] = reason
            built.exit.send({ command: END, streamId: id, body })
            const failure = (await failureOf(stream.closed)) as SocketError
            expect(failure.code).to.equal(length === 0 ? 'END_MISC' : code)
            expect(failure.reason).to.equal(length === 0 ? 1 : reason)
            const named = reason === 4 && [5, 9, 17, 21].includes(length)
            expect(failure.address !== undefined, `an address in ${length} bytes`).to.equal(named)
            expect(await codeOf(stream.readable.getReader().read())).to.equal(failure.code)
          }
        }
        await roundTrip(built)
      })

      it('has a code for each reason that has a name, while the stream is open and before', async () => {
        const built = await fixture.open()
        for (const [name, reason] of NAMES) {
          const { stream, id } = await openStream(built)
          built.exit.send({ command: END, streamId: id, body: Uint8Array.of(reason) })
          if (name === 'DONE') await stream.closed
          else expect(await failureOf(stream.closed)).to.include({ code: `END_${name}`, reason })

          relay(2).onMessage = (at, { command, streamId }) => {
            if (command === RelayCommand.BEGIN) at.send({ command: END, streamId, body: Uint8Array.of(reason) })
            return command === RelayCommand.BEGIN ? 'ignore' : 'handle'
          }
          const refused = built.circuit.connect('example.com:80')
          for (const promise of [refused.opened, refused.closed])
            expect(await failureOf(promise)).to.include({ code: `END_${name}`, reason })
          relay(2).onMessage = undefined
        }
        await roundTrip(built)
      })
    })

    describe('as a CONNECTED or a RESOLVED', () => {
      /** Has the exit answer each message of this command with another. */
      function answer(command: number, by: number, body: Uint8Array): void {
        relay(2).onMessage = (at, message) => {
          if (message.command !== command) return 'handle'
          at.send({ command: by, streamId: message.streamId, body })
          return 'ignore'
        }
      }

      const ip6 = Uint8Array.of(0x20, 1, 0xd, 0xb8, ...new Uint8Array(12))
      const connected: readonly (readonly [what: string, body: Uint8Array, code: string])[] = [
        ['of one byte', random(1), 'CELL_MALFORMED'],
        ['of three bytes', random(3), 'CELL_MALFORMED'],
        ['of four zeros', new Uint8Array(4), 'CELL_MALFORMED'],
        ['with an address of type 4', Uint8Array.of(0, 0, 0, 0, 4, ...ip6, 0, 0, 0, 60), 'CELL_MALFORMED'],
        ['with half an IPv6 address', Uint8Array.of(0, 0, 0, 0, 6, ...ip6.subarray(8)), 'CELL_MALFORMED'],
        ['with an IPv6 address and no time', Uint8Array.of(0, 0, 0, 0, 6, ...ip6), 'CELL_MALFORMED'],
        ['with a loopback address', Uint8Array.of(127, 0, 0, 1, 0, 0, 0, 60), 'ADDRESS_REFUSED'],
        ['with a private address', Uint8Array.of(10, 1, 2, 3, 0, 0, 0, 60), 'ADDRESS_REFUSED'],
      ]
      for (const [what, body, code] of connected) {
        it(`loses the stream by a CONNECTED ${what}, and the circuit goes on until a second one comes`, async () => {
          const built = await fixture.open()
          const { stream: other } = await openStream(built)
          answer(RelayCommand.BEGIN, RelayCommand.CONNECTED, body)
          const stream = built.circuit.connect('example.com:80')
          for (const promise of [stream.opened, stream.closed, stream.readable.getReader().read()])
            expect(await codeOf(promise)).to.equal(code)
          await roundTrip(built)
          const end = built.exit.messages.findLast(({ command }) => command === END)
          expect(end?.body).to.deep.equal(Uint8Array.of(EndReason.MISC))
          expect(await stateOf(other.closed)).to.equal('pending')
          built.exit.send({ command: RelayCommand.CONNECTED, streamId: end?.streamId as number })
          await expectToClose(built, 'CIRCUIT_PROTOCOL', [other])
        })
      }

      const resolved: readonly (readonly [what: string, body: Uint8Array, code: string])[] = [
        ['without answers', new Uint8Array(0), 'RESOLVE_TRANSIENT'],
        ['of one byte', random(1), 'CELL_MALFORMED'],
        ['whose answer ends too early', Uint8Array.of(4, 4, 203, 0), 'CELL_MALFORMED'],
        ['without the time of its answer', Uint8Array.of(4, 4, 203, 0, 113, 1), 'CELL_MALFORMED'],
        ['with an IPv4 address of 5 bytes', Uint8Array.of(4, 5, 203, 0, 113, 1, 1, 0, 0, 0, 60), 'CELL_MALFORMED'],
        ['with an IPv6 address of 4 bytes', Uint8Array.of(6, 4, 203, 0, 113, 1, 0, 0, 0, 60), 'CELL_MALFORMED'],
        ['with an empty hostname', Uint8Array.of(0, 0, 0, 0, 0, 60), 'CELL_MALFORMED'],
        ['with a private address only', Uint8Array.of(4, 4, 192, 168, 1, 1, 0, 0, 0, 60), 'RESOLVE_TRANSIENT'],
        ['with a transient error', Uint8Array.of(0xf0, 0, 0, 0, 0, 60), 'RESOLVE_TRANSIENT'],
        ['with an error', Uint8Array.of(0xf1, 0, 0, 0, 0, 60), 'RESOLVE_FAILED'],
        ['with an answer of a kind that nobody knows', Uint8Array.of(0x55, 1, 9, 0, 0, 0, 60), 'RESOLVE_TRANSIENT'],
      ]
      it('loses the lookup by a RESOLVED that is malformed or says no, and the circuit goes on', async () => {
        const built = await fixture.open()
        const { stream } = await openStream(built)
        for (const [what, body, code] of resolved) {
          answer(RelayCommand.RESOLVE, RelayCommand.RESOLVED, body)
          expect(await codeOf(built.circuit.resolve('example.com')), what).to.equal(code)
        }
        relay(2).onMessage = undefined
        await roundTrip(built)
        expect(await stateOf(stream.closed)).to.equal('pending')
      })
    })
  })
}
