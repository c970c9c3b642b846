import { expect } from 'chai'
import type { Why } from '../../lib/base/why.ts'
import { bytePortOf } from '../../lib/base/streams/byte-port.ts'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { EndReason } from '../../lib/cell/reasons.ts'
import { cells, connected, connecting, concat, pattern, rejection } from './support/stream-fixture.ts'

// That a port ends, fails and waits as the streams do is shown by the suites of the streams, which run over it, too.

const reasonOf = async (told: Promise<Why | undefined>): Promise<unknown> => (await told)?.()

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

  it('tells of a far end that is done, and of one that breaks, though nobody reads or writes', async () => {
    const done = connected()
    const port = bytePortOf(done.socket)
    done.circuit.end(EndReason.DONE)
    expect(await port.readClosed).to.equal(undefined)
    expect(await reasonOf(port.writeClosed)).to.include({ code: 'ENDED', reason: EndReason.DONE })
    expect(await rejection(port.write(pattern(1)))).to.equal(await reasonOf(port.writeClosed))
    const broken = connected()
    const other = bytePortOf(broken.socket)
    broken.circuit.end(EndReason.CONNRESET)
    expect(await reasonOf(other.readClosed)).to.include({ code: 'END_CONNRESET' })
    expect(await reasonOf(other.writeClosed)).to.equal(await reasonOf(other.readClosed))
  })

  it('tells of what has happened before it was lent', async () => {
    const { circuit, socket } = connecting()
    circuit.end(EndReason.CONNECTREFUSED)
    const error = await rejection(socket.opened)
    const port = bytePortOf(socket)
    for (const told of [port.readClosed, port.writeClosed]) expect(await reasonOf(told)).to.equal(error)
    for (const told of [port.read(), port.write(Uint8Array.of(1))]) expect(await rejection(told)).to.equal(error)
  })

  it('ends every read after it was cancelled, and what comes then is dropped', async () => {
    const { circuit, socket } = connected()
    const port = bytePortOf(socket)
    const waiting = port.read()
    port.cancel()
    circuit.data(...cells(50))
    expect([await waiting, await port.read()]).to.deep.equal([undefined, undefined])
    expect(circuit.sentOf(RelayCommand.SENDME)).to.have.length(1)
    await socket.close()
  })
})
