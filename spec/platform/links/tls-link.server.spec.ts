import { expect } from 'chai'
import { bytePortOf } from '../../../lib/base/streams/byte-port.ts'
import type { Clock } from '../../../lib/base/waiting/clock.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { WithheldError } from '../../../lib/base/withheld.ts'
import { INBOX_LIMIT, LARGEST_CHUNK } from '../../../lib/platform/links/link-inbox.ts'
import type { Link } from '../../../lib/platform/links/transport.ts'
import { CLOSE_GRACE, linkOf } from '../../../lib/platform/links/tls-link.ts'

/** A socket that does what the spec says. */
class FakeSocket {
  destroyed = false
  paused = false
  full = false
  readonly written: Uint8Array[] = []
  finish: (() => void) | undefined
  readonly #listeners = new Map<string, ((value: never) => void)[]>()

  on(event: string, listener: (value: never) => void): void {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
  }

  off(): void {
    throw new Error('a link keeps its listeners')
  }

  emit(event: string, value?: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(value as never)
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes)
    return !this.full
  }

  end(finish: () => void): void {
    this.finish = finish
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  destroy(): void {
    this.destroyed = true
  }

  setNoDelay(): void {
    // Nothing to do here.
  }

  getPeerCertificate(): { raw: Uint8Array } {
    return { raw: new Uint8Array(1) }
  }
}

/** A clock whose one timer the spec fires. */
class FakeClock implements Clock {
  timer: (() => void) | undefined
  delay: number | undefined

  now(): number {
    return 0
  }

  after(delay: number, callback: () => void): () => void {
    this.delay = delay
    this.timer = callback
    return () => {
      this.timer = undefined
    }
  }
}

function fakeLink(): { socket: FakeSocket; clock: FakeClock; link: Link } {
  const socket = new FakeSocket()
  const clock = new FakeClock()
  return { socket, clock, link: linkOf(socket, socket, new Uint8Array(3), clock) }
}

/** Lets everything run that is due in this turn. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

/** What has become of `promise` by the end of this turn: 'fulfilled', 'pending' or the code it was rejected with. */
async function stateOf(promise: Promise<unknown>): Promise<string> {
  let state = 'pending'
  promise.then(
    () => {
      state = 'fulfilled'
    },
    (error: unknown) => {
      state = error instanceof TorError ? error.code : String(error)
    },
  )
  await turn()
  return state
}

const bytes = (length: number, value = 0): Uint8Array => new Uint8Array(length).fill(value)

