/**
 * A stream in each state that it can be in, everything that happens to it, and what came of it in one line.
 *
 * @module
 */
import { TorError } from '../../../lib/base/errors.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { turn } from '../../support/turn.ts'
import { connecting, pattern, type StreamFixture, type FixtureOptions, type Variant } from './stream-fixture.ts'
import { Watch } from './watch.ts'

/** A stream with a reader and a writer, and every promise that they gave. */
export interface Fixture extends StreamFixture {
  readonly watch: Watch
  readonly reader: ReadableStreamDefaultReader<Uint8Array> | ReadableStreamBYOBReader
  readonly writer: WritableStreamDefaultWriter<BufferSource>
  readonly abortSignal: AbortController
}

interface State {
  readonly options?: FixtureOptions
  readonly byob?: true
  arrange(fixture: Fixture): unknown
}

const write = ({ watch, writer }: Fixture, size: number): unknown => watch.add('write', writer.write(pattern(size)))
const read = ({ watch, reader }: Fixture): unknown =>
  watch.add('read', (reader as ReadableStreamDefaultReader<Uint8Array>).read())

/** Each state, and how a stream gets there. */
export const STATES = {
  'circuit not open yet': { options: { open: false }, arrange: () => undefined },
  'circuit not open yet, write parked': { options: { open: false }, arrange: (fixture) => write(fixture, 10) },
  'connecting': { arrange: () => undefined },
  'connecting, write parked': { options: { credit: 0 }, arrange: (fixture) => write(fixture, 10) },
  'connecting, close parked': { arrange: ({ watch, writer }) => watch.add('close', writer.close()) },
  'connecting, readable cancelled': {
    arrange: ({ watch, reader }) => watch.add('cancel', reader.cancel('no answer wanted')),
  },
  'open': { arrange: ({ circuit }) => circuit.connect() },
  'open, write parked': {
    options: { credit: 1 },
    arrange: (fixture) => {
      fixture.circuit.connect()
      return write(fixture, 600)
    },
  },
  'open, read pending': {
    arrange: (fixture) => {
      fixture.circuit.connect()
      return read(fixture)
    },
  },
  'open, BYOB read pending': {
    byob: true,
    arrange: ({ circuit, watch, reader }) => {
      circuit.connect()
      return watch.add('read', (reader as ReadableStreamBYOBReader).read(new Uint8Array(10)))
    },
  },
  'open, inbox not empty': {
    arrange: ({ circuit }) => {
      circuit.connect()
      circuit.data(pattern(100))
    },
  },
  'open, readable cancelled': {
    arrange: ({ circuit, watch, reader }) => {
      circuit.connect()
      void watch.add('cancel', reader.cancel('no answer wanted'))
    },
  },
  'open, readable cancelled, write parked': {
    options: { credit: 1 },
    arrange: (fixture) => {
      fixture.circuit.connect()
      void fixture.watch.add('cancel', fixture.reader.cancel('no answer wanted'))
      return write(fixture, 600)
    },
  },
  'open, writable closed': {
    arrange: ({ circuit, watch, writer }) => {
      circuit.connect()
      void watch.add('close', writer.close())
    },
  },
  'open, writable closed, inbox not empty': {
    arrange: ({ circuit, watch, writer }) => {
      circuit.connect()
      circuit.data(pattern(100))
      void watch.add('close', writer.close())
    },
  },
  'END DONE came, all read': {
    arrange: ({ circuit }) => {
      circuit.connect()
      circuit.end(6)
    },
  },
  'END DONE came, inbox not empty': {
    arrange: ({ circuit }) => {
      circuit.connect()
      circuit.data(pattern(100))
      circuit.end(6)
    },
  },
  'END CONNRESET came, inbox not empty': {
    arrange: ({ circuit }) => {
      circuit.connect()
      circuit.data(pattern(100))
      circuit.end(12)
    },
  },
  'half-closed by close()': {
    arrange: ({ circuit, watch, socket }) => {
      circuit.connect()
      void watch.add('socket.close', socket.close())
    },
  },
  'half-closed by abort()': {
    arrange: ({ circuit, watch, writer }) => {
      circuit.connect()
      void watch.add('abort', writer.abort('first'))
    },
  },
} as const satisfies Readonly<Record<string, State>>

