import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { encodeConnected } from '../../lib/cell/relay/connected.ts'
import { encodeCreated2 } from '../../lib/cell/create2.ts'
import { EndReason } from '../../lib/cell/reasons.ts'
import { encodeResolved } from '../../lib/cell/relay/resolve.ts'
import { encodeSendme } from '../../lib/cell/relay/sendme.ts'
import { readCongestionParameters, type CongestionControlParameters } from '../../lib/circuit/congestion/parameters.ts'
import type { NegotiatedCongestionControl } from '../../lib/circuit/congestion/negotiated.ts'
import { SocketError, TorError } from '../../lib/base/errors.ts'
import { DEFAULT_XON_XOFF } from '../../lib/stream/contract/flow-parameters.ts'
import { lookUp } from '../../lib/stream/lookup.ts'
import { TorStream } from '../../lib/stream/tor-stream.ts'
import type { TestLink } from '../../lib/testing/relay/test-relay.ts'
import { expectToEcho, CircuitFixture } from '../circuit/support/circuit-fixture.ts'
import { codeOf } from '../support/failures.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { flowControls } from '../support/flow-controls.ts'
import { SplicedCircuit } from './support/spliced-circuit.ts'

const HOPS = ['guard', 'middle', 'exit'] as const

/** Where a stream id of the exit may stand. The order is that of the columns below. */
const STATES = [
  'never opened',
  '0',
  'connecting',
  'open',
  'ended by the far end',
  'half-closed before it was connected',
  'half-closed while it was open',
  'resolving',
  'resolving, given up',
  'resolved',
] as const
type State = (typeof STATES)[number]

/**
 * What follows: `H` the message is handled, `.` it is ignored, `C` the circuit closes with CIRCUIT_PROTOCOL, `T` with
 * CIRCUIT_TRUNCATED. This table is the specification's and stands apart from the library's own.
 */
const FROM_THE_EXIT: Readonly<Record<string, string>> = {
  //          n  0  c  o  e  hc ho r  hr d
  BEGIN: '    C  C  C  C  C  C  C  C  C  C',
  DATA: '     C  C  C  H  C  C  H  C  C  C',
  END: '      C  C  H  H  C  H  H  H  H  C',
  CONNECTED: 'C  C  H  C  C  H  C  C  C  C',
  SENDME: '   C  C  C  H  C  C  H  C  C  C',
  EXTEND: '   C  C  C  C  C  C  C  C  C  C',
  EXTENDED: ' C  C  C  C  C  C  C  C  C  C',
  TRUNCATE: ' C  C  C  C  C  C  C  C  C  C',
  TRUNCATED: 'C  T  C  C  C  C  C  C  C  C',
  DROP: '     C  .  C  C  C  C  C  C  C  C',
  RESOLVE: '  C  C  C  C  C  C  C  C  C  C',
  RESOLVED: ' C  C  C  C  C  C  C  H  H  C',
  BEGIN_DIR: 'C  C  C  C  C  C  C  C  C  C',
  EXTEND2: '  C  C  C  C  C  C  C  C  C  C',
  EXTENDED2: 'C  C  C  C  C  C  C  C  C  C',
  XOFF: '     C  C  C  C  C  C  C  C  C  C',
  XON: '      C  C  C  C  C  C  C  C  C  C',
  ...Object.fromEntries(
    [
      'ESTABLISH_INTRO',
      'ESTABLISH_RENDEZVOUS',
      'INTRODUCE1',
      'INTRODUCE2',
      'RENDEZVOUS1',
      'RENDEZVOUS2',
      'INTRO_ESTABLISHED',
      'RENDEZVOUS_ESTABLISHED',
      'INTRODUCE_ACK',
    ].map((name) => [name, 'C  C  C  C  C  C  C  C  C  C']), // unless it is waited for: spec/onion
  ),
}

/**
 * Under congestion control XOFF and XON take the place of a stream's SENDME (proposal 324), once there is data that
 * they can be about.
 */
const FROM_THE_EXIT_UNDER_CONGESTION_CONTROL: Readonly<Record<string, string>> = {
  ...FROM_THE_EXIT,
  //          n  0  c  o  e  hc ho r  hr d
  SENDME: '   C  C  C  C  C  C  C  C  C  C',
  XOFF: '     C  C  H  H  C  H  H  C  C  C',
  XON: '      C  C  H  H  C  H  H  C  C  C',
}

const TABLES = { 'windows': FROM_THE_EXIT, 'congestion-control': FROM_THE_EXIT_UNDER_CONGESTION_CONTROL } as const

/** What is negotiated with the exit: after 50 cells of a stream it may send one XOFF and one XON. */
const CONGESTION_CONTROL: NegotiatedCongestionControl = {
  parameters: readCongestionParameters(new Map()) as CongestionControlParameters,
  xonXoff: { ...DEFAULT_XON_XOFF, xoffClient: 50, xoffExit: 50, xonRate: 50 },
  clock: new FakeClock(),
  increment: 31,
}

