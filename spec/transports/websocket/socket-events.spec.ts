import { expect } from 'chai'
import { MESSAGE_COST, openBySocket } from '../../../lib/transports/websocket/socket-events.ts'
import { codeOf, failureOf } from '../../support/failures.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'
import { watchedSignal } from '../../support/watched-signal.ts'
import type { ScriptedSocket } from './support/scripted-socket.ts'
import { scriptedSockets } from './support/scripted-socket.ts'

const URL_OF_GATEWAY = new URL('wss://gateway.example/203.0.113.7:9001')
const LIMIT = 100_000

/** An opening that the spec goes on with. */
function opening(receiveBufferLimit = LIMIT) {
  const { made, WebSocket } = scriptedSockets()
  const watched = watchedSignal()
  const clock = new FakeClock()
  const options = { receiveBufferLimit, clock, signal: watched.signal }
  const opened = openBySocket(WebSocket, URL_OF_GATEWAY, ['binary'], options)
  opened.catch(() => undefined) // each spec looks for itself
  return { opened, socket: made[0] as ScriptedSocket, clock, ...watched }
}

async function openLink(receiveBufferLimit?: number) {
  const { opened, socket, ...rest } = opening(receiveBufferLimit)
  socket.open()
  const { readable, writable } = await opened
  return { socket, reader: readable.getReader(), writer: writable.getWriter(), ...rest }
}

const bytesOf = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values)