export type StateName = keyof typeof STATES

/** Everything that can happen to a stream. `END` and the like are the far end's. */
export const EVENTS = {
  'writable.close()': ({ watch, writer }: Fixture) => watch.add('event', writer.close()),
  'writable.abort()': ({ watch, writer }: Fixture) => watch.add('event', writer.abort('reason')),
  'readable.cancel()': ({ watch, reader }: Fixture) => watch.add('event', reader.cancel('reason')),
  'close()': ({ watch, socket }: Fixture) => watch.add('event', socket.close('reason')),
  'signal': ({ abortSignal }: Fixture) => abortSignal.abort('reason'),
  'END DONE': ({ circuit }: Fixture) => circuit.end(6),
  'END CONNRESET': ({ circuit }: Fixture) => circuit.end(12),
  'circuit dies': ({ circuit }: Fixture) =>
    circuit.die(new TorError('CIRCUIT_DESTROYED', 'a relay closed the circuit')),
} as const

export type EventName = keyof typeof EVENTS

/** A stream that `make` makes, with every promise of it watched. */
export function stageOf(
  make: (options: FixtureOptions) => StreamFixture,
  options: FixtureOptions,
  byob = false,
): Fixture {
  const abortSignal = new AbortController()
  const fixture = make({ ...options, signal: abortSignal.signal })
  const watch = new Watch()
  const { readable, writable, opened, closed } = fixture.socket
  const reader = byob ? readable.getReader({ mode: 'byob' }) : readable.getReader()
  const writer = writable.getWriter()
  void watch.add('opened', opened)
  void watch.add('closed', closed)
  void watch.add('reader.closed', reader.closed)
  void watch.add('writer.closed', writer.closed)
  return { ...fixture, watch, abortSignal, reader, writer }
}

/** A stream in this state. */
export async function arrange(name: StateName, { options }: Variant): Promise<Fixture> {
  const state: State = STATES[name]
  const fixture = stageOf(connecting, { ...options, ...state.options }, state.byob)
  void state.arrange(fixture)
  await turn(2)
  void fixture.watch.add('writer.ready', fixture.writer.ready)
  return fixture
}

/** Lets it happen. */
export async function happen(event: EventName, fixture: Fixture): Promise<void> {
  void EVENTS[event](fixture)
  await turn(2)
}

const SIDES = { pending: 'open', yes: 'closed' } as const

/**
 * The fixture in one line: `opened closed readable writable ENDs`, then what waits, as `name:outcome`.
 *
 * `-` is pending; an error is shown by its code, else its name, else itself.
 */
export function line({ watch, circuit }: Fixture): string {
  const plain = (name: string): string => (watch.word(name) === 'pending' ? '-' : watch.word(name))
  const side = (name: string): string => {
    const word = watch.word(name)
    return word === 'pending' || word === 'yes' ? SIDES[word] : word
  }
  const parts = [
    plain('opened'),
    plain('closed'),
    side('reader.closed'),
    side('writer.closed'),
    `END×${circuit.sentOf(RelayCommand.END).length}`,
  ]
  for (const name of ['read', 'write', 'close', 'cancel', 'abort', 'event'])
    if (watch.has(name)) parts.push(`${name}:${plain(name)}`)
  return parts.join(' ')
}

/** Whether the far end can do this in this state: not before there is an id, nor after the id is free. */
export function applies(event: EventName, { circuit }: Fixture): boolean {
  return !event.startsWith('END') || circuit.endpoints.has(1)
}
