import { expect } from 'chai'
import { bytePortOf } from '../../lib/base/streams/byte-port.ts'
import { TorStream } from '../../lib/stream/tor-stream.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { settledMemory } from '../support/memory.ts'
import { FakeCircuit } from './support/fake-circuit.ts'

const STREAMS = 2_000

/** Bytes of a stream that is open and idle, and of what somebody holds of it. */
async function sizeOfOne(hold: (stream: TorStream) => unknown): Promise<number> {
  const clock = new FakeClock()
  const circuit = new FakeCircuit({ credit: 1_000, open: true })
  const streams: unknown[] = []
  const open = (count: number): void => {
    for (let left = count; left > 0; left--) {
      const stream = new TorStream(circuit, 'example.com:80', { clock })
      circuit.connect({}, streams.length + 1)
      streams.push([stream, hold(stream)])
    }
  }
  open(200) // what is compiled and made once shall not count
  const before = await settledMemory()
  open(STREAMS)
  const size = ((await settledMemory()).held - before.held) / STREAMS
  expect(streams).to.have.length(200 + STREAMS)
  return size
}

describe('The memory of a stream that is open and idle', () => {
  it('is less than 6 kB without its Web Streams, and with the port that our own fronts hold', async () => {
    const alone = await sizeOfOne(() => undefined)
    const withPort = await sizeOfOne((stream) => bytePortOf(stream))
    const withStreams = await sizeOfOne((stream) => [stream.readable.getReader(), stream.writable.getWriter()])
    console.log(
      `a stream that is open and idle: ${alone.toFixed(0)} bytes; with its port ${withPort.toFixed(0)}; ` +
        `with both Web Streams ${withStreams.toFixed(0)}`,
    )
    expect(alone).to.be.lessThan(6_000)
    expect(withPort).to.be.lessThan(6_000)
  })
})