describe('A link through a WebSocket', () => {
  it('asks for the URL, the subprotocols and bytes, and is there once the gateway has connected', async () => {
    const { opened, socket } = opening()
    expect(socket.url).to.equal(URL_OF_GATEWAY.href)
    expect(socket.protocols).to.deep.equal(['binary'])
    expect(socket.binaryType).to.equal('arraybuffer')
    let isThere = false
    void opened.then(() => (isThere = true))
    await turn()
    expect(isThere).to.equal(false)
    socket.open()
    await turn()
    expect(isThere).to.equal(true)
  })

  it('is none when the WebSocket closes before it opens', async () => {
    for (const code of [1000, 1006, 1011]) {
      const { opened, socket, listeners } = opening()
      socket.end(code)
      expect(await codeOf(opened)).to.equal('LINK_CLOSED')
      expect(listeners()).to.equal(0)
    }
  })

  it('is none when the WebSocket fails and no close follows', async () => {
    const { opened, socket } = opening()
    socket.onerror?.()
    expect(await codeOf(opened)).to.equal('LINK_CLOSED')
    expect(socket.closes).to.equal(1)
  })

  it('lets go of the signal once it is open', async () => {
    const { abort, socket, listeners, reader } = await openLink()
    expect(listeners()).to.equal(0)
    abort.abort(new Error('too late'))
    socket.message(bytesOf(1))
    expect((await reader.read()).value).to.deep.equal(bytesOf(1))
    expect(socket.closes).to.equal(0)
  })

  describe('when the signal aborts', () => {
    const reason = new Error('enough')
    const rejection = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error)

    it('rejects with the reason and closes, before the gateway answers', async () => {
      const { opened, socket, abort } = opening()
      abort.abort(reason)
      expect(await rejection(opened)).to.equal(reason)
      expect(socket.closes).to.equal(1)
      socket.open() // a runtime may be on its way already
      socket.end(1006)
      await turn()
    })

    it('rejects with the reason and closes, in the turn in which the gateway answers', async () => {
      const { opened, socket, abort } = opening()
      socket.open()
      abort.abort(reason)
      expect(await rejection(opened)).to.equal(reason)
      expect(socket.closes).to.equal(1)
    })

    it('rejects with the reason and closes, when it had before', async () => {
      const { made, WebSocket } = scriptedSockets()
      const signal = AbortSignal.abort(reason)
      const options = { receiveBufferLimit: LIMIT, clock: new FakeClock(), signal }
      expect(await rejection(openBySocket(WebSocket, URL_OF_GATEWAY, [], options))).to.equal(reason)
      expect(made[0]?.closes).to.equal(1)
    })
  })

  describe('as it sends', () => {
    it('cuts what is written into messages of at most 32,768 bytes, each a copy', async () => {
      const { socket, writer } = await openLink()
      const chunk = new Uint8Array(70_000).map((_, at) => at)
      await writer.write(chunk)
      expect(socket.sent.map(({ length }) => length)).to.deep.equal([32_768, 32_768, 4464])
      const sent = new Uint8Array(70_000)
      let at = 0
      for (const message of socket.sent) {
        sent.set(message, at)
        at += message.length
        expect(message.buffer).not.to.equal(chunk.buffer)
      }
      expect(sent).to.deep.equal(chunk)
    })

    it('waits while more than 65,536 bytes wait inside the WebSocket, and goes on when they are gone', async () => {
      const { socket, writer, clock } = await openLink()
      socket.bufferedAmount = 65_537
      let isWritten = false
      const written = writer.write(new Uint8Array(40_000)).then(() => (isWritten = true))
      await turn()
      expect(socket.sent).to.have.length(1)
      clock.advance(50)
      await turn()
      expect(socket.sent).to.have.length(1)
      expect(clock.timers).to.equal(1)
      socket.bufferedAmount = 65_536
      clock.advance(5)
      await turn()
      expect(isWritten).to.equal(true)
      await written
      expect(socket.sent).to.have.length(2)
      expect(clock.timers).to.equal(0)
    })

    it('gives up a write that waits when it is aborted, and closes', async () => {
      const { socket, reader, writer, clock } = await openLink()
      socket.bufferedAmount = 1_000_000
      const written = writer.write(new Uint8Array(100)).catch((error: unknown) => error)
      await turn()
      const reason = new Error('enough')
      await writer.abort(reason)
      expect(await written).to.equal(reason)
      expect(await reader.read().catch((error: unknown) => error)).to.equal(reason)
      expect(socket.closes).to.equal(1)
      expect(clock.timers).to.equal(0)
    })

    it('fails a write that waits when the gateway goes, in good order or not', async () => {
      for (const code of [1000, 1006]) {
        const { socket, writer, clock } = await openLink()
        socket.bufferedAmount = 1_000_000
        const written = codeOf(writer.write(new Uint8Array(100)))
        await turn()
        socket.end(code)
        expect(await written).to.equal('LINK_CLOSED')
        expect(await codeOf(writer.write(bytesOf(1)))).to.equal('LINK_CLOSED')
        expect(clock.timers).to.equal(0)
        expect(socket.sent).to.have.length(1)
      }
    })

    it('closes the WebSocket when the writable is closed, and reads to its end', async () => {
      const { socket, reader, writer } = await openLink()
      await writer.close()
      expect(socket.closes).to.equal(1)
      socket.end(1005)
      expect(await reader.read()).to.deep.equal({ done: true, value: undefined })
    })
  })

  describe('as it receives', () => {
    it('gives what arrives, in order, to whoever waits and whoever comes later', async () => {
      const { socket, reader } = await openLink()
      const waiting = reader.read()
      await turn()
      socket.message(bytesOf(1, 2))
      expect((await waiting).value).to.deep.equal(bytesOf(1, 2))
      socket.message(bytesOf(3))
      socket.message(0)
      socket.message(bytesOf(4, 5))
      expect((await reader.read()).value).to.deep.equal(bytesOf(3, 4, 5))
    })

    it('joins what waits into chunks of at most 65,536 bytes, and leaves a longer message whole', async () => {
      const { socket, reader } = await openLink(1_000_000)
      for (const length of [30_000, 35_000, 536, 1, 70_000, 5]) socket.message(length)
      const lengths: unknown[] = []
      for (let reads = 0; reads < 4; reads++) lengths.push((await reader.read()).value?.length)
      expect(lengths).to.deep.equal([65_536, 1, 70_000, 5])
    })

    it('fails with LINK_PROTOCOL on a message of text, and closes', async () => {
      const { socket, reader, writer } = await openLink()
      socket.message('hello')
      expect(await codeOf(reader.read())).to.equal('LINK_PROTOCOL')
      expect(await codeOf(writer.write(bytesOf(1)))).to.equal('LINK_PROTOCOL')
      expect(socket.closes).to.equal(1)
    })

    it('takes a message that is no ArrayBuffer for a breach, too', async () => {
      const { socket, reader } = await openLink()
      socket.onmessage?.({ data: new Blob(['hello']) })
      expect(await codeOf(reader.read())).to.equal('LINK_PROTOCOL')
    })

    it('holds as much as its limit, and fails with LINK_OVERFLOW beyond it: nothing is kept, whatever follows', async () => {
      const { socket, reader, writer } = await openLink()
      socket.message(LIMIT - MESSAGE_COST)
      expect(socket.closes).to.equal(0)
      socket.message(1)
      expect(socket.closes).to.equal(1)
      const kept = new WeakRef(new Uint8Array(LIMIT))
      for (let more = 0; more < 100; more++) socket.message(kept.deref()?.length ?? LIMIT)
      expect(await codeOf(reader.read())).to.equal('LINK_OVERFLOW')
      expect(await codeOf(writer.write(bytesOf(1)))).to.equal('LINK_OVERFLOW')
      expect(socket.closes).to.equal(1)
    })

    it('counts what each message costs beside its bytes, so that tiny ones cannot fill the memory', async () => {
      const { socket, reader } = await openLink()
      const most = Math.floor(LIMIT / (1 + MESSAGE_COST))
      for (let count = 0; count < most; count++) socket.message(1)
      expect(socket.closes).to.equal(0)
      socket.message(1)
      expect(await codeOf(reader.read())).to.equal('LINK_OVERFLOW')
    })

    it('goes on for ever when it is read as fast as it arrives', async () => {
      const { socket, reader } = await openLink()
      for (let count = 0; count < 20; count++) {
        socket.message(LIMIT - MESSAGE_COST)
        expect((await reader.read()).value).to.have.length(LIMIT - MESSAGE_COST)
      }
      expect(socket.closes).to.equal(0)
    })

    it('gives up when it is cancelled: it closes, and a write fails', async () => {
      const { socket, reader, writer } = await openLink()
      socket.message(5)
      await reader.cancel()
      expect(socket.closes).to.equal(1)
      expect(await codeOf(writer.write(bytesOf(1)))).to.equal('LINK_CLOSED')
      socket.message(5)
      socket.end(1006)
    })
  })

  describe('as it ends', () => {
    for (const code of [1000, 1001, 1005]) {
      it(`delivers what arrived, and then ends, after a close of ${code}`, async () => {
        const { socket, reader, writer } = await openLink()
        socket.message(70_000)
        socket.message(bytesOf(9))
        socket.end(code)
        expect((await reader.read()).value).to.have.length(70_000)
        expect((await reader.read()).value).to.deep.equal(bytesOf(9))
        expect(await reader.read()).to.deep.equal({ done: true, value: undefined })
        expect(await codeOf(writer.write(bytesOf(1)))).to.equal('LINK_CLOSED')
      })
    }

    it('ends a read that waits', async () => {
      const { socket, reader } = await openLink()
      const waiting = reader.read()
      await turn()
      socket.end(1000)
      expect(await waiting).to.deep.equal({ done: true, value: undefined })
    })

    for (const code of [1002, 1006, 1009, 1011, 1015, 4001]) {
      it(`fails with LINK_CLOSED after a close of ${code}`, async () => {
        const { socket, reader, writer } = await openLink()
        const waiting = reader.read()
        await turn()
        socket.end(code, code === 4001 ? 'no "more"' : '')
        const failure = await failureOf(waiting)
        expect(failure.code).to.equal('LINK_CLOSED')
        expect(failure.message).to.contain(code === 4001 ? '(4001: "no \\"more\\"")' : `(${code})`)
        expect(await codeOf(writer.write(bytesOf(1)))).to.equal('LINK_CLOSED')
      })
    }

    it('may end in the very turn in which it opened', async () => {
      for (const [code, ends] of [
        [1000, true],
        [1011, false],
      ] as const) {
        const { opened, socket } = opening()
        socket.open()
        socket.message(bytesOf(7))
        socket.end(code)
        const { readable, writable } = await opened
        const reader = readable.getReader()
        expect(await codeOf(writable.getWriter().write(bytesOf(1)))).to.equal('LINK_CLOSED')
        if (ends) expect((await reader.read()).value).to.deep.equal(bytesOf(7))
        if (ends) expect((await reader.read()).done).to.equal(true)
        else expect(await codeOf(reader.read())).to.equal('LINK_CLOSED')
      }
    })
  })
})
