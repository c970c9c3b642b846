import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { Circuit } from '../../lib/circuit/circuit.ts'
import { readCongestionParameters, type CongestionControlParameters } from '../../lib/circuit/congestion/parameters.ts'
import type { TorError } from '../../lib/base/errors.ts'
import { sink } from '../../lib/testing/exit/exits.ts'
import type { TestLink } from '../../lib/testing/relay/test-relay.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { endOfTurn, seenBy } from '../circuit/support/circuit-fixture.ts'
import { codeOf, failureOf } from '../support/failures.ts'
import { ManualClock } from '../testing/support/manual-clock.ts'
import { flowControls } from '../support/flow-controls.ts'

const TIMEOUT = 20_000

/** How far a circuit comes before nothing more happens. */
interface Phase {
  readonly name: string
  /** Turns the knobs. The promise resolves when the circuit has come so far. */
  readonly hold: (network: TestNetwork) => Promise<unknown>
}

const relayOf = (network: TestNetwork, index: number): TestRelay => network.relays[index] as TestRelay

/** Answers of the link handshake, in their order. The relay gives the first `count` of them. */
const ANSWERS: readonly ((link: TestLink) => unknown)[] = [
  (link) => link.sendVersions(),
  (link) => link.sendCerts(),
  (link) => link.sendAuthChallenge(),
]

const waitingFor = (name: string, count: number): Phase => ({
  name: `the link waits for ${name}`,
  hold: async (network) => {
    const relay = relayOf(network, 0)
    relay.onLink = () => 'ignore'
    await network.when(() => relay.links[0]?.versions !== undefined)
    for (const answer of ANSWERS.slice(0, count)) await answer(relay.links[0] as TestLink)
  },
})

const waitingForExtend = (name: string, index: number): Phase => ({
  name: `the circuit waits for ${name}`,
  hold: (network) =>
    new Promise<void>((resolve) => {
      relayOf(network, index).onMessage = (_circuit, { command }) => {
        if (command !== RelayCommand.EXTEND2) return 'handle'
        resolve()
        return 'ignore'
      }
    }),
})

const waitingForCreate = (name: string, index: number): Phase => ({
  name: `the circuit waits for ${name}`,
  hold: (network) =>
    new Promise<void>((resolve) => {
      relayOf(network, index).answerCreate = () => {
        resolve()
        return 'ignore'
      }
    }),
})

const DIALLING: Phase = {
  name: 'the relay is being dialled',
  hold: (network) => {
    relayOf(network, 0).reachable = 'never'
    return network.when(() => network.dials.length === 1)
  },
}

const PHASES: readonly Phase[] = [
  waitingFor('VERSIONS', 0),
  waitingFor('CERTS', 1),
  waitingFor('AUTH_CHALLENGE', 2),
  waitingFor('NETINFO', 3),
  waitingForCreate('CREATED2', 0),
  waitingForExtend('the first EXTENDED2', 0),
  waitingForCreate('the first EXTENDED2, and the guard for the CREATED2', 1),
  waitingForExtend('the second EXTENDED2', 1),
  waitingForCreate('the second EXTENDED2, and the middle for the CREATED2', 2),
]

