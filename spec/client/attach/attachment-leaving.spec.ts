import { expect } from 'chai'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { EndReason } from '../../../lib/cell/reasons.ts'
import type { TorStream } from '../../../lib/stream/tor-stream.ts'
import { codeOf, pattern } from '../../stream/support/stream-fixture.ts'
import { turn } from '../../support/turn.ts'
import { Attaching } from '../support/attaching.ts'

/** A stream in some phase of its way. */
interface Phase {
  readonly name: string
  /** Whether a BEGIN is under way, and an END is due. */
  readonly begun: boolean
  readonly connected: boolean
  enter(signal: AbortSignal): Promise<{ attaching: Attaching; socket: TorStream }>
}

const start = (signal: AbortSignal, options = {}): { attaching: Attaching; socket: TorStream } => {
  const attaching = new Attaching({ stream: { signal }, ...options })
  return { attaching, socket: attaching.connect() }
}

/** On its second circuit, which has credit for two of the ten cells that are sent again. */
async function replaying(signal: AbortSignal): Promise<{ attaching: Attaching; socket: TorStream }> {
  const fixture = start(signal, { circuit: (index: number) => ({ credit: index === 0 ? 1000 : 2 }) })
  const writer = fixture.socket.writable.getWriter()
  await turn()
  await writer.write(pattern(4980))
  writer.releaseLock()
  fixture.attaching.last.end(EndReason.MISC)
  await turn()
  expect(fixture.attaching.last.cells.length).to.equal(2)
  return fixture
}

const PHASES: readonly Phase[] = [
  {
    name: 'it waits for a circuit',
    begun: false,
    connected: false,
    enter: async (signal) => start(signal, { byHand: true }),
  },
  {
    name: 'the circuit that it was given is not open',
    begun: false,
    connected: false,
    enter: async (signal) => {
      const fixture = start(signal, { circuit: () => ({ open: false }) })
      await turn()
      expect(fixture.attaching.last.pending).to.equal(1)
      return fixture
    },
  },
  {
    name: 'the exit has not answered',
    begun: true,
    connected: false,
    enter: async (signal) => {
      const fixture = start(signal)
      await turn()
      return fixture
    },
  },
  {
    name: 'a write waits for credit',
    begun: true,
    connected: false,
    enter: async (signal) => {
      const fixture = start(signal, { circuit: () => ({ credit: 2 }) })
      const writer = fixture.socket.writable.getWriter()
      writer.write(pattern(4980)).catch(() => undefined) // it is given up
      writer.releaseLock()
      await turn()
      return fixture
    },
  },
  {
    name: 'it waits for another circuit',
    begun: false,
    connected: false,
    enter: async (signal) => {
      const fixture = start(signal, { byHand: true })
      fixture.attaching.give()
      await turn()
      fixture.attaching.last.die()
      await turn()
      expect(fixture.attaching.asked).to.equal(2)
      return fixture
    },
  },
  { name: 'it sends again what it sent', begun: true, connected: false, enter: replaying },
  {
    name: 'it sends again what it sent, though connected already',
    begun: true,
    connected: true,
    enter: async (signal) => {
      const fixture = await replaying(signal)
      fixture.attaching.last.connect()
      await turn()
      return fixture
    },
  },
  {
    name: 'it is open',
    begun: true,
    connected: true,
    enter: async (signal) => {
      const fixture = start(signal)
      await turn()
      fixture.attaching.last.connect()
      await turn()
      return fixture
    },
  },
]

const ACTIONS: readonly (readonly [
  name: string,
  code: string,
  act: (socket: TorStream, abort: AbortController) => void,
])[] = [
  ['aborted by its signal', 'ABORTED', (_, abort) => abort.abort(new Error('enough'))],
  ['closed', 'CLOSED', (socket) => void socket.close()],
  ['aborted by its writable', 'ABORTED', (socket) => void socket.writable.abort('enough')],
]

describe('Attachment: a stream that is given up', () => {
  for (const { name, begun, connected, enter } of PHASES) {
    for (const [action, code, act] of ACTIONS) {
      it(`leaves nothing when it is ${action} while ${name}`, async () => {
        const abort = new AbortController()
        const { attaching, socket } = await enter(abort.signal)
        act(socket, abort)
        if (!connected) expect(await codeOf(socket.opened)).to.equal(code)
        await turn()
        const circuit = attaching.circuits.at(-1)
        if (begun) {
          expect(circuit?.sentOf(RelayCommand.END).map(({ body }) => [...body])).to.deep.equal([[EndReason.MISC]])
          expect(circuit?.commands.at(-1)).to.equal(RelayCommand.END)
          // What is left counts what may still come, and goes with the END of the far end.
          if (!connected) circuit?.connect()
          circuit?.end(EndReason.DONE)
          expect(circuit?.endpoints.size).to.equal(0)
        } else {
          expect(circuit?.sentOf(RelayCommand.END) ?? []).to.deep.equal([])
        }
        attaching.expectNothingLeft()
        expect(attaching.circuits.flatMap(({ blamed }) => blamed)).to.deep.equal(
          attaching.circuits.length > 1 || name === 'it waits for another circuit' ? ['circuit'] : [],
        )
      })
    }

    if (!begun || connected) continue
    it(`ends soon after the answer when its readable is cancelled while ${name}`, async () => {
      const { attaching, socket } = await enter(new AbortController().signal)
      await socket.readable.cancel()
      attaching.last.connect()
      attaching.last.grant(1000)
      await turn()
      attaching.clock.advance(10_000)
      await turn()
      await socket.closed
      expect(attaching.last.commands.at(-1)).to.equal(RelayCommand.END)
      attaching.expectNothingLeft()
    })
  }

  it('gives back the circuit that comes when it is over, without a word on it', async () => {
    const abort = new AbortController()
    const { attaching } = start(abort.signal, { byHand: true })
    await turn()
    abort.abort()
    expect(attaching.search?.aborted).to.equal(true)
    const circuit = attaching.give()
    await turn()
    expect(circuit.sent).to.deep.equal([])
    attaching.expectNothingLeft()
  })

  it('is not told of a failure to find a circuit when it is over', async () => {
    const abort = new AbortController()
    const { attaching, socket } = start(abort.signal, { byHand: true })
    await turn()
    abort.abort('enough')
    attaching.refuse(new Error('given up'))
    await turn()
    expect(await codeOf(socket.closed)).to.equal('ABORTED')
    attaching.expectNothingLeft()
  })

  it('asks for no circuit when it was given up before it began', async () => {
    const { attaching, socket } = start(AbortSignal.abort('never'))
    expect(await codeOf(socket.opened)).to.equal('ABORTED')
    await turn()
    expect(attaching.asked).to.equal(0)
    expect(attaching.clock.timers).to.equal(0)
  })
})
