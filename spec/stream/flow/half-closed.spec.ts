import { expect } from 'chai'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { HalfClosedStream } from '../../../lib/stream/flow/half-closed.ts'
import type { Message } from '../support/fake-circuit.ts'
import { cells, connected, connecting, pattern, type StreamFixture } from '../support/stream-fixture.ts'
import { turn } from '../../support/turn.ts'
import { thrownBy } from '../../cell/support/bytes.ts'

const DATA: Message = [RelayCommand.DATA, pattern(10)]

/** Checks that these messages break the protocol, and that the ones before the last do not. */
function expectViolation(fixture: StreamFixture, ...messages: readonly Message[]): void {
  for (const message of messages.slice(0, -1)) fixture.circuit.deliver(1, message)
  const error = thrownBy(() => fixture.circuit.deliver(1, messages.at(-1) as Message))
  expect(error).to.be.instanceOf(TorError)
  expect((error as TorError).code).to.equal('CIRCUIT_PROTOCOL')
}

describe('a stream after our END', () => {
  it('keeps its id until END comes, then frees it', async () => {
    const { circuit, socket } = connected()
    await socket.close()
    expect(circuit.endpoints.get(1)).to.be.instanceOf(HalfClosedStream)
    circuit.end(6)
    expect(circuit.endpoints.size).to.equal(0)
  })

  it('frees its id whatever the END says, an empty one included', async () => {
    for (const body of [[], [1], [4, 1, 2, 3, 4, 0, 0, 0, 9], [4, 1], [255], [6, 1, 2, 3]]) {
      const { circuit, socket } = connected()
      await socket.close()
      circuit.deliver(1, [RelayCommand.END, Uint8Array.from(body)])
      expect(circuit.endpoints.size, String(body)).to.equal(0)
    }
  })

  it('bears as much DATA as its window still allowed, and not one cell more', async () => {
    const fixture = connected()
    fixture.circuit.data(...cells(120))
    expect(fixture.socket.windows.deliver).to.equal(380)
    await fixture.socket.close()
    for (let cell = 0; cell < 380; cell++) fixture.circuit.data(pattern(498))
    expect(fixture.circuit.sentOf(RelayCommand.SENDME), 'SENDMEs after END').to.have.length(0)
    expectViolation(fixture, DATA)
  })

  it('counts DATA that was consumed and not acknowledged as gone', async () => {
    const fixture = connected()
    const reader = fixture.socket.readable.getReader()
    fixture.circuit.data(...cells(49))
    await reader.read()
    await fixture.socket.close()
    for (let cell = 0; cell < 451; cell++) fixture.circuit.data(pattern(1))
    expectViolation(fixture, DATA)
  })

  it('bears a SENDME for every 50 cells that are not acknowledged, and no more', async () => {
    const fixture = connected()
    const writer = fixture.socket.writable.getWriter()
    await writer.write(new Uint8Array(120 * 498))
    await fixture.socket.close()
    fixture.circuit.sendme()
    fixture.circuit.sendme()
    expectViolation(fixture, [RelayCommand.SENDME])
  })

  it('bears no SENDME when nothing was sent', async () => {
    const fixture = connected()
    await fixture.socket.close()
    expectViolation(fixture, [RelayCommand.SENDME])
  })

  it('bears no CONNECTED when it had one', async () => {
    const fixture = connected()
    await fixture.socket.close()
    expectViolation(fixture, [RelayCommand.CONNECTED])
  })

  it('bears one CONNECTED when it had none, and DATA only after that', async () => {
    const fixture = connecting()
    await fixture.socket.close()
    expectViolation(fixture, [RelayCommand.CONNECTED], DATA, DATA, [RelayCommand.CONNECTED])
    const early = connecting()
    await early.socket.close()
    expectViolation(early, DATA)
    const sendme = connecting()
    await sendme.socket.writable.getWriter().write(new Uint8Array(60 * 498))
    await sendme.socket.close()
    expectViolation(sendme, [RelayCommand.SENDME])
  })

  it('bears nothing after the END', async () => {
    for (const command of [
      RelayCommand.DATA,
      RelayCommand.END,
      RelayCommand.SENDME,
      RelayCommand.CONNECTED,
      RelayCommand.RESOLVED,
    ]) {
      const fixture = connected()
      await fixture.socket.close()
      expectViolation(fixture, [RelayCommand.END], [command])
    }
  })

  it('does not care about the contents of a late CONNECTED', async () => {
    const fixture = connecting()
    await fixture.socket.close()
    fixture.circuit.deliver(1, [RelayCommand.CONNECTED, Uint8Array.of(1, 2)])
    expect(fixture.circuit.endpoints.get(1)?.state).to.equal('ended-open')
  })

  it('says and does nothing when the circuit dies', async () => {
    const fixture = connected()
    await fixture.socket.close()
    fixture.circuit.die()
    await turn()
    await fixture.socket.closed
    expect(fixture.circuit.commands).to.deep.equal([RelayCommand.BEGIN, RelayCommand.END])
  })
})