/**
 * No stream ends at the other hops, so only messages to the circuit are left to them, whatever the id is to the exit.
 */
const FROM_ANOTHER_HOP: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.keys(FROM_THE_EXIT).map((name) => [name, 'CCCCCCCCCC'])),
  TRUNCATED: FROM_THE_EXIT['TRUNCATED'] as string,
  DROP: FROM_THE_EXIT['DROP'] as string,
}

/**
 * Commands that mean nothing to this client are dropped (tor-spec, "Relay cells"): those of UDP, conflux and
 * circuit padding, none of which it negotiates, and those that nobody has given a meaning.
 */
const UNKNOWN = [0, 16, 19, 20, 21, 22, 31, 41, 42, 45, 99, 127, 128, 255]

const BODIES: Readonly<Record<string, Uint8Array>> = {
  BEGIN: new TextEncoder().encode('example.com:80\0'),
  DATA: Uint8Array.of(7),
  END: Uint8Array.of(EndReason.DONE),
  CONNECTED: encodeConnected({ address: '203.0.113.1', ttl: 60 }),
  TRUNCATED: Uint8Array.of(5),
  RESOLVED: encodeResolved([{ type: 'ipv4', address: '203.0.113.1', ttl: 60 }]),
  EXTENDED2: encodeCreated2(new Uint8Array(64)),
  XOFF: Uint8Array.of(0),
  XON: Uint8Array.of(0, 0, 0, 0, 0),
}

interface Subject {
  readonly id: number
  /** What fails with the circuit. */
  readonly fails: readonly Promise<unknown>[]
  readonly stream?: TorStream
  readonly answers?: Promise<unknown>
}

async function write50(stream: TorStream): Promise<void> {
  const writer = stream.writable.getWriter()
  await writer.write(new Uint8Array(50 * 498))
  writer.releaseLock()
}

const settings = { timeout: Infinity, linger: Infinity } as const

/** Under congestion control with 50 cells of optimistic data sent. */
async function connecting(circuit: SplicedCircuit): Promise<Subject & { readonly stream: TorStream }> {
  const stream = new TorStream(circuit.controller, 'subject.example:80', settings)
  if (circuit.controller.flowControl === 'congestion-control') await write50(stream)
  return { id: await circuit.idOf(RelayCommand.BEGIN, 2), fails: [stream.opened, stream.closed], stream }
}

/** With 50 cells sent, so that one SENDME, or one XOFF and one XON, is in order. */
async function open(circuit: SplicedCircuit): Promise<Subject & { readonly stream: TorStream }> {
  const { id, stream } = await connecting(circuit)
  await circuit.send(circuit.exit, { command: RelayCommand.CONNECTED, streamId: id })
  await stream.opened
  if (circuit.controller.flowControl === 'windows') {
    await write50(stream)
    expect(stream.windows.package).to.equal(450)
  }
  return { id, fails: [stream.closed], stream }
}

async function resolving(circuit: SplicedCircuit, signal?: AbortSignal): Promise<Subject> {
  const answers = lookUp(circuit.controller, 'subject.example', { timeout: Infinity, signal })
  return { id: await circuit.idOf(RelayCommand.RESOLVE), fails: [answers], answers }
}

/** Brings a stream of the circuit into a state, from where nothing has settled that is not told by the state. */
const BRING: Readonly<Record<State, (circuit: SplicedCircuit) => Promise<Subject>>> = {
  'never opened': async (circuit) => ({ id: ((await circuit.idOf(RelayCommand.BEGIN)) % 65_535) + 1, fails: [] }),
  '0': async () => ({ id: 0, fails: [] }),
  'connecting': connecting,
  'open': open,
  'ended by the far end': async (circuit) => {
    const { id, stream } = await open(circuit)
    await circuit.send(circuit.exit, { command: RelayCommand.END, streamId: id, body: Uint8Array.of(EndReason.DONE) })
    await stream.closed
    return { id, fails: [] }
  },
  'half-closed before it was connected': async (circuit) => {
    const { id, stream } = await connecting(circuit)
    await stream.close()
    return { id, fails: [] }
  },
  'half-closed while it was open': async (circuit) => {
    const { id, stream } = await open(circuit)
    await stream.close()
    return { id, fails: [] }
  },
  'resolving': (circuit) => resolving(circuit),
  'resolving, given up': async (circuit) => {
    const abort = new AbortController()
    const { id, fails } = await resolving(circuit, abort.signal)
    abort.abort()
    expect(await codeOf(fails[0] as Promise<unknown>)).to.equal('ABORTED')
    return { id, fails: [] }
  },
  'resolved': async (circuit) => {
    const { id, answers } = await resolving(circuit)
    await circuit.send(circuit.exit, {
      command: RelayCommand.RESOLVED,
      streamId: id,
      body: BODIES['RESOLVED'] as Uint8Array,
    })
    await answers
    return { id, fails: [] }
  },
}