describe('a link over a TLS socket', () => {
  it('delivers what arrives in one turn as one chunk', async () => {
    const { socket, link } = fakeLink()
    const reader = link.readable.getReader()
    const read = reader.read()
    socket.emit('data', bytes(3, 1))
    socket.emit('data', bytes(2, 2))
    socket.emit('data', bytes(1, 3))
    expect((await read).value).to.deep.equal(Uint8Array.of(1, 1, 1, 2, 2, 3))
  })

  it('cuts what is longer than the longest chunk, in order', async () => {
    const { socket, link } = fakeLink()
    const reader = link.readable.getReader()
    const sent = Uint8Array.from({ length: 150_000 }, (_, index) => (index * 31) >> 3)
    socket.emit('data', sent.subarray(0, 10_000))
    socket.emit('data', sent.subarray(10_000, 149_000))
    socket.emit('data', sent.subarray(149_000))
    let at = 0
    for (const length of [LARGEST_CHUNK, LARGEST_CHUNK, 150_000 - 2 * LARGEST_CHUNK]) {
      const { value } = await reader.read()
      expect(value).to.deep.equal(sent.slice(at, at + length))
      at += length
    }
  })

  it('holds the network back from a full inbox until half of it is read', async () => {
    const { socket, link } = fakeLink()
    const reader = link.readable.getReader()
    socket.emit('data', bytes(INBOX_LIMIT - 1))
    expect(socket.paused).to.equal(false)
    socket.emit('data', bytes(1))
    expect(socket.paused).to.equal(true)
    let left = INBOX_LIMIT
    while (left > 0) {
      left -= (await reader.read()).value?.length ?? 0
      expect(socket.paused).to.equal(left >= INBOX_LIMIT / 2)
    }
  })

  it('takes nothing more ahead of a reader than its inbox', async () => {
    const { socket, link } = fakeLink()
    await turn()
    socket.emit('data', bytes(10))
    await turn()
    const { value } = await link.readable.getReader().read()
    expect(value).to.have.length(10)
  })

  it('settles a write at once while the socket takes more, else when it has drained', async () => {
    const { socket, link } = fakeLink()
    const writer = link.writable.getWriter()
    expect(await stateOf(writer.write(bytes(1)))).to.equal('fulfilled')
    socket.full = true
    const write = writer.write(bytes(2))
    expect(await stateOf(write)).to.equal('pending')
    expect(writer.desiredSize).to.equal(0)
    expect(await stateOf(writer.write(bytes(3)))).to.equal('pending')
    expect(socket.written.map(({ length }) => length)).to.deep.equal([1, 2])
    socket.full = false
    socket.emit('drain')
    expect(await stateOf(write)).to.equal('fulfilled')
    expect(socket.written.map(({ length }) => length)).to.deep.equal([1, 2, 3])
  })

  it('ignores a drain that nobody waits for, also while it closes', async () => {
    const { socket, link } = fakeLink()
    socket.emit('drain')
    const closing = link.writable.close()
    await turn()
    socket.emit('drain')
    expect(await stateOf(closing)).to.equal('pending')
    socket.finish?.()
    expect(await stateOf(closing)).to.equal('fulfilled')
  })

  it('closes when the socket has sent everything, and leaves no timer', async () => {
    const { socket, clock, link } = fakeLink()
    const reader = link.readable.getReader()
    const closing = link.writable.close()
    await turn()
    expect(socket.destroyed).to.equal(false)
    expect(clock.delay).to.equal(CLOSE_GRACE)
    socket.finish?.()
    await closing
    expect(socket.destroyed).to.equal(true)
    expect(clock.timer).to.equal(undefined)
    expect((await reader.read()).done).to.equal(true)
  })

  it('closes without having sent everything when that takes too long', async () => {
    const { socket, clock, link } = fakeLink()
    const closing = link.writable.close()
    expect(await stateOf(closing)).to.equal('pending')
    clock.timer?.()
    expect(await stateOf(closing)).to.equal('LINK_CLOSED')
    expect(socket.destroyed).to.equal(true)
    expect(clock.timer).to.equal(undefined)
  })

  it('gives up a close that waits when it is aborted', async () => {
    const { socket, clock, link } = fakeLink()
    const writer = link.writable.getWriter()
    const closing = writer.close()
    await turn()
    const aborting = stateOf(writer.abort(new Error('enough')))
    expect(await stateOf(closing)).to.equal('LINK_CLOSED')
    expect(await aborting).to.not.equal('pending')
    expect(socket.destroyed).to.equal(true)
    expect(clock.timer).to.equal(undefined)
  })

  for (const event of ['end', 'close']) {
    it(`lets what has arrived be read after '${event}', then ends, while writes fail at once`, async () => {
      const { socket, link } = fakeLink()
      const reader = link.readable.getReader()
      const writer = link.writable.getWriter()
      socket.emit('data', bytes(LARGEST_CHUNK + 1))
      socket.emit(event)
      expect(socket.destroyed).to.equal(true)
      expect(await stateOf(writer.closed)).to.equal('LINK_CLOSED')
      expect((await reader.read()).value).to.have.length(LARGEST_CHUNK)
      expect((await reader.read()).value).to.have.length(1)
      expect((await reader.read()).done).to.equal(true)
    })
  }

  it('gives the error of the socket to both directions, after what has arrived', async () => {
    const { socket, link } = fakeLink()
    const reader = link.readable.getReader()
    const writer = link.writable.getWriter()
    socket.full = true
    const write = writer.write(bytes(1))
    await turn()
    const cause = new Error('reset')
    socket.emit('data', bytes(5))
    socket.emit('error', cause)
    socket.emit('close')
    expect(await stateOf(write)).to.equal('LINK_CLOSED')
    expect((await reader.read()).value).to.have.length(5)
    const error: unknown = await reader.read().catch((thrown: unknown) => thrown)
    expect((error as TorError).code).to.equal('LINK_CLOSED')
    expect((error as TorError).cause)
      .to.be.instanceOf(WithheldError)
      .with.property('original', cause)
    expect(await stateOf(writer.closed)).to.equal('LINK_CLOSED')
  })

  it('ends a read that waits', async () => {
    const { socket, link } = fakeLink()
    const read = link.readable.getReader().read()
    await turn()
    socket.emit('end')
    expect((await read).done).to.equal(true)
  })

  it('survives events in any order after it is over', async () => {
    const { socket, link } = fakeLink()
    const reader = link.readable.getReader()
    const writer = link.writable.getWriter()
    await reader.cancel()
    expect(socket.destroyed).to.equal(true)
    for (const event of ['data', 'drain', 'error', 'end', 'close', 'data']) socket.emit(event, bytes(1))
    await turn()
    expect((await reader.read()).done).to.equal(true)
    expect(await stateOf(writer.closed)).to.equal('LINK_CLOSED')
  })

  it("drops what arrives between the turn's first bytes and a cancel", async () => {
    const { socket, link } = fakeLink()
    const reader = link.readable.getReader()
    const read = reader.read()
    await turn()
    socket.emit('data', bytes(1))
    await reader.cancel()
    expect((await read).done).to.equal(true)
  })

  describe('of which a channel holds the port', () => {
    it('joins what arrives in one turn, and lets a write last until the socket has drained', async () => {
      const { socket, link } = fakeLink()
      const port = bytePortOf(link)
      const read = port.read()
      socket.emit('data', bytes(2, 1))
      socket.emit('data', bytes(1, 2))
      expect(await read).to.deep.equal(Uint8Array.of(1, 1, 2))
      expect(await stateOf(port.write(bytes(1)))).to.equal('fulfilled')
      socket.full = true
      const write = port.write(bytes(2))
      expect(await stateOf(write)).to.equal('pending')
      socket.emit('drain')
      expect(await stateOf(write)).to.equal('fulfilled')
    })

    it('gives what has arrived before the error of the socket, which every read and write has from then on', async () => {
      const { socket, link } = fakeLink()
      const port = bytePortOf(link)
      socket.full = true
      const write = port.write(bytes(1))
      socket.emit('data', bytes(5))
      socket.emit('error', new Error('reset'))
      expect(await stateOf(write)).to.equal('LINK_CLOSED')
      expect(await stateOf(port.readClosed)).to.equal('pending')
      expect(await port.read()).to.have.length(5)
      const later = [() => port.read(), () => port.read(), () => port.write(bytes(1)), () => port.end()]
      for (const attempt of later) expect(await stateOf(attempt())).to.equal('LINK_CLOSED')
      for (const told of [port.readClosed, port.writeClosed])
        expect((await told)?.()).to.include({ code: 'LINK_CLOSED' })
    })

    it('ends a read that waits with the relay, or when it is cancelled, and every read behind it', async () => {
      for (const end of ['relay', 'cancel'] as const) {
        const { socket, link } = fakeLink()
        const port = bytePortOf(link)
        const read = port.read()
        if (end === 'relay') socket.emit('end')
        else port.cancel()
        expect([await read, await port.read()]).to.deep.equal([undefined, undefined])
        expect([await port.readClosed, socket.destroyed]).to.deep.equal([undefined, true])
        expect((await port.writeClosed)()).to.include({ code: 'LINK_CLOSED' })
      }
    })

    it('ends behind a write that waits', async () => {
      const { socket, link } = fakeLink()
      const port = bytePortOf(link)
      socket.full = true
      const write = port.write(bytes(1))
      const ended = port.end()
      expect(await stateOf(ended)).to.equal('pending')
      expect(socket.finish).to.equal(undefined)
      socket.emit('drain')
      await write
      await turn()
      socket.finish?.()
      expect(await stateOf(ended)).to.equal('fulfilled')
    })

    it('is made of its streams where somebody has asked for one of them', async () => {
      const { socket, link } = fakeLink()
      const { readable } = link
      const port = bytePortOf(link)
      expect(readable.locked).to.equal(true)
      const read = port.read()
      socket.emit('data', bytes(1, 7))
      expect(await read).to.deep.equal(Uint8Array.of(7))
    })
  })
})
