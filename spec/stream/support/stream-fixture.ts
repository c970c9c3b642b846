/**
 * A stream on a fake circuit, and what specs about it share.
 *
 * @module
 */
import { expect } from 'chai'
import * as ponyfill from 'web-streams-polyfill'
import type { SocketError } from '../../../lib/base/errors.ts'
import { DEFAULT_XON_XOFF, type XonXoffParameters } from '../../../lib/stream/contract/flow-parameters.ts'
import type { StreamOptions } from '../../../lib/stream/options.ts'
import type { FlowControlKind } from '../../../lib/stream/contract/socket-info.ts'
import { TorStream } from '../../../lib/stream/tor-stream.ts'
import { nativeStreams, type StreamConstructors } from '../../../lib/base/streams/stream-constructors.ts'
import { unlessEngineLacks, whyLacking, type Feature, type Guarded } from '../../support/engines.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { bytePortOf } from '../../../lib/base/streams/byte-port.ts'
import { streamsOver } from '../../../lib/base/streams/port-streams.ts'
import { FakeCircuit } from './fake-circuit.ts'

/** Which Web Streams a suite runs with. */
export interface Variant {
  readonly name: string
  readonly options: FixtureOptions
  /** To make the streams that are piped from and to: they do not mix with others. */
  readonly streams: StreamConstructors
  /** The readable has BYOB readers. */
  readonly bytes: boolean
  readonly native: boolean
  /** Which flow control the circuit has for its streams. */
  readonly flowControl: FlowControlKind
}

const ponyfilled = ponyfill as unknown as StreamConstructors

const hasBytes = whyLacking('byte streams') === undefined

/** Options of a stream that has BYOB readers in any engine: for specs that read as many bytes as they say. */
export const BYOB: Pick<FixtureOptions, 'streams'> = hasBytes ? {} : { streams: ponyfilled }

const native = { options: {}, streams: nativeStreams(), bytes: hasBytes, native: true, flowControl: 'windows' } as const
const kind = hasBytes ? 'byte' : 'default'

/** One suite, three kinds of streams where the engine has as many, two of flow control. */
export const VARIANTS: readonly Variant[] = [
  { ...native, name: `native ${kind} streams` },
  {
    ...native,
    name: `native ${kind} streams under congestion control`,
    options: { congestionControl: true },
    flowControl: 'congestion-control',
  },
  ...(hasBytes
    ? [{ ...native, name: 'native default streams', options: { readableType: 'default' }, bytes: false } as const]
    : []),
  { ...native, name: 'streams over the port', options: { port: true }, bytes: false },
  {
    ...native,
    name: 'the streams of web-streams-polyfill',
    options: { streams: ponyfilled },
    streams: ponyfilled,
    bytes: true,
    native: false,
  },
]

/** `it` for what needs `feature` of the engine's own streams: a ponyfill brings it. */
export const itNeeding = (native: boolean, feature: Feature): Guarded['it'] =>
  native ? unlessEngineLacks(feature).it : it

/** What a spec plays with. */
export interface StreamFixture {
  readonly circuit: FakeCircuit
  readonly clock: FakeClock
  readonly socket: TorStream
}

/** How the circuit of a fixture is. */
export interface FixtureOptions extends StreamOptions {
  /** DATA cells that the circuit takes; 1000 unless told. */
  readonly credit?: number
  /** Whether the circuit is open; true unless told. */
  readonly open?: boolean
  /** Whether congestion control runs on it, and with which numbers for its streams; it does not unless told. */
  readonly congestionControl?: boolean | Partial<XonXoffParameters>
  /** Its streams are made over its port, which is what our own fronts use; they are its own unless told. */
  readonly port?: boolean
}

/** A stream whose BEGIN was sent, if the circuit is open. */
export function connecting({
  credit = 1000,
  open = true,
  congestionControl = false,
  port = false,
  ...options
}: FixtureOptions = {}): StreamFixture {
  const clock = new FakeClock()
  const parameters = { ...DEFAULT_XON_XOFF, ...(typeof congestionControl === 'object' ? congestionControl : {}) }
  const circuit = new FakeCircuit({
    credit,
    open,
    flow: congestionControl === false ? undefined : { parameters, clock },
  })
  const socket = new TorStream(circuit, 'example.com:80', { clock, ...options })
  return { circuit, clock, socket: port ? overPort(socket) : socket }
}

/** The socket with streams that are made over its port. */
function overPort(socket: TorStream): TorStream {
  const streams = streamsOver(bytePortOf(socket))
  return new Proxy(socket, {
    get(target, name) {
      if (name === 'readable' || name === 'writable') return streams[name]
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** A stream that is connected. */
export function connected(options: FixtureOptions = {}): StreamFixture {
  const fixture = connecting(options)
  fixture.circuit.connect()
  return fixture
}

/** `length` bytes that are the same each time, and differ from one place to the next. */
export function pattern(length: number, from = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = ((from + at) * 31 + ((from + at) >>> 8) * 7 + 1) & 0xff
  return bytes
}

/** `count` cells of `size` bytes of the pattern. */
export function cells(count: number, size = 498, from = 0): Uint8Array<ArrayBuffer>[] {
  return Array.from({ length: count }, (_, index) => pattern(size, from + index * size))
}

/** The chunks as one. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}

/** Text as bytes. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)

/** True when both have the same bytes; quicker than a deep comparison for many. */
export const sameBytes = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && one.every((byte, at) => byte === other[at])

/** What the promise rejects with; fails when it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  return expect.fail('nothing was rejected')
}

/** The code of the SocketError that the promise rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await rejection(promise)
  return (error as Partial<SocketError>).code ?? `no code: ${String(error)}`
}

/** All chunks until the end. */
export async function readAll(readable: ReadableStream<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const reader = readable.getReader()
  const chunks: Uint8Array[] = []
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return concat(chunks)
    chunks.push(value)
  }
}