for (const { kind, window } of flowControls) {
  describe(`A circuit with a link of its own (${kind})`, () => {
    const clock = new ManualClock()
    let network: TestNetwork

    beforeEach(async () => {
      network = await TestNetwork.start({ relays: 3, clock, congestionControl: kind === 'congestion-control' })
    })
    afterEach(() => network.close())

    interface Attempt {
      readonly circuit: Circuit
      readonly abort: AbortController
      /** Whatever has to settle. */
      readonly pending: readonly Promise<unknown>[]
    }

    function attempt(): Attempt {
      const abort = new AbortController()
      const circuit = Circuit.open(network.path(), {
        transport: network.transport,
        timeout: TIMEOUT,
        signal: abort.signal,
        clock,
      })
      const stream = circuit.connect('example.com:80', { clock })
      const writing = stream.writable.getWriter().write(new Uint8Array(1000))
      const reading = stream.readable.getReader().read()
      const answers = circuit.resolve('example.com', { clock })
      for (const promise of [writing, reading]) promise.catch(() => undefined) // looked at below
      return { circuit, abort, pending: [stream.opened, stream.closed, writing, reading, answers] }
    }

    /** Nothing is left of the circuit: no link, and no timer. */
    async function expectNothingLeft(): Promise<void> {
      for (const link of relayOf(network, 0).links) link.resume()
      clock.advance(1000) // the longest that a link is given to take its last bytes
      await network.when(() => network.relays.every((relay) => relay.links.every(({ closed }) => closed)))
      expect(clock.pending, 'timers').to.equal(0)
      expect(network.dials).to.have.length(1)
    }

    async function expectFailure({ circuit, pending }: Attempt, code: string): Promise<TorError> {
      const failure = await failureOf(circuit.opened)
      expect(failure.code).to.equal(code)
      expect(await failureOf(circuit.closed)).to.equal(failure)
      for (const promise of pending) expect(await codeOf(promise)).to.equal(code)
      await expectNothingLeft()
      return failure
    }

    for (const { name, hold } of [DIALLING, ...PHASES]) {
      describe(`while ${name}`, () => {
        let tried: Attempt
        beforeEach(async () => {
          const held = hold(network)
          tried = attempt()
          await held
        })

        if (name !== DIALLING.name) {
          it('fails with LINK_CLOSED and the cause when the link breaks', async () => {
            const broken = new Error('the cable was cut')
            relayOf(network, 0).links[0]?.die(broken)
            const failure = await expectFailure(tried, 'LINK_CLOSED')
            expect(failure.cause).to.have.property('original', broken)
          })

          it('fails with LINK_CLOSED when the relay ends the link', async () => {
            relayOf(network, 0).links[0]?.end()
            await expectFailure(tried, 'LINK_CLOSED')
          })

          it('fails with CIRCUIT_TIMEOUT when the link stalls', async () => {
            relayOf(network, 0).links[0]?.stall()
            clock.advance(TIMEOUT - 1)
            clock.advance(1)
            await expectFailure(tried, 'CIRCUIT_TIMEOUT')
          })
        }

        it('fails with CIRCUIT_TIMEOUT, and the cause, when nothing more comes', async () => {
          clock.advance(TIMEOUT)
          const failure = await expectFailure(tried, 'CIRCUIT_TIMEOUT')
          expect((failure.cause as TorError).code).to.equal(
            name.startsWith('the circuit') ? 'CIRCUIT_HANDSHAKE' : 'LINK_TIMEOUT',
          )
        })

        it('fails with ABORTED and the reason when its signal aborts', async () => {
          const reason = new Error('changed my mind')
          tried.abort.abort(reason)
          const failure = await expectFailure(tried, 'ABORTED')
          expect(failure.cause).to.equal(reason)
        })

        it('closes well when it is closed, and its streams fail with CIRCUIT_CLOSED', async () => {
          await tried.circuit.close()
          for (const promise of [tried.circuit.opened, ...tried.pending])
            expect(await codeOf(promise)).to.equal('CIRCUIT_CLOSED')
          await expectNothingLeft()
        })
      })
    }

    describe('that cannot be made', () => {
      const faults: readonly (readonly [code: string, what: string, turn: (relay: TestRelay) => void])[] = [
        ['LINK_UNREACHABLE', 'nobody listens', (relay) => (relay.reachable = 'no')],
        ['LINK_VERSION', 'the relay speaks only what is too old', (relay) => (relay.linkVersions = [3])],
        ['LINK_CERTS', 'a certificate is forged', (relay) => (relay.certificateFaults = { 5: 'bad-signature' })],
        [
          'LINK_CERTS',
          'the certificates are for another connection',
          (relay) => (relay.certificateFaults = { 5: 'other-subject' }),
        ],
        ['LINK_IDENTITY', 'another relay answers', (relay) => (relay.identity = relayOf(network, 1).identity)],
        [
          'LINK_PROTOCOL',
          'the relay begins with something else',
          (relay) => {
            relay.onLink = (link) => {
              link.sendVersions()
              link.sendNetinfo()
              return 'ignore'
            }
          },
        ],
      ]
      for (const [code, what, turn] of faults) {
        it(`fails with ${code} when ${what}`, async () => {
          turn(relayOf(network, 0))
          const failure = await expectFailure(attempt(), code)
          if (code === 'LINK_UNREACHABLE') expect(failure.cause).to.be.instanceOf(Error)
        })
      }
    })

    describe('that is open', () => {
      it('fails with LINK_CLOSED when the link breaks in the middle of data, and both sides of a stream know', async () => {
        relayOf(network, 2).exit = sink()
        const circuit = Circuit.open(network.path(), { transport: network.transport, clock })
        const stream = circuit.connect('example.com:80', { clock })
        await stream.opened
        const { exit } = seenBy(network, circuit)
        const writer = stream.writable.getWriter()
        relayOf(network, 0).links[0]?.memory.toClient.stall() // no SENDME comes through
        const writing = writer.write(new Uint8Array(1_000_000))
        await exit.when(({ flow }) => flow.dataReceived === Math.min(500, window))
        relayOf(network, 0).links[0]?.die()
        for (const promise of [
          circuit.closed,
          stream.closed,
          writing,
          writer.closed,
          stream.readable.getReader().read(),
        ]) {
          expect(await codeOf(promise)).to.equal('LINK_CLOSED')
        }
        await expectNothingLeft()
      })

      it('fails with ABORTED when its signal aborts, and the relay gets a DESTROY', async () => {
        const abort = new AbortController()
        const circuit = Circuit.open(network.path(), { transport: network.transport, signal: abort.signal, clock })
        const stream = circuit.connect('example.com:80', { clock })
        await stream.opened
        const { guard } = seenBy(network, circuit)
        abort.abort('enough')
        for (const promise of [circuit.closed, stream.closed]) expect(await codeOf(promise)).to.equal('ABORTED')
        expect((await failureOf(circuit.closed)).cause).to.equal('enough')
        await guard.when(() => guard.closed)
        expect(guard.destroyReceived).to.equal(0)
        await expectNothingLeft()
      })

      it('fails with CIRCUIT_DESTROYED and the reason when a link between relays breaks', async () => {
        const circuit = Circuit.open(network.path(), { transport: network.transport, clock })
        await circuit.opened
        const { guard } = seenBy(network, circuit)
        guard.onward?.memory.die(new Error('the cable was cut'))
        expect(await failureOf(circuit.closed)).to.include({ code: 'CIRCUIT_DESTROYED', reason: 8 })
        await expectNothingLeft()
      })

      it('loses a stream that the exit does not answer, and nothing else', async () => {
        const circuit = Circuit.open(network.path(), { transport: network.transport, clock })
        const other = circuit.connect('example.com:80', { clock })
        await other.opened
        relayOf(network, 2).onMessage = (_circuit, { command }) =>
          command === RelayCommand.BEGIN || command === RelayCommand.RESOLVE ? 'ignore' : 'handle'
        const stream = circuit.connect('example.com:80', { clock, timeout: 5000 })
        const answers = circuit.resolve('example.com', { clock, timeout: 5000 })
        const { exit } = seenBy(network, circuit)
        await exit.when(({ messages }) => messages.at(-1)?.command === RelayCommand.RESOLVE)
        clock.advance(5000)
        for (const promise of [stream.opened, stream.closed, answers]) expect(await codeOf(promise)).to.equal('TIMEOUT')
        await exit.when(({ messages }) => messages.some(({ command }) => command === RelayCommand.END))
        await other.close()
        await circuit.close()
        await expectNothingLeft()
      })

      it('ends with no timer left when it is closed with the link stalled', async () => {
        const congestionControl = readCongestionParameters(
          new Map([['cc_cwnd_init', 500]]),
        ) as CongestionControlParameters
        const circuit = Circuit.open(network.path(), { transport: network.transport, clock, congestionControl })
        const stream = circuit.connect('example.com:80', { clock })
        await stream.opened
        relayOf(network, 0).links[0]?.stall()
        const writer = stream.writable.getWriter()
        await writer.write(new Uint8Array(200_000)) // in cells, most of which the link has not taken
        const writing = writer.write(new Uint8Array(1_000_000))
        writing.catch(() => undefined) // looked at below
        await endOfTurn()
        await circuit.close()
        expect(await codeOf(writing)).to.equal('CIRCUIT_CLOSED')
        expect(await codeOf(stream.closed)).to.equal('CIRCUIT_CLOSED')
        expect(clock.pending, 'timers').to.equal(1)
        clock.advance(1000)
        await network.when(() => relayOf(network, 0).links.every(({ closed }) => closed))
        await expectNothingLeft()
      })
    })
  })
}
