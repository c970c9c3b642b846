/**
 * What the ways in which a stream ends say: codes, causes, timers, options.
 */
import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { SocketError, TorError, type ErrorCode } from '../../lib/base/errors.ts'
import { hex } from '../cell/support/bytes.ts'
import { turn } from '../support/turn.ts'
import {
  cells,
  codeOf,
  connected,
  connecting,
  pattern,
  readAll,
  rejection,
  sameBytes,
  concat,
  utf8,
} from './support/stream-fixture.ts'
import { Watch } from './support/watch.ts'

const { BEGIN, DATA, END, SENDME } = RelayCommand

/** By the numbers of tor-spec. */
const REASONS: Readonly<Record<number, ErrorCode>> = {
  1: 'END_MISC',
  2: 'END_RESOLVEFAILED',
  3: 'END_CONNECTREFUSED',
  4: 'END_EXITPOLICY',
  5: 'END_DESTROY',
  6: 'END_DONE',
  7: 'END_TIMEOUT',
  8: 'END_NOROUTE',
  9: 'END_HIBERNATING',
  10: 'END_INTERNAL',
  11: 'END_RESOURCELIMIT',
  12: 'END_CONNRESET',
  13: 'END_TORPROTOCOL',
  14: 'END_NOTDIRECTORY',
}

describe('END of the far end', () => {
  it('before CONNECTED rejects with the code of its reason, whatever it is', async () => {
    for (let reason = 0; reason < 256; reason++) {
      const { circuit, clock, socket } = connecting()
      circuit.end(reason)
      const error = await rejection(socket.opened)
      expect(error)
        .to.be.instanceOf(SocketError)
        .and.to.include({ code: REASONS[reason] ?? 'END_OTHER', reason })
      expect(await rejection(socket.closed)).to.equal(error)
      expect(circuit.commands, 'END is never answered').to.deep.equal([BEGIN])
      expect(circuit.endpoints.size).to.equal(0)
      expect(clock.timers).to.equal(0)
    }
  })

  it('on an open stream is an error with the code of its reason, unless that is DONE', async () => {
    for (let reason = 0; reason < 256; reason++) {
      const { circuit, socket } = connected()
      circuit.data(pattern(3))
      circuit.end(reason)
      const outcome = await readAll(socket.readable).then(
        (bytes) => bytes.length,
        (error: unknown) => error,
      )
      if (reason === 6) {
        expect(outcome).to.equal(3)
        await socket.closed
      } else {
        expect(outcome)
          .to.be.instanceOf(SocketError)
          .and.to.include({ code: REASONS[reason] ?? 'END_OTHER', reason })
        expect(await rejection(socket.closed)).to.equal(outcome)
        expect(await rejection(socket.writable.getWriter().closed)).to.equal(outcome)
      }
      expect(circuit.endpoints.size).to.equal(0)
    }
  })

  it('without a body means MISC', async () => {
    const { circuit, socket } = connected()
    circuit.deliver(1, [END])
    expect(await rejection(socket.closed)).to.include({ code: 'END_MISC', reason: 1 })
  })

  it('with EXITPOLICY gives the address and its time to live on the error', async () => {
    const bodies: readonly (readonly [body: string, address: string | undefined, ttl: number | undefined])[] = [
      ['04', undefined, undefined],
      ['04 c0', undefined, undefined],
      ['04 c00002', undefined, undefined],
      ['04 c0000201', '192.0.2.1', undefined],
      ['04 c0000201 0000003c', '192.0.2.1', 60],
      ['04 c0000201 ffffffff', '192.0.2.1', undefined],
      ['04 20010db8000000000000000000000001', '2001:db8::1', undefined],
      ['04 20010db8000000000000000000000001 0000003c', '2001:db8::1', 60],
      ['04 20010db8000000000000000000000001 0000003c 00', undefined, undefined],
      ['03 c0000201 0000003c', undefined, undefined],
    ]
    for (const [body, address, ttl] of bodies) {
      const { circuit, socket } = connecting()
      circuit.deliver(1, [END, hex(body)])
      const code = body.startsWith('04') ? 'END_EXITPOLICY' : 'END_CONNECTREFUSED'
      expect(await rejection(socket.opened), body).to.include({ code, address, ttl })
    }
  })

  it('sends nothing of ours after it, whatever the application does then', async () => {
    const { circuit, socket } = connected()
    circuit.data(...cells(60))
    circuit.end(6)
    await socket.writable
      .getWriter()
      .write(pattern(10))
      .catch(() => undefined)
    await readAll(socket.readable)
    await socket.close()
    await turn()
    expect(circuit.commands).to.deep.equal([BEGIN])
    expect(circuit.faults).to.deep.equal([])
  })
})

