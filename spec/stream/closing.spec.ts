/**
 * How a stream ends: every event in every state, over every kind of streams.
 */
import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { HalfClosedStream } from '../../lib/stream/flow/half-closed.ts'
import { turn } from '../support/turn.ts'
import { CLOSING_TABLE } from './support/closing-table.ts'
import { codeOf, connected, connecting, pattern, rejection, VARIANTS } from './support/stream-fixture.ts'
import {
  applies,
  arrange,
  EVENTS,
  happen,
  line,
  stageOf,
  STATES,
  type EventName,
  type Fixture,
  type StateName,
} from './support/states.ts'

const states = Object.keys(STATES) as StateName[]
const events = Object.keys(EVENTS) as EventName[]

/** After close() nothing may be left of a stream, however it came to that. */
async function expectNothingLeft(fixture: Fixture, told: string): Promise<void> {
  const { circuit, clock, socket, watch } = fixture
  void watch.add('last close', socket.close())
  await turn(3)
  expect(watch.pending, `${told}: promises left pending`).to.deep.equal([])
  expect(clock.timers, `${told}: timers left running`).to.equal(0)
  expect(circuit.pending, `${told}: pending left waiting`).to.equal(0)
  expect(circuit.reserved, `${told}: cells left reserved`).to.equal(0)
  expect(circuit.faults, `${told}: faults`).to.deep.equal([])
  const ends = circuit.sentOf(RelayCommand.END)
  expect(ends.length, `${told}: ENDs`).to.be.at.most(1)
  for (const { body } of ends) expect([...body], 'what our END says').to.deep.equal([1])
  const left = circuit.endpoints.get(1)
  if (left) expect(left, told).to.be.instanceOf(HalfClosedStream)
}

