import { expect } from 'chai'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { encodeEnd } from '../../../lib/cell/relay/end.ts'
import { EndReason } from '../../../lib/cell/reasons.ts'
import { encodeResolved } from '../../../lib/cell/relay/resolve.ts'
import type { SocketError } from '../../../lib/base/errors.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { lookUp } from '../../../lib/stream/lookup.ts'
import { codeOf, rejection } from '../../stream/support/stream-fixture.ts'
import { turn } from '../../support/turn.ts'
import { Attaching, type AttachingOptions } from '../support/attaching.ts'

/** What the stream fails with. */
const failureOf = async (promise: Promise<unknown>): Promise<SocketError> => (await rejection(promise)) as SocketError

/** Answers the BEGIN on the present circuit with an END. */
async function endWith(attaching: Attaching, reason: number): Promise<void> {
  attaching.last.end(reason)
  await turn()
}

describe('Attachment', () => {
  async function begin(
    options?: AttachingOptions,
  ): Promise<{ attaching: Attaching; socket: ReturnType<Attaching['connect']> }> {
    const attaching = new Attaching(options)
    const socket = attaching.connect()
    await turn()
    return { attaching, socket }
  }

  it('opens the stream on the first circuit that answers', async () => {
    const { attaching, socket } = await begin()
    expect(attaching.asked).to.equal(1)
    expect(attaching.last.commands).to.deep.equal([RelayCommand.BEGIN])
    attaching.last.connect({ address: '203.0.113.5', ttl: 60 })
    expect(await socket.opened).to.include({ remoteAddress: '203.0.113.5:80', ttl: 60 })
    expect(attaching.clock.timers).to.equal(0)
    attaching.last.data(new Uint8Array([1, 2, 3]))
    attaching.last.end(EndReason.DONE)
    expect([...new Uint8Array(await new Response(socket.readable).arrayBuffer())]).to.deep.equal([1, 2, 3])
    await socket.closed
    expect(attaching.last.endpoints.size).to.equal(0)
    attaching.expectNothingLeft()
  })

  it('waits for a circuit as long as it takes, sending nothing', async () => {
    const { attaching, socket } = await begin({ byHand: true })
    attaching.clock.advance(119_999)
    await turn()
    attaching.give()
    await turn()
    expect(attaching.last.commands).to.deep.equal([RelayCommand.BEGIN])
    attaching.last.connect()
    await socket.opened
  })

  describe('after an END before CONNECTED', () => {
    const retried: readonly (readonly [name: keyof typeof EndReason, fault: string])[] = [
      ['HIBERNATING', 'exit-full'],
      ['RESOURCELIMIT', 'exit-full'],
      ['EXITPOLICY', 'exit-policy'],
      ['RESOLVEFAILED', 'circuit'],
      ['MISC', 'circuit'],
      ['NOROUTE', 'circuit'],
    ]
    for (const [name, fault] of retried) {
      it(`tries another circuit for ${name}, and blames this one: ${fault}`, async () => {
        const { attaching, socket } = await begin()
        await endWith(attaching, EndReason[name])
        expect(attaching.circuits.length).to.equal(2)
        expect(attaching.circuits[0]?.blamed).to.deep.equal([fault])
        expect(attaching.circuits[0]?.releases).to.equal(1)
        expect(attaching.last.sent).to.deep.equal(attaching.circuits[0]?.sent)
        attaching.last.connect()
        await socket.opened
        await socket.close()
        attaching.expectNothingLeft()
      })
    }

    const final = [
      'CONNECTREFUSED',
      'DONE',
      'TIMEOUT',
      'INTERNAL',
      'CONNRESET',
      'NOTDIRECTORY',
      'TORPROTOCOL',
      'DESTROY',
    ] as const
    for (const name of final) {
      const blamed = name === 'TORPROTOCOL' || name === 'DESTROY' ? ['circuit'] : []
      it(`fails for ${name}, and ${blamed.length > 0 ? 'no other stream shall come to this circuit' : 'blames nobody'}`, async () => {
        const { attaching, socket } = await begin()
        await endWith(attaching, EndReason[name])
        const error = await failureOf(socket.opened)
        expect(error.code).to.equal(`END_${name}`)
        expect(error.reason).to.equal(EndReason[name])
        expect(error.attempts).to.deep.equal([
          { code: `END_${name}`, reason: EndReason[name], fingerprints: ['GUARD0', 'MIDDLE0', 'EXIT0'], elapsed: 0 },
        ])
        expect(attaching.asked).to.equal(1)
        expect(attaching.last.blamed).to.deep.equal(blamed)
        attaching.expectNothingLeft()
      })
    }

    it('fails for a reason without a name, and takes an empty END as MISC', async () => {
      const other = await begin()
      await endWith(other.attaching, 99)
      expect(await codeOf(other.socket.closed)).to.equal('END_OTHER')
      const empty = await begin()
      empty.attaching.last.deliver(1, [RelayCommand.END])
      await turn()
      expect(empty.attaching.circuits.length).to.equal(2)
      await empty.socket.close()
      empty.attaching.expectNothingLeft()
    })

    it('gives up after three that may be the fault of the name or the network, whichever', async () => {
      const { attaching, socket } = await begin()
      for (const reason of [EndReason.RESOLVEFAILED, EndReason.MISC, EndReason.NOROUTE])
        await endWith(attaching, reason)
      const error = await failureOf(socket.opened)
      expect(error.code).to.equal('END_NOROUTE')
      expect(error.attempts.map(({ code }) => code)).to.deep.equal(['END_RESOLVEFAILED', 'END_MISC', 'END_NOROUTE'])
      expect(error.attempts.map(({ fingerprints }) => fingerprints[2])).to.deep.equal(['EXIT0', 'EXIT1', 'EXIT2'])
      expect(attaching.asked).to.equal(3)
      attaching.expectNothingLeft()
    })

    it('does not count among those what exits refuse, and gives up after ten in all', async () => {
      const { attaching, socket } = await begin()
      for (let attempt = 0; attempt < 10; attempt++) {
        expect(attaching.circuits.length).to.equal(attempt + 1)
        await endWith(attaching, attempt % 2 === 0 ? EndReason.EXITPOLICY : EndReason.RESOURCELIMIT)
      }
      const error = await failureOf(socket.opened)
      expect(error.code).to.equal('END_RESOURCELIMIT')
      expect(error.attempts.length).to.equal(10)
      expect(attaching.asked).to.equal(10)
      attaching.expectNothingLeft()
    })

    it('does not go on when an exit names an address that no exit is to connect to', async () => {
      const body = encodeEnd(EndReason.EXITPOLICY, { address: '10.0.0.1', ttl: 60 })
      const { attaching, socket } = await begin({ refuses: (address) => address === '10.0.0.1' })
      attaching.last.deliver(1, [
        RelayCommand.END,
        encodeEnd(EndReason.EXITPOLICY, { address: '203.0.113.1', ttl: 60 }),
      ])
      await turn()
      attaching.last.deliver(1, [RelayCommand.END, body])
      const error = await failureOf(socket.opened)
      expect(error).to.include({ code: 'END_EXITPOLICY', address: '10.0.0.1', ttl: 60 })
      expect(attaching.asked).to.equal(2)
      attaching.expectNothingLeft()
    })

    it('has left the circuit when it gives it back, so that the circuit may be closed then', async () => {
      const { attaching, socket } = await begin()
      const [first] = attaching.circuits
      if (first) first.onReleased = () => first.die(new TorError('CIRCUIT_CLOSED', 'nobody needs it'))
      await endWith(attaching, EndReason.MISC)
      expect(attaching.asked).to.equal(2)
      attaching.last.connect()
      await socket.opened
      await socket.close()
      attaching.expectNothingLeft()
    })
  })

  describe('when the exit does not answer', () => {
    it('tries again after 10, 10 and 15 seconds, says END to each exit, and fails after 120 seconds in all', async () => {
      const { attaching, socket } = await begin()
      for (const seconds of [10, 10, 15, 15, 15, 15, 15, 15]) {
        const circuit = attaching.last
        attaching.clock.advance(seconds * 1000 - 1)
        await turn()
        expect(circuit.commands).to.deep.equal([RelayCommand.BEGIN])
        attaching.clock.advance(1)
        await turn()
        expect(circuit.sent.map(({ command, body }) => [command, body.length])).to.deep.equal([
          [RelayCommand.BEGIN, circuit.sent[0]?.body.length],
          [RelayCommand.END, 1],
        ])
        expect(circuit.sent[1]?.body[0]).to.equal(EndReason.MISC)
        expect(circuit.blamed).to.deep.equal(['silence'])
      }
      attaching.clock.advance(9_999)
      await turn()
      expect(attaching.circuits.length).to.equal(9)
      attaching.clock.advance(1)
      const error = await failureOf(socket.opened)
      expect(error.code).to.equal('TIMEOUT')
      expect(error.attempts.map(({ code }) => code)).to.deep.equal(Array.from({ length: 9 }, () => 'TIMEOUT'))
      expect(error.attempts.map(({ elapsed }) => elapsed / 1000)).to.deep.equal([10, 20, 35, 50, 65, 80, 95, 110, 120])
      expect(error.attempts.at(-1)?.fingerprints).to.deep.equal(attaching.last.fingerprints)
      expect(attaching.last.commands).to.deep.equal([RelayCommand.BEGIN, RelayCommand.END])
      attaching.expectNothingLeft()
    })

    it('takes the answer that still comes for what it is: too late, and no violation', async () => {
      const { attaching, socket } = await begin()
      const [first] = attaching.circuits
      attaching.clock.advance(10_000)
      await turn()
      first?.connect()
      expect(attaching.last.commands).to.deep.equal([RelayCommand.BEGIN])
      first?.end(EndReason.DONE)
      expect(first?.endpoints.size).to.equal(0)
      expect(() => first?.connect()).to.throw(TorError)
      attaching.last.connect()
      await socket.opened
    })

    it('counts the time that circuits take within the 120 seconds, and not within an attempt', async () => {
      const { attaching, socket } = await begin({ byHand: true })
      attaching.clock.advance(50_000)
      attaching.give()
      await turn()
      attaching.clock.advance(10_000)
      await turn()
      attaching.clock.advance(60_000)
      const error = await failureOf(socket.opened)
      expect(error.code).to.equal('TIMEOUT')
      expect(error.attempts.map(({ fingerprints, elapsed }) => [fingerprints.length, elapsed])).to.deep.equal([
        [3, 60_000],
        [0, 120_000],
      ])
      attaching.expectNothingLeft()
    })

    it('waits without end where that is asked for', async () => {
      const { attaching } = await begin({ timeout: Infinity, attemptTimeout: () => Infinity })
      expect(attaching.clock.timers).to.equal(0)
    })

    it('gives up after ten attempts too', async () => {
      const { attaching, socket } = await begin({ timeout: Infinity, attemptTimeout: () => 1 })
      for (let attempt = 0; attempt < 10; attempt++) {
        attaching.clock.advance(1)
        await turn()
      }
      const error = await failureOf(socket.opened)
      expect(error.code).to.equal('TIMEOUT')
      expect(error.attempts.length).to.equal(10)
      attaching.expectNothingLeft()
    })
  })

  describe('when circuits fail', () => {
    it('tries the next, and tells of each', async () => {
      const { attaching, socket } = await begin()
      attaching.last.die(new TorError('CIRCUIT_DESTROYED', 'gone', { reason: 5 }))
      await turn()
      attaching.last.die(new TorError('LINK_CLOSED', 'gone too'))
      await turn()
      attaching.last.end(EndReason.CONNECTREFUSED)
      const error = await failureOf(socket.opened)
      expect(error.attempts.map(({ code, reason }) => [code, reason])).to.deep.equal([
        ['CIRCUIT_DESTROYED', 5],
        ['LINK_CLOSED', undefined],
        ['END_CONNECTREFUSED', EndReason.CONNECTREFUSED],
      ])
      attaching.expectNothingLeft()
    })

    it('does not come back to one that has no room for a stream', async () => {
      const full = new TorError('CIRCUIT_FULL', 'no stream id is left on this circuit')
      const { attaching, socket } = await begin({ circuit: () => ({ open: false }) })
      attaching.last.die(full)
      await turn()
      expect(attaching.circuits[0]?.blamed).to.deep.equal(['circuit'])
      expect(attaching.circuits[0]?.releases).to.equal(1)
      await socket.close()
      attaching.expectNothingLeft()
    })

    it('gives up after ten', async () => {
      const { attaching, socket } = await begin()
      for (let attempt = 0; attempt < 10; attempt++) {
        attaching.last.die()
        await turn()
      }
      const error = await failureOf(socket.opened)
      expect(error.code).to.equal('CIRCUIT_DESTROYED')
      expect(error.cause).to.be.instanceOf(TorError)
      expect(error.attempts.length).to.equal(10)
      expect(attaching.asked).to.equal(10)
      attaching.expectNothingLeft()
    })

    it('fails when there is none, with the reason as the cause', async () => {
      const { attaching, socket } = await begin({ byHand: true })
      attaching.give()
      await turn()
      attaching.last.end(EndReason.EXITPOLICY)
      await turn()
      const cause = new TorError('NO_PATH', 'Cannot choose an exit')
      attaching.refuse(cause)
      const error = await failureOf(socket.opened)
      expect(error).to.include({ code: 'NO_PATH', cause })
      expect(error.attempts.map(({ code, fingerprints }) => [code, fingerprints.length])).to.deep.equal([
        ['END_EXITPOLICY', 3],
        ['NO_PATH', 0],
      ])
      attaching.expectNothingLeft()
    })

    it('fails with NO_PATH when whoever finds circuits fails in another way', async () => {
      const { attaching, socket } = await begin({ byHand: true })
      attaching.refuse(new RangeError('surprise'))
      const error = await failureOf(socket.opened)
      expect(error.code).to.equal('NO_PATH')
      expect((error.cause as TorError).cause).to.be.instanceOf(RangeError)
      attaching.expectNothingLeft()
    })

    it('fails the stream that is open already, without another attempt', async () => {
      const { attaching, socket } = await begin()
      attaching.last.connect()
      await socket.opened
      attaching.last.die()
      expect(await codeOf(socket.closed)).to.equal('CIRCUIT_DESTROYED')
      await turn()
      expect(attaching.asked).to.equal(1)
      attaching.expectNothingLeft()
    })
  })

  describe('for a lookup', () => {
    const lookUpThrough = (attaching: Attaching, options = {}): ReturnType<typeof lookUp> =>
      lookUp(attaching.attachment, 'example.com', { clock: attaching.clock, timeout: Infinity, ...options })
    const answer = encodeResolved([{ type: 'ipv4', address: '203.0.113.9', ttl: 60 }])

    it('asks the next exit, and gives the answer', async () => {
      const attaching = new Attaching()
      const answers = lookUpThrough(attaching)
      await turn()
      expect(attaching.last.commands).to.deep.equal([RelayCommand.RESOLVE])
      attaching.last.end(EndReason.RESOLVEFAILED)
      await turn()
      attaching.clock.advance(10_000)
      await turn()
      // The second has not answered, and is told.
      const { RESOLVE, END } = RelayCommand
      expect(attaching.circuits.map(({ commands }) => commands)).to.deep.equal([[RESOLVE], [RESOLVE, END], [RESOLVE]])
      attaching.last.deliver(1, [RelayCommand.RESOLVED, answer])
      expect(await answers).to.deep.equal([{ type: 'ipv4', address: '203.0.113.9', ttl: 60 }])
      expect(attaching.last.endpoints.size).to.equal(0)
      // A late answer of the one that took too long ends what is left there.
      attaching.circuits[1]?.deliver(1, [RelayCommand.RESOLVED, answer])
      expect(attaching.circuits[1]?.endpoints.size).to.equal(0)
      attaching.expectNothingLeft()
    })

    it('tells all attempts when none was answered', async () => {
      const attaching = new Attaching()
      const answers = lookUpThrough(attaching)
      for (let attempt = 0; attempt < 3; attempt++) {
        await turn()
        attaching.last.end(EndReason.MISC)
      }
      const error = await failureOf(answers)
      expect(error.code).to.equal('END_MISC')
      expect(error.attempts.length).to.equal(3)
      attaching.expectNothingLeft()
    })

    it('leaves nothing when it is aborted, wherever it is', async () => {
      for (const phase of ['searching', 'asked'] as const) {
        const attaching = new Attaching({ byHand: phase === 'searching' })
        const abort = new AbortController()
        const answers = lookUpThrough(attaching, { signal: abort.signal })
        await turn()
        abort.abort('enough')
        expect(await failureOf(answers)).to.include({ code: 'ABORTED', cause: 'enough' })
        if (phase === 'asked') attaching.last.deliver(1, [RelayCommand.RESOLVED, answer])
        attaching.expectNothingLeft()
      }
    })
  })
})
