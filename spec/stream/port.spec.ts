import { expect } from 'chai'
import { bytePortOf } from '../../lib/base/streams/byte-port.ts'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { EndReason } from '../../lib/cell/reasons.ts'
import { turn } from '../support/turn.ts'
import { cells, connected, connecting, concat, pattern, rejection } from './support/stream-fixture.ts'

// That a port ends, fails and waits as the streams do is shown by the suites of the streams, which run over it, too.

describe('The port of a stream', () => {
  it('is lent once, and locks streams that were never made', async () => {
    const { socket } = connected()
    bytePortOf(socket)
    expect([socket.readable.locked, socket.writable.locked]).to.deep.equal([true, true])
    expect(socket.readable).to.equal(socket.readable)
    expect(() => bytePortOf(socket)).to.throw(TypeError)
    await socket.close()
  })

  it('is made of its streams once one of them was asked for', async () => {
    const { circuit, socket } = connected()
    const { readable } = socket
    const port = bytePortOf(socket)
    expect([readable.locked, socket.writable.locked]).to.deep.equal([true, true])
    circuit.data(pattern(10))
    expect(await port.read()).to.deep.equal(pattern(10))
    await socket.close()
  })

  it('gives what came in a pass as one piece, and its bytes are what the far end gets credit for', async () => {
    const { circuit, socket } = connected()
    const port = bytePortOf(socket)
    circuit.data(...cells(50))
    expect(circuit.sentOf(RelayCommand.SENDME)).to.have.length(0)
    expect(await port.read()).to.deep.equal(concat(cells(50)))
    expect(circuit.sentOf(RelayCommand.SENDME)).to.have.length(1)
    await socket.close()
  })

  it('lets a write wait for exactly as long as there is no credit', async () => {
    const { circuit, socket } = connected({ credit: 2 })
    const port = bytePortOf(socket)
    let isWritten = false
    const written = port.write(pattern(3 * 498)).then(() => {
      isWritten = true
    })
    await Promise.resolve()
    expect(isWritten).to.equal(false)
    circuit.grant(1)
    await written
    await socket.close()
  })

  it('tells who watches of a far end that is done, and of one that breaks', async () => {
    for (const [reason, expected] of [
      [EndReason.DONE, ['ended', 'writing ENDED']],
      [EndReason.CONNRESET, ['writing END_CONNRESET', 'reading END_CONNRESET']],
    ] as const) {
      const { circuit, socket } = connected()
      const port = bytePortOf(socket)
      const told: string[] = []
      const code = (error: unknown): string => (error as { code: string }).code
      port.watch('reading', { failed: (error) => told.push(`reading ${code(error)}`), ended: () => told.push('ended') })
      port.watch('writing', { failed: (error) => told.push(`writing ${code(error)}`) })
      circuit.end(reason)
      await socket.closed.catch(() => undefined) // one of the two breaks
      await turn(1)
      await rejection(port.write(Uint8Array.of(1)))
      expect(told).to.deep.equal(expected)
    }
  })

  it('tells who watches late of what has happened before', async () => {
    const { circuit, socket } = connecting()
    const port = bytePortOf(socket)
    circuit.end(EndReason.CONNECTREFUSED)
    const told: unknown[] = []
    port.watch('reading', { failed: (error) => told.push(error) })
    port.watch('writing', { failed: (error) => told.push(error) })
    const error = await rejection(socket.opened)
    expect(told).to.deep.equal([error, error])
    expect(await rejection(port.read())).to.equal(error)
  })
})