describe('our END', () => {
  it('always says MISC and nothing more', async () => {
    const ways: Record<string, () => Promise<readonly Uint8Array[]>> = {}
    const add = (
      how: string,
      act: (fixture: ReturnType<typeof connected>, controller: AbortController) => unknown,
    ): void => {
      for (const open of [false, true]) {
        ways[`${how}, ${open ? 'open' : 'connecting'}`] = async () => {
          const controller = new AbortController()
          const fixture = (open ? connected : connecting)({
            signal: controller.signal,
            endOnClose: how === 'endOnClose',
          })
          void act(fixture, controller)
          if (how === 'endOnClose' && !open) fixture.circuit.connect()
          await turn()
          return fixture.circuit.sentOf(END).map(({ body }) => body)
        }
      }
    }
    add('close()', ({ socket }) => socket.close('because'))
    add('abort()', ({ socket }) => socket.writable.abort('because'))
    add('signal', (_scene, controller) => controller.abort('because'))
    add('endOnClose', ({ socket }) => socket.writable.close())
    add('bad chunk', ({ socket }) =>
      socket.writable
        .getWriter()
        .write('text' as unknown as BufferSource)
        .catch(() => undefined),
    )
    add('dispose', ({ socket }) => socket[Symbol.asyncDispose]())
    for (const [how, end] of Object.entries(ways)) {
      expect(
        (await end()).map((body) => [...body]),
        how,
      ).to.deep.equal([[1]])
    }
  })
})

describe('close() of a socket', () => {
  it('returns closed, each time', async () => {
    const { circuit, socket } = connected()
    expect(socket.close()).to.be.a('promise')
    await Promise.all([socket.close('first'), socket.close('second'), socket.closed])
    expect(circuit.sentOf(END)).to.have.length(1)
  })

  it('makes its reason the cause of what fails', async () => {
    const { socket } = connecting({ open: false })
    const write = rejection(socket.writable.getWriter().write(pattern(1)))
    const cause = new Error('done with it')
    await socket.close(cause)
    expect(await write)
      .to.be.instanceOf(SocketError)
      .and.to.include({ code: 'CLOSED', cause })
    expect(await rejection(socket.opened)).to.include({ code: 'CLOSED', cause })
  })

  it('has no cause without a reason', async () => {
    const { socket } = connecting()
    await socket.close()
    expect(await rejection(socket.opened)).not.to.have.property('cause')
  })

  it('takes a stream back that waits for its circuit', async () => {
    const { circuit, socket } = connecting({ open: false })
    await socket.close()
    expect(circuit.pending).to.equal(0)
    circuit.open()
    expect(circuit.sent).to.deep.equal([])
  })

  it('drops what has not been read, and acknowledges none of it', async () => {
    const { circuit, socket } = connected()
    circuit.data(...cells(200))
    await socket.close()
    expect(await socket.readable.getReader().read()).to.deep.equal({ value: undefined, done: true })
    expect(circuit.sentOf(SENDME)).to.have.length(0)
  })

  it('drops what has not been read after END too', async () => {
    const { circuit, socket } = connected()
    circuit.data(...cells(200))
    circuit.end(6)
    await socket.close()
    expect(await socket.readable.getReader().read()).to.deep.equal({ value: undefined, done: true })
  })

  it('may be called by a listener of the same signal, before or after ours', async () => {
    for (const first of [true, false]) {
      const controller = new AbortController()
      let close = (): void => undefined
      if (first) controller.signal.addEventListener('abort', () => close())
      const { circuit, socket } = connected({ signal: controller.signal })
      if (!first) controller.signal.addEventListener('abort', () => close())
      close = () => void socket.close().catch(() => undefined)
      const read = socket.readable.getReader().read()
      controller.abort()
      const outcome = await socket.closed.then(
        () => 'closed',
        (error: unknown) => (error as SocketError).code,
      )
      expect(outcome).to.equal(first ? 'closed' : 'ABORTED')
      await read.catch(() => undefined)
      expect(circuit.sentOf(END)).to.have.length(1)
    }
  })

  it('may be called by whatever a failing stream calls', async () => {
    const { circuit, socket } = connected({ credit: 0 })
    const watch = new Watch()
    void watch.add('write', socket.writable.getWriter().write(pattern(10)))
    const closing = socket.closed.catch(() => socket.close().catch(() => 'closed again'))
    await turn()
    circuit.die()
    expect(await closing).to.equal('closed again')
    await watch.allSettled()
  })
})

