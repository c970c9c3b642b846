import { expect } from 'chai'
import { MemoryLink } from '../../../lib/testing/link/memory-link.ts'
import { PIPE_CAPACITY } from '../../../lib/testing/link/memory-pipe.ts'
import { ManualClock } from '../support/manual-clock.ts'

/** Whether a promise settles before everything that is ready now has run. */
async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  const note = (): void => {
    settled = true
  }
  promise.then(note, note)
  await new Promise<void>((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(0)
  })
  return settled
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('The promise did not reject')
}

describe('MemoryLink', () => {
  let clock: ManualClock
  let link: MemoryLink

  beforeEach(() => {
    clock = new ManualClock()
    link = new MemoryLink(clock)
  })

  it('carries bytes both ways', async () => {
    const client = link.client.writable.getWriter()
    const relay = link.relay.writable.getWriter()
    void client.write(Uint8Array.of(1, 2))
    void relay.write(Uint8Array.of(3))
    expect((await link.relay.readable.getReader().read()).value).to.deep.equal(Uint8Array.of(1, 2))
    expect((await link.client.readable.getReader().read()).value).to.deep.equal(Uint8Array.of(3))
  })

  it('takes copies: a buffer may be used again once its write has resolved', async () => {
    const bytes = Uint8Array.of(1, 2)
    await link.client.writable.getWriter().write(bytes)
    bytes.fill(9)
    expect((await link.relay.readable.getReader().read()).value).to.deep.equal(Uint8Array.of(1, 2))
  })

  it('makes a write wait while more than its capacity is unread', async () => {
    const writer = link.client.writable.getWriter()
    await writer.write(new Uint8Array(PIPE_CAPACITY))
    const parked = writer.write(new Uint8Array(1))
    expect(await settles(parked)).to.equal(false)
    await link.relay.readable.getReader().read()
    await parked
    expect(link.toRelay.buffered).to.equal(1)
  })

  it('ends for the reader after everything that was written', async () => {
    const writer = link.client.writable.getWriter()
    const reader = link.relay.readable.getReader()
    void writer.write(Uint8Array.of(1))
    await writer.close()
    expect((await reader.read()).value).to.deep.equal(Uint8Array.of(1))
    expect((await reader.read()).done).to.equal(true)
  })

  it('gives nothing while it is stalled, and everything after that', async () => {
    const reader = link.relay.readable.getReader()
    link.stall()
    await link.client.writable.getWriter().write(Uint8Array.of(1))
    const read = reader.read()
    expect(await settles(read)).to.equal(false)
    link.resume()
    expect((await read).value).to.deep.equal(Uint8Array.of(1))
  })

  it('stalls one direction alone', async () => {
    link.toRelay.stall()
    await link.relay.writable.getWriter().write(Uint8Array.of(1))
    expect((await link.client.readable.getReader().read()).value).to.deep.equal(Uint8Array.of(1))
    expect(link.toRelay.stalled).to.equal(true)
    expect(link.toClient.stalled).to.equal(false)
  })

  it('gives bytes when their delay is over, and not before', async () => {
    link.delay = 100
    const reader = link.relay.readable.getReader()
    const read = reader.read()
    await link.client.writable.getWriter().write(Uint8Array.of(1))
    clock.advance(99)
    expect(await settles(read)).to.equal(false)
    clock.advance(1)
    expect((await read).value).to.deep.equal(Uint8Array.of(1))
    expect(clock.pending).to.equal(0)
  })

  it('ends late too when it is delayed', async () => {
    link.delay = 100
    const read = link.relay.readable.getReader().read()
    await link.client.writable.getWriter().close()
    expect(await settles(read)).to.equal(false)
    clock.advance(100)
    expect((await read).done).to.equal(true)
  })

  it('leaves no timer behind when it dies', async () => {
    link.delay = 100
    const read = link.relay.readable.getReader().read()
    await link.client.writable.getWriter().write(Uint8Array.of(1))
    expect(clock.pending).to.equal(1)
    link.die(new Error('cut'))
    expect(await failure(read)).to.have.property('message', 'cut')
    expect(clock.pending).to.equal(0)
  })

  it('fails both ends of both directions when it dies, parked writes included', async () => {
    const writer = link.client.writable.getWriter()
    const parked = writer.write(new Uint8Array(PIPE_CAPACITY + 1))
    const error = new Error('cut')
    link.die(error)
    expect(await failure(parked)).to.equal(error)
    expect(await failure(writer.write(Uint8Array.of(1)))).to.equal(error)
    expect(await failure(link.relay.readable.getReader().read())).to.equal(error)
    expect(await failure(link.client.readable.getReader().read())).to.equal(error)
    expect(await failure(link.relay.writable.getWriter().write(Uint8Array.of(1)))).to.equal(error)
  })

  it('fails the reader when the writer aborts, also while a write is parked', async () => {
    const writer = link.client.writable.getWriter()
    const parked = writer.write(new Uint8Array(PIPE_CAPACITY + 1))
    const error = new Error('gone')
    await writer.abort(error)
    expect(await failure(parked)).to.equal(error)
    expect(await failure(link.relay.readable.getReader().read())).to.equal(error)
  })

  it('fails the writer when the reader cancels', async () => {
    const writer = link.client.writable.getWriter()
    const parked = writer.write(new Uint8Array(PIPE_CAPACITY + 1))
    const error = new Error('enough')
    await link.relay.readable.cancel(error)
    expect(await failure(parked)).to.equal(error)
    expect(await failure(writer.closed)).to.equal(error)
  })

  it('cuts what was written into reads of the size that is asked for', async () => {
    link.readSize = 2
    const writer = link.client.writable.getWriter()
    const reader = link.relay.readable.getReader()
    await writer.write(Uint8Array.of(1, 2, 3))
    await writer.write(Uint8Array.of(4, 5))
    const reads = [await reader.read(), await reader.read(), await reader.read()]
    expect(reads.map(({ value }) => [...(value ?? [])])).to.deep.equal([[1, 2], [3, 4], [5]])
  })

  it('gives everything that is there in one read when the size is Infinity', async () => {
    link.readSize = Infinity
    const writer = link.client.writable.getWriter()
    await writer.write(Uint8Array.of(1, 2))
    await writer.write(Uint8Array.of(3))
    expect((await link.relay.readable.getReader().read()).value).to.deep.equal(Uint8Array.of(1, 2, 3))
  })

  it('counts the bytes of each direction', async () => {
    await link.client.writable.getWriter().write(new Uint8Array(7))
    await link.relay.readable.getReader().read()
    expect([link.toRelay.bytesWritten, link.toRelay.bytesRead, link.toClient.bytesWritten]).to.deep.equal([7, 7, 0])
  })

  it('refuses delays and read sizes that are none', () => {
    expect(() => {
      link.delay = -1
    }).to.throw(RangeError, 'delay')
    expect(() => {
      link.readSize = 0
    }).to.throw(RangeError, 'readSize')
  })
})
