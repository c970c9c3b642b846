import { expect } from 'chai'
import { joinBytes } from '../../../lib/base/bytes/join-bytes.ts'
import { AHEAD_CHUNKS } from '../../../lib/tls13/streams/read-ahead.ts'
import { secureLink } from '../../../lib/tls13/streams/link-tls.ts'
import { nobleX25519 } from '../../../lib/platform/crypto/curves/noble-x25519.ts'
import { ContentType, ExtensionType, NamedGroup } from '../../../lib/tls13/protocol/registry.ts'
import { Watch } from '../../stream/support/watch.ts'
import { codeOf } from '../../support/failures.ts'
import { turn } from '../../support/turn.ts'
import { watchedSignal } from '../../support/watched-signal.ts'
import { identityOf } from '../support/identity.ts'
import { begin, connect, restOf } from '../support/rogue.ts'
import { bytes, ScriptedServer, u16 } from '../support/scripted-server.ts'
import { Wire } from '../support/wire.ts'

const { ALERT, APPLICATION_DATA, HANDSHAKE } = ContentType
const SLICE = 16 * 16_384
const RECORD_OVERHEAD = 5 + 1 + 16

describe('TLS over a pair of streams', () => {
  it('reads below only once it is read, and then ahead as many chunks as it may, and no more', async () => {
    const { server, wire, streams } = await connect()
    for (let value = 1; value <= 99; value++) await server.data(bytes(value))
    await turn(3)
    expect(wire.untaken, 'nobody reads').to.equal(99)
    const reader = streams.readable.getReader()
    await turn(3)
    expect(wire.untaken, 'a reader alone reads nothing').to.equal(99)
    // The records came one by one, and what is below gives each in a read of its own.
    expect((await reader.read()).value).to.deep.equal(bytes(1))
    await turn(40)
    expect(99 - wire.untaken, 'read, opened, and waiting to be').to.be.within(AHEAD_CHUNKS + 1, 1 + 2 * AHEAD_CHUNKS)
    for (let value = 2; value <= 99;) {
      const chunk = (await reader.read()).value ?? expect.fail('it ended')
      for (const byte of chunk) expect(byte).to.equal(value++)
    }
  })

  it('gives all that was opened before a fault, which whoever writes is told at once', async () => {
    const { server, wire, streams } = await connect()
    const large = new Uint8Array(16_384).fill(7)
    server.hold()
    for (let count = 0; count < 3; count++) await server.data(large)
    server.raw(server.held())
    const reader = streams.readable.getReader()
    expect((await reader.read()).value).to.deep.equal(large)
    await server.record(ContentType.CHANGE_CIPHER_SPEC, bytes(1), { plain: true })
    await turn(20)
    expect(await codeOf(streams.writable.getWriter().write(bytes(1)))).to.equal('TLS_FAILED')
    for (let count = 0; count < 2; count++) expect((await reader.read()).value).to.deep.equal(large)
    expect(await codeOf(reader.read())).to.equal('TLS_FAILED')
    await turn(2)
    expect(wire.isOver).to.equal(true)
  })

  it('gives what came before a fault in one piece with it, and with the end of the handshake', async () => {
    const { server, wire, secured } = await begin()
    server.hold()
    await server.handshake()
    await server.data(bytes(1, 2, 3))
    await server.record(ContentType.CHANGE_CIPHER_SPEC, bytes(1), { plain: true })
    server.raw(server.held())
    const { readable, writable, closed } = await secured
    expect(await codeOf(writable.getWriter().write(bytes(1)))).to.equal('TLS_FAILED')
    const reader = readable.getReader()
    expect((await reader.read()).value).to.deep.equal(bytes(1, 2, 3))
    expect(await codeOf(reader.read())).to.equal('TLS_FAILED')
    expect(await codeOf(closed)).to.equal('TLS_FAILED')
    await turn(2)
    expect(wire.isOver).to.equal(true)
  })

  it('gives all that came before the streams below fail', async () => {
    const { server, wire, streams } = await connect()
    const reader = streams.readable.getReader()
    await server.data(bytes(1))
    expect((await reader.read()).value).to.deep.equal(bytes(1))
    await server.data(bytes(2))
    await turn(10)
    await server.data(bytes(3))
    await turn(10)
    const error = new Error('the network is gone')
    wire.fail(error)
    await turn(10)
    expect((await reader.read()).value).to.deep.equal(bytes(2))
    expect((await reader.read()).value).to.deep.equal(bytes(3))
    expect(await reader.read().catch((reason: unknown) => reason)).to.equal(error)
  })

  it('gives a large record as it is, and joins small ones', async () => {
    const { server, streams } = await connect()
    const [small, large] = [new Uint8Array(8_191).fill(1), new Uint8Array(8_192).fill(2)]
    server.hold()
    for (const content of [small, small, large, small, large, large, small]) await server.data(content)
    server.raw(server.held())
    const reader = streams.readable.getReader()
    const two = joinBytes([small, small])
    for (const chunk of [two, large, small, large, large, small]) {
      expect((await reader.read()).value).to.deep.equal(chunk)
    }
  })

  it('gives what one read below brought in one piece', async () => {
    const { server, streams } = await connect()
    server.hold()
    for (let value = 1; value <= 40; value++) await server.data(bytes(value))
    server.raw(server.held())
    const { value } = await streams.readable.getReader().read()
    expect(value).to.deep.equal(Uint8Array.from({ length: 40 }, (_, at) => at + 1))
  })

  it('lets a write wait for the streams below, and seals no more than a slice ahead', async () => {
    const { server, wire, streams } = await connect()
    wire.hold()
    const writer = streams.writable.getWriter()
    const watch = new Watch()
    const sent = crypto.getRandomValues(new Uint8Array(65_536))
    const all = joinBytes(Array<Uint8Array>(16).fill(sent))
    const write = watch.add('write', writer.write(all))
    await turn(5)
    expect(watch.pending).to.deep.equal(['write'])
    expect(wire.unread).to.equal(SLICE + 16 * RECORD_OVERHEAD)
    wire.release()
    await write
    const from = await server.take((await wire.take()) as Uint8Array)
    expect(from.every(({ type }) => type === (APPLICATION_DATA as number))).to.equal(true)
    expect(joinBytes(from.map(({ content }) => content))).to.deep.equal(all)
  })

  it('lets abort() reach a write that waits, though the stream below takes no notice', async () => {
    const { wire, streams } = await connect()
    wire.holdDeaf()
    const watch = new Watch()
    const writer = streams.writable.getWriter()
    void watch.add('closed', writer.closed)
    void watch.add('write', writer.write(bytes(1)))
    await turn(3)
    expect(watch.pending).to.deep.equal(['closed', 'write'])
    void watch.add('abort', writer.abort(new Error('enough')))
    await watch.allSettled()
    expect(wire.aborted).to.be.instanceOf(Error)
  })

  it('lets abort() reach a close that waits', async () => {
    const { wire, streams } = await connect()
    wire.holdDeaf()
    const watch = new Watch()
    const writer = streams.writable.getWriter()
    void watch.add('closed', writer.closed)
    void watch.add('close', writer.close())
    await turn(3)
    void watch.add('abort', writer.abort(new Error('enough')))
    await watch.allSettled()
  })

  it('closes by telling the server, and reads on until the server does so', async () => {
    const { server, wire, streams, ...rest } = await connect()
    const over = restOf({ server, wire, ...rest })
    await streams.writable.close()
    expect(await over).to.deep.equal([{ type: ALERT, content: bytes(1, 0) }])
    await server.data(bytes(5))
    await server.alert(0, 1)
    await server.data(bytes(6)) // nobody may read that (RFC 8446, section 6.1)
    const reader = streams.readable.getReader()
    expect(await reader.read()).to.deep.equal({ done: false, value: bytes(5) })
    expect((await reader.read()).done).to.equal(true)
  })

  it('writes on after the server has ended', async () => {
    const { server, wire, streams } = await connect()
    await server.alert(0, 1)
    expect((await streams.readable.getReader().read()).done).to.equal(true)
    const writer = streams.writable.getWriter()
    await writer.write(bytes(4))
    const from = await server.take((await wire.take()) as Uint8Array)
    expect(from).to.deep.equal([{ type: APPLICATION_DATA, content: bytes(4) }])
    await writer.close()
    expect(wire.isClosed).to.equal(true)
  })

  it('cancels below what is cancelled', async () => {
    const { wire, streams } = await connect()
    const reason = new Error('enough')
    await streams.readable.cancel(reason)
    expect(wire.cancelled).to.equal(reason)
    await streams.writable.getWriter().write(bytes(1))
    expect(wire.unread).to.be.greaterThan(0)
  })

  it('tells an end without close_notify from an end, in the middle of a record or between two', async () => {
    for (const cut of [0, 1, 5, 20]) {
      const { server, wire, streams } = await connect()
      await server.data(bytes(1))
      server.hold()
      await server.data(bytes(2))
      wire.give(server.held().subarray(0, cut))
      wire.end()
      const watch = new Watch()
      const writer = streams.writable.getWriter()
      void watch.add('closed', writer.closed)
      const reader = streams.readable.getReader()
      expect((await reader.read()).value).to.deep.equal(bytes(1))
      expect(await codeOf(reader.read())).to.equal('TLS_TRUNCATED')
      expect(await codeOf(writer.write(bytes(1)))).to.equal('TLS_TRUNCATED')
      await watch.allSettled()
      expect(wire.isOver).to.equal(true)
    }
  })

  it('fails both sides with what the streams below fail with, an idle writable as well', async () => {
    const { wire, streams } = await connect()
    const error = new Error('the network is gone')
    const watch = new Watch()
    const writer = streams.writable.getWriter()
    const reader = streams.readable.getReader()
    void watch.add('writer', writer.closed)
    void watch.add('read', reader.read())
    wire.fail(error)
    await watch.allSettled()
    for (const name of ['writer', 'read']) expect(watch.of(name)).to.deep.equal({ reason: error })
  })

  it('keeps no more than one answer for a server that asks for KeyUpdates and takes none', async () => {
    const { server, wire, streams } = await connect()
    const reader = streams.readable.getReader()
    wire.hold()
    for (let round = 0; round < 300; round++) {
      await server.keyUpdate(1)
      await server.data(bytes(round))
      expect((await reader.read()).value).to.deep.equal(bytes(round))
    }
    wire.release()
    const writer = streams.writable.getWriter()
    await writer.write(bytes(7))
    const from = await server.take((await wire.take()) as Uint8Array)
    expect(from.map(({ type }) => type)).to.deep.equal([HANDSHAKE, HANDSHAKE, APPLICATION_DATA])
  })

  it('does not wait to tell a server that takes nothing', async () => {
    const { server, wire, streams } = await connect()
    wire.hold()
    const watch = new Watch()
    void watch.add('write', streams.writable.getWriter().write(bytes(1)))
    await turn(2)
    await server.record(ContentType.CHANGE_CIPHER_SPEC, bytes(1), { plain: true })
    expect(await codeOf(streams.readable.getReader().read())).to.equal('TLS_FAILED')
    await watch.allSettled()
    expect(wire.isOver).to.equal(true)
  })

  it('gives up the handshake in every state when its signal aborts, and listens to it no longer', async () => {
    const steps = ['hello', 'encryptedExtensions', 'certificate', 'certificateVerify', 'finished'] as const
    for (let count = 0; count < steps.length; count++) {
      const { abort, signal, listeners } = watchedSignal()
      const { server, wire, secured } = await begin({ signal })
      for (const step of steps.slice(0, count)) await server[step]()
      await turn(3)
      const reason = new Error('enough')
      abort.abort(reason)
      expect(await secured.catch((error: unknown) => error)).to.equal(reason)
      expect(listeners()).to.equal(0)
      await turn(2)
      expect(wire.isOver).to.equal(true)
    }
  })

  it('begins nothing for a signal that has aborted, and hears nothing after the handshake', async () => {
    const reason = new Error('too late')
    const wire = new Wire()
    const failure = secureLink(wire.below, nobleX25519, AbortSignal.abort(reason)).catch((error: unknown) => error)
    expect(await failure).to.equal(reason)
    await turn(2)
    expect(wire.isOver).to.equal(true)
    const { abort, signal, listeners } = watchedSignal()
    const { streams } = await connect({ signal })
    expect(listeners()).to.equal(0)
    abort.abort()
    await streams.writable.getWriter().write(bytes(1))
  })

  it('says which protocol the server chose, and asks it to prove nothing to a relay but its key', async () => {
    const { server, secured } = await begin()
    await server.hello()
    await server.encryptedExtensions([[16, bytes(0, 3, 2, 104, 50)]])
    await server.certificateRequest()
    await server.certificate()
    await server.certificateVerify()
    await server.finished()
    expect((await secured).alpn).to.equal('h2')

    const wire = new Wire()
    const relay = new ScriptedServer(await identityOf('rsa'), (chunk) => wire.give(chunk))
    const link = secureLink(wire.below, nobleX25519, new AbortController().signal)
    await relay.take((await wire.take()) as Uint8Array)
    await relay.retry({ extensions: { [ExtensionType.KEY_SHARE]: u16(NamedGroup.X25519) } })
    await relay.take((await wire.take()) as Uint8Array)
    await relay.handshake()
    expect((await link).peerCertificate).to.deep.equal(relay.identity.certificate)
  })
})