describe('the disposal of a socket', () => {
  it('closes it', async () => {
    const { circuit, socket } = connected()
    await socket[Symbol.asyncDispose]()
    expect(circuit.commands).to.deep.equal([BEGIN, END])
    await socket.closed
  })

  it('hides the failure that closed tells, so as not to mask the error of the block', async () => {
    const { circuit, socket } = connected()
    circuit.end(12)
    await socket[Symbol.asyncDispose]()
    expect(await codeOf(socket.closed)).to.equal('END_CONNRESET')
  })
})

describe('the signal of a stream', () => {
  it('ends it in every phase with ABORTED and its reason, and is not listened to after that', async () => {
    for (const phase of ['circuit not open', 'connecting', 'open'] as const) {
      let listeners = 0
      const controller = new AbortController()
      const { signal } = controller
      const add = signal.addEventListener.bind(signal)
      const remove = signal.removeEventListener.bind(signal)
      signal.addEventListener = (...args: Parameters<typeof add>) => {
        listeners += 1
        add(...args)
      }
      signal.removeEventListener = (...args: Parameters<typeof remove>) => {
        listeners -= 1
        remove(...args)
      }
      const { circuit, clock, socket } = (phase === 'open' ? connected : connecting)({
        signal,
        open: phase !== 'circuit not open',
      })
      expect(listeners).to.equal(1)
      const cause = new Error('enough')
      controller.abort(cause)
      for (const promise of [socket.closed, socket.readable.getReader().closed, socket.writable.getWriter().closed]) {
        expect(await rejection(promise))
          .to.be.instanceOf(SocketError)
          .and.to.include({ code: 'ABORTED', cause })
      }
      expect(circuit.sentOf(END)).to.have.length(phase === 'circuit not open' ? 0 : 1)
      expect(circuit.pending).to.equal(0)
      expect([listeners, clock.timers]).to.deep.equal([0, 0])
    }
  })

  it('is let go when the stream ends without it', async () => {
    const ends: ((fixture: ReturnType<typeof connected>) => unknown)[] = [
      ({ socket }) => socket.close(),
      ({ circuit }) => circuit.end(6),
      ({ circuit }) => circuit.end(12),
      ({ circuit }) => circuit.die(),
      ({ socket }) => socket.writable.abort(),
    ]
    for (const end of ends) {
      const controller = new AbortController()
      let removed = 0
      const remove = controller.signal.removeEventListener.bind(controller.signal)
      controller.signal.removeEventListener = (...args: Parameters<typeof remove>) => {
        removed += 1
        remove(...args)
      }
      await end(connected({ signal: controller.signal }))
      await turn()
      expect(removed).to.equal(1)
    }
  })
})

describe('abort() of the writable', () => {
  it('errors the readable with its reason, even one that is undefined, and drops what arrived', async () => {
    for (const reason of [new Error('enough'), 'text', 0, null]) {
      const { circuit, socket } = connected()
      circuit.data(pattern(10))
      await socket.writable.abort(reason)
      expect(await rejection(socket.readable.getReader().read())).to.equal(reason)
      expect(await rejection(socket.closed)).to.include({ code: 'ABORTED', cause: reason })
      expect(circuit.commands).to.deep.equal([BEGIN, END])
    }
    const { socket } = connected()
    await socket.writable.abort()
    expect(await rejection(socket.readable.getReader().read())).to.have.property('name', 'AbortError')
  })

  it('passes a SocketError on as it is', async () => {
    const { socket } = connected()
    const reason = new SocketError('TIMEOUT', 'of my own')
    await socket.writable.abort(reason)
    expect(await rejection(socket.closed)).to.equal(reason)
  })

  it('does nothing once the writable has closed, as the standard has it', async () => {
    const { circuit, socket } = connected()
    await socket.writable.close()
    await socket.writable.abort('too late')
    circuit.data(pattern(10))
    expect((await socket.readable.getReader().read()).value).to.have.length(10)
    expect(circuit.commands).not.to.include(END)
  })
})