for (const variant of VARIANTS) {
  describe(`the end of a stream pair of ${variant.name}`, () => {
    for (const state of states.filter((name) => variant.bytes || !name.includes('BYOB'))) {
      it(`${state}: each event does what the table says, and leaves nothing pending`, async () => {
        for (const event of ['nothing', ...events] as const) {
          const fixture = await arrange(state, variant)
          const expected = CLOSING_TABLE[state][event]
          if (event !== 'nothing') {
            expect(applies(event, fixture), event).to.equal(expected !== undefined)
            if (expected === undefined) continue
            await happen(event, fixture)
          }
          expect(line(fixture), event).to.equal(expected)
          await expectNothingLeft(fixture, event)
        }
      })

      it(`${state}: any two events leave nothing pending, one after the other or in one turn`, async () => {
        for (const first of events) {
          for (const second of events) {
            for (const together of [true, false]) {
              const fixture = await arrange(state, variant)
              if (!applies(first, fixture)) continue
              if (together) void EVENTS[first](fixture)
              else await happen(first, fixture)
              if (!applies(second, fixture)) continue
              // Not `happen`: the same name twice would hide the first promise.
              void EVENTS[second](
                fixture.watch.has('event') ? { ...fixture, watch: fixture.watch.under('second ') } : fixture,
              )
              await turn(2)
              await expectNothingLeft(fixture, `${first}, ${second}${together ? ' at once' : ''}`)
            }
          }
        }
      })
    }

    it('in the very turn in which it is made: each event, after a write or not, leaves nothing pending', async () => {
      for (const open of [true, false]) {
        for (const wrote of [true, false]) {
          for (const event of events) {
            const fixture = stageOf(connecting, { ...variant.options, open })
            if (!applies(event, fixture)) continue
            if (wrote) void fixture.watch.add('write', fixture.writer.write(pattern(600)))
            void EVENTS[event](fixture)
            await turn()
            await expectNothingLeft(
              fixture,
              `${event}${wrote ? ' after a write' : ''}${open ? '' : ', circuit not open'}`,
            )
          }
        }
      }
    })

    it('a writable that is closed lets the answer come, and END goes when that has been read and cancelled or closed', async () => {
      const { circuit, socket } = connected(variant.options)
      await socket.writable.close()
      circuit.data(pattern(10))
      const reader = socket.readable.getReader()
      expect((await reader.read()).value).to.have.length(10)
      expect(circuit.commands).not.to.include(RelayCommand.END)
      await reader.cancel()
      expect(circuit.commands.at(-1)).to.equal(RelayCommand.END)
      await socket.closed
    })

    it('a write that waits when END comes rejects, before the writable has errored', async () => {
      const { circuit, socket } = connected({ ...variant.options, credit: 1 })
      const writer = socket.writable.getWriter()
      const first = codeOf(writer.write(pattern(600)))
      const second = codeOf(writer.write(pattern(10)))
      await turn()
      circuit.end(6)
      expect(await first).to.equal('ENDED')
      expect(await second).to.equal('ENDED')
      expect(await codeOf(writer.closed)).to.equal('ENDED')
      await socket.closed
    })

    it('an idle writable errors with ENDED only after the readable has closed', async () => {
      const { circuit, socket } = connected(variant.options)
      const writer = socket.writable.getWriter()
      const ended = codeOf(writer.closed)
      circuit.data(pattern(10))
      circuit.end(6)
      await socket.closed
      await turn(3)
      expect(writer.desiredSize).to.equal(1)
      const reader = socket.readable.getReader()
      await reader.read()
      await reader.closed
      expect(writer.desiredSize, 'still the turn in which the readable closed').to.equal(1)
      expect(await ended).to.equal('ENDED')
    })

    it('a write after END, before the writable has errored, rejects with ENDED', async () => {
      const { circuit, socket } = connected(variant.options)
      circuit.data(pattern(10))
      circuit.end(6)
      expect(await codeOf(socket.writable.getWriter().write(pattern(1)))).to.equal('ENDED')
      expect((await socket.readable.getReader().read()).value, 'what arrived').to.have.length(10)
    })

    it('a cancelled readable does not keep an idle writable from ending with ENDED', async () => {
      const { circuit, socket, clock } = connected(variant.options)
      const writer = socket.writable.getWriter()
      await socket.readable.cancel()
      circuit.end(6)
      expect(await codeOf(writer.closed)).to.equal('ENDED')
      expect(clock.timers).to.equal(0)
    })

    it('a close() that waits for CONNECTED resolves with it, and END goes if the readable was cancelled', async () => {
      for (const cancelled of [false, true]) {
        const { circuit, socket, clock } = connecting(variant.options)
        const writer = socket.writable.getWriter()
        const closed = writer.close()
        if (cancelled) await socket.readable.cancel()
        await turn()
        circuit.connect()
        await closed
        expect(circuit.commands.includes(RelayCommand.END)).to.equal(cancelled)
        if (cancelled) await socket.closed
        expect(clock.timers).to.equal(0)
      }
    })

    it('a close() that waits for CONNECTED rejects when the stream breaks in the pass that brings it', async () => {
      const { circuit, socket } = connecting(variant.options)
      const closed = codeOf(socket.writable.close())
      await turn()
      circuit.deliver(1, [RelayCommand.CONNECTED], [RelayCommand.END, Uint8Array.of(12)])
      expect(await closed).to.equal('END_CONNRESET')
    })

    it('a close() that waits for CONNECTED resolves when the far end is done in the pass that brings it: all was sent', async () => {
      const { circuit, socket } = connecting(variant.options)
      const writer = socket.writable.getWriter()
      await writer.write(pattern(10))
      const closed = writer.close()
      await turn()
      circuit.deliver(1, [RelayCommand.CONNECTED], [RelayCommand.END, Uint8Array.of(6)])
      await closed
      await socket.closed
      expect(circuit.dataBytes).to.have.length(10)
    })

    it('an abort() in the turn of CONNECTED, while close() waits, rejects both', async () => {
      const { circuit, socket } = connecting(variant.options)
      const writer = socket.writable.getWriter()
      const closed = rejection(writer.close())
      await turn()
      circuit.connect()
      const aborted = rejection(writer.abort('changed my mind'))
      expect(await closed).to.equal('changed my mind')
      expect(await aborted).to.equal('changed my mind')
      expect(await codeOf(socket.closed)).to.equal('ABORTED')
      expect(circuit.commands.at(-1)).to.equal(RelayCommand.END)
    })
  })
}