/** What can be seen of a message that is handled. */
const SEEN: Readonly<Record<string, (subject: Subject) => Promise<void>>> = {
  'DATA open': async ({ stream }) => {
    const { value } = await (stream as TorStream).readable.getReader().read()
    expect(value).to.deep.equal(Uint8Array.of(7))
  },
  'END connecting': async ({ stream }) => {
    expect(await codeOf((stream as TorStream).opened)).to.equal('END_DONE')
  },
  'END open': async ({ stream }) => (stream as TorStream).closed,
  'CONNECTED connecting': async ({ stream }) => {
    expect(await (stream as TorStream).opened).to.include({ remoteAddress: '203.0.113.1:80', ttl: 60 })
  },
  'SENDME open': async ({ stream }) => {
    expect((stream as TorStream).windows.package).to.equal(500)
  },
  'XOFF open': async ({ stream }) => {
    expect((stream as TorStream).windows.package).to.equal(0)
  },
  'XON open': async ({ stream }) => {
    expect((stream as TorStream).windows.package).to.equal(Infinity)
  },
  'RESOLVED resolving': async ({ answers }) => {
    expect(await answers).to.deep.equal([{ type: 'ipv4', address: '203.0.113.1', ttl: 60 }])
  },
  'END resolving': async ({ answers }) => {
    expect(await codeOf(answers as Promise<unknown>)).to.equal('END_DONE')
  },
}

for (const { kind } of flowControls) {
  describe(`A relay message of every kind, in every state of a stream, from every hop (${kind})`, () => {
    let fixture: CircuitFixture
    let bystander: TorStream
    before(async () => {
      fixture = await CircuitFixture.under(kind)
      const { circuit } = await fixture.open()
      bystander = circuit.connect('bystander.example:80')
      await bystander.opened
    })
    after(() => fixture.close())

    /** Sends one message, and then one that is in order to another stream, so as to know what came of the first. */
    async function play(what: string, command: number, state: State, hop: number, expected: string): Promise<void> {
      const circuit = new SplicedCircuit(
        fixture.channel,
        fixture.network.relays[0]?.links[0] as TestLink,
        kind === 'windows' ? undefined : CONGESTION_CONTROL,
      )
      const { controller, exit } = circuit
      const probe = new TorStream(controller, 'probe.example:80', settings)
      const probeId = await circuit.idOf(RelayCommand.BEGIN)
      await circuit.send(exit, { command: RelayCommand.CONNECTED, streamId: probeId })
      await probe.opened
      const subject = await BRING[state](circuit)

      const body = command === RelayCommand.SENDME && subject.id === 0 ? encodeSendme(new Uint8Array(20)) : BODIES[what]
      await circuit.send(hop, { command, streamId: subject.id, ...(body && { body }) })
      await circuit.send(exit, { command: RelayCommand.DATA, streamId: probeId, body: Uint8Array.of(42) })
      const outcome = await probe.readable
        .getReader()
        .read()
        .then(
          ({ value }) => value?.[0],
          (error: unknown) => (error instanceof SocketError ? error.code : error),
        )

      if (expected === 'C' || expected === 'T') {
        const code = expected === 'C' ? 'CIRCUIT_PROTOCOL' : 'CIRCUIT_TRUNCATED'
        expect(outcome, what).to.equal(code)
        for (const promise of [controller.closed.promise, probe.closed, ...subject.fails])
          expect(await codeOf(promise), what).to.equal(code)
        await circuit.when(() => circuit.destroyed !== undefined)
        expect(circuit.destroyed, `${what}: the reason of the DESTROY`).to.equal(0)
      } else {
        expect(outcome, what).to.equal(42)
        if (expected === 'H') await SEEN[`${what} ${state}`]?.(subject)
        expect(circuit.destroyed, what).to.equal(undefined)
        controller.close(new TorError('CIRCUIT_CLOSED', 'the case is over'))
      }
    }

    for (const [hop, hopName] of HOPS.entries()) {
      for (const [column, state] of STATES.entries()) {
        const table = hopName === 'exit' ? TABLES[kind] : FROM_ANOTHER_HOP
        it(`from the ${hopName}, on a stream id that is ${state}`, async () => {
          for (const [name, row] of Object.entries(table)) {
            const command = RelayCommand[name as keyof typeof RelayCommand]
            await play(name, command, state, hop, row.replaceAll(' ', '')[column] as string)
          }
          for (const command of UNKNOWN) await play(`command ${command}`, command, state, hop, '.')
          await expectToEcho(bystander)
        })
      }
    }

    it('has a row for each command that has a name', () => {
      for (const table of [TABLES[kind], FROM_ANOTHER_HOP])
        expect(Object.keys(table)).to.have.members(Object.keys(RelayCommand))
    })
  })
}