describe('a cancelled readable', () => {
  it('lets an upload go on, and END goes as soon as that is closed', async () => {
    const { circuit, clock, socket } = connected()
    await socket.readable.cancel()
    const writer = socket.writable.getWriter()
    for (let round = 0; round < 5; round++) await writer.write(pattern(498))
    expect(circuit.commands).not.to.include(END)
    await writer.close()
    await socket.closed
    expect(circuit.commands.at(-1)).to.equal(END)
    expect(clock.timers).to.equal(0)
  })

  it('counts and acknowledges what still arrives, and drops it', async () => {
    const { circuit, socket } = connected()
    circuit.data(...cells(60))
    await socket.readable.cancel()
    expect(circuit.sentOf(SENDME)).to.have.length(1)
    for (let cell = 0; cell < 2000; cell++) circuit.data(pattern(498))
    expect(circuit.sentOf(SENDME)).to.have.length(Math.floor(2060 / 50))
  })

  it('ends the stream when nothing was written for 10 seconds, cleanly', async () => {
    const { circuit, clock, socket } = connected()
    await socket.readable.cancel()
    clock.advance(9_999)
    expect(circuit.commands).not.to.include(END)
    clock.advance(1)
    await socket.closed
    expect(circuit.commands.at(-1)).to.equal(END)
    expect(await codeOf(socket.writable.getWriter().write(pattern(1)))).to.equal('CLOSED')
    expect(clock.timers).to.equal(0)
  })

  it('waits as long again after each write', async () => {
    const { circuit, clock, socket } = connected({ linger: 100 })
    await socket.readable.cancel()
    const writer = socket.writable.getWriter()
    for (let round = 0; round < 5; round++) {
      clock.advance(99)
      await writer.write(pattern(1))
    }
    expect(circuit.commands).not.to.include(END)
    clock.advance(100)
    await socket.closed
  })

  it('does not count the time in which a write waits for credit', async () => {
    const { circuit, clock, socket } = connected({ linger: 100, credit: 0 })
    await socket.readable.cancel()
    const write = socket.writable.getWriter().write(pattern(10))
    await turn()
    clock.advance(10_000)
    expect(circuit.commands).not.to.include(END)
    circuit.grant(1)
    await write
    clock.advance(99)
    expect(circuit.commands).not.to.include(END)
    clock.advance(1)
    await socket.closed
    expect(circuit.commands).to.deep.equal([BEGIN, DATA, END])
  })

  it('ends at once with a linger of 0 when the timer comes, and never for Infinity', async () => {
    const quick = connected({ linger: 0 })
    await quick.socket.readable.cancel()
    quick.clock.advance(0)
    await quick.socket.closed
    const patient = connected({ linger: Infinity })
    await patient.socket.readable.cancel()
    expect(patient.clock.timers).to.equal(0)
    await patient.socket.close()
  })

  it('begins to linger with CONNECTED, when it was cancelled before', async () => {
    const { circuit, clock, socket } = connecting({ linger: 100, timeout: 1000 })
    await socket.readable.cancel()
    clock.advance(900)
    circuit.connect()
    clock.advance(99)
    expect(circuit.commands).not.to.include(END)
    clock.advance(1)
    await socket.closed
    expect(circuit.commands.at(-1)).to.equal(END)
  })

  it('still fails by the timeout before CONNECTED', async () => {
    const { clock, socket } = connecting({ linger: 100, timeout: 1000 })
    await socket.readable.cancel()
    clock.advance(1000)
    expect(await codeOf(socket.closed)).to.equal('TIMEOUT')
    expect(clock.timers).to.equal(0)
  })
})

describe('endOnClose', () => {
  it('sends END when the writable closes, after all that was written', async () => {
    const { circuit, socket } = connected({ endOnClose: true })
    const writer = socket.writable.getWriter()
    void writer.write(utf8('the end'))
    await writer.close()
    expect(circuit.commands).to.deep.equal([BEGIN, DATA, END])
    await socket.closed
  })

  it('waits for CONNECTED first', async () => {
    const { circuit, socket } = connecting({ endOnClose: true })
    const closed = socket.writable.close()
    await turn()
    expect(circuit.commands).to.deep.equal([BEGIN])
    circuit.connect()
    await closed
    expect(circuit.commands).to.deep.equal([BEGIN, END])
  })

  it('still delivers what arrived before, then ends; a read that waits ends', async () => {
    const { circuit, socket } = connected({ endOnClose: true })
    circuit.data(...cells(100))
    await socket.writable.close()
    expect(sameBytes(await readAll(socket.readable), concat(cells(100)))).to.equal(true)
    expect(circuit.sentOf(SENDME), 'SENDMEs after END').to.have.length(0)

    const waiting = connected({ endOnClose: true })
    const read = waiting.socket.readable.getReader().read()
    await waiting.socket.writable.close()
    expect((await read).done).to.equal(true)
  })
})

describe('streams that nobody looks at', () => {
  it('fail without an unhandled rejection', async () => {
    const ends: ((fixture: ReturnType<typeof connected>, controller: AbortController) => unknown)[] = [
      ({ circuit }) => circuit.end(12),
      ({ circuit }) => circuit.die(new TorError('LINK_CLOSED', 'gone')),
      (_scene, controller) => controller.abort(),
      ({ socket }) => void socket.close(),
      ({ clock }) => clock.advance(100_000),
    ]
    for (const open of [true, false]) {
      for (const end of ends) {
        const controller = new AbortController()
        void end((open ? connected : connecting)({ signal: controller.signal }), controller)
      }
    }
    await turn(5) // The runner fails on unhandled rejections.
    expect(connecting().circuit.faults).to.deep.equal([])
  })
})
