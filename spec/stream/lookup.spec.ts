import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { encodeEnd } from '../../lib/cell/relay/end.ts'
import { EndReason } from '../../lib/cell/reasons.ts'
import { decodeResolve, encodeResolved, type ResolvedAnswer } from '../../lib/cell/relay/resolve.ts'
import { SocketError, TorError } from '../../lib/base/errors.ts'
import { lookUp, type LookupAnswer } from '../../lib/stream/lookup.ts'
import type { LookupOptions } from '../../lib/stream/lookup-options.ts'
import { thrownBy } from '../cell/support/bytes.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { turn } from '../support/turn.ts'
import { FakeCircuit } from './support/fake-circuit.ts'
import { codeOf, rejection } from './support/stream-fixture.ts'
import { Watch } from './support/watch.ts'

interface LookupFixture {
  readonly circuit: FakeCircuit
  readonly clock: FakeClock
  readonly answers: Promise<LookupAnswer[]>
}

function start(name = 'example.com', options: LookupOptions = {}, circuit = new FakeCircuit()): LookupFixture {
  const clock = new FakeClock()
  return { circuit, clock, answers: lookUp(circuit, name, { clock, ...options }) }
}

const resolved = (circuit: FakeCircuit, body: Uint8Array): void => circuit.deliver(1, [RelayCommand.RESOLVED, body])

const answer = (circuit: FakeCircuit, ...answers: ResolvedAnswer[]): void => resolved(circuit, encodeResolved(answers))

const violation = (call: () => unknown): void =>
  expect((thrownBy(call) as TorError).code).to.equal('CIRCUIT_PROTOCOL') as never

const PUBLIC: ResolvedAnswer = { type: 'ipv4', address: '192.0.2.1', ttl: 60 }
const PRIVATE: ResolvedAnswer = { type: 'ipv4', address: '10.0.0.1', ttl: 60 }
const PERMANENT: ResolvedAnswer = { type: 'error', transient: false, ttl: 60 }
const TRANSIENT: ResolvedAnswer = { type: 'error', transient: true, ttl: 60 }

describe('lookUp', () => {
  it('asks for the name in lower case, once', () => {
    const { circuit } = start('WWW.Example.com')
    expect(circuit.sent.map(({ command, body }) => [command, decodeResolve(body)])).to.deep.equal([
      [RelayCommand.RESOLVE, 'www.example.com'],
    ])
  })

  it('asks for the reverse name of an IP address', () => {
    const names: Record<string, string> = {
      '192.0.2.7': '7.2.0.192.in-addr.arpa',
      '2001:db8::1': `1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa`,
      '[2001:db8::1]': `1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa`,
    }
    for (const [address, name] of Object.entries(names)) {
      expect(decodeResolve(start(address).circuit.sent[0]?.body ?? new Uint8Array(0)), address).to.equal(name)
    }
  })

  it('gives all the answers, in their order, with their times to live', async () => {
    const { circuit, answers } = start()
    const all: ResolvedAnswer[] = [
      { type: 'ipv6', address: '2001:db8::1', ttl: 0 },
      { type: 'ipv4', address: '192.0.2.1', ttl: 0x7fff_ffff },
      { type: 'hostname', hostname: 'host.example.com', ttl: 5 },
    ]
    answer(circuit, ...all)
    expect(await answers).to.deep.equal(all)
    expect(circuit.endpoints.size, 'RESOLVED frees the id').to.equal(0)
    expect(circuit.commands, 'no END for a lookup').to.deep.equal([RelayCommand.RESOLVE])
  })

  it('leaves out errors when there is an answer', async () => {
    const { circuit, answers } = start()
    answer(circuit, PERMANENT, PUBLIC, TRANSIENT)
    expect(await answers).to.deep.equal([PUBLIC])
  })

  it('leaves out answers of unknown types', async () => {
    const { circuit, answers } = start()
    resolved(circuit, Uint8Array.of(0x77, 2, 1, 1, 0, 0, 0, 9, 4, 4, 192, 0, 2, 1, 0, 0, 0, 60))
    expect(await answers).to.deep.equal([PUBLIC])
  })

  it('leaves out internal addresses unless told otherwise', async () => {
    const internal: ResolvedAnswer[] = [
      PRIVATE,
      { type: 'ipv6', address: '::1', ttl: 1 },
      { type: 'ipv6', address: '::ffff:127.0.0.1', ttl: 1 },
    ]
    const careful = start()
    answer(careful.circuit, ...internal, PUBLIC)
    expect(await careful.answers).to.deep.equal([PUBLIC])
    const careless = start('example.com', { rejectInternalAddresses: false })
    answer(careless.circuit, ...internal, PUBLIC)
    expect(await careless.answers).to.deep.equal([...internal, PUBLIC])
  })

  const failures: readonly (readonly [what: string, answers: ResolvedAnswer[], code: string])[] = [
    ['no answer', [], 'RESOLVE_TRANSIENT'],
    ['a transient error', [TRANSIENT], 'RESOLVE_TRANSIENT'],
    ['a permanent error', [PERMANENT], 'RESOLVE_FAILED'],
    ['both kinds of errors', [TRANSIENT, PERMANENT], 'RESOLVE_FAILED'],
    ['internal addresses only', [PRIVATE], 'RESOLVE_TRANSIENT'],
    ['internal addresses and a permanent error', [PRIVATE, PERMANENT], 'RESOLVE_TRANSIENT'],
  ]
  for (const [what, answers, code] of failures) {
    it(`rejects with ${code} for ${what}`, async () => {
      const fixture = start()
      answer(fixture.circuit, ...answers)
      const error = await rejection(fixture.answers)
      expect(error).to.be.instanceOf(SocketError)
      expect((error as SocketError).code).to.equal(code)
      expect(fixture.circuit.endpoints.size).to.equal(0)
    })
  }

  it('rejects with CELL_MALFORMED for what is no RESOLVED, and the circuit goes on', async () => {
    const bodies = [
      [4],
      [4, 4, 1, 2],
      [4, 3, 1, 2, 3, 0, 0, 0, 1],
      [6, 4, 1, 2, 3, 4, 0, 0, 0, 1],
      [0, 0, 0, 0, 0, 1],
      [4, 4, 1, 2, 3, 4, 0, 0, 0],
    ]
    for (const body of bodies) {
      const { circuit, clock, answers } = start()
      resolved(circuit, Uint8Array.from(body))
      const error = await rejection(answers)
      expect(error).to.be.instanceOf(SocketError)
      expect(error).to.include({ code: 'CELL_MALFORMED' })
      expect((error as SocketError).cause).to.be.instanceOf(TorError)
      expect(circuit.endpoints.size).to.equal(0)
      expect(clock.timers).to.equal(0)
    }
  })

  it('rejects with the reason of an END', async () => {
    const { circuit, answers } = start()
    circuit.end(2)
    expect(await rejection(answers)).to.include({ code: 'END_RESOLVEFAILED', reason: 2 })
    expect(circuit.endpoints.size).to.equal(0)
  })

  it('takes anything but RESOLVED and END for a violation', async () => {
    for (const command of [
      RelayCommand.DATA,
      RelayCommand.CONNECTED,
      RelayCommand.SENDME,
      RelayCommand.XOFF,
      RelayCommand.XON,
    ]) {
      const { circuit, answers } = start()
      violation(() => circuit.deliver(1, [command]))
      expect(await codeOf(answers)).to.equal('CIRCUIT_PROTOCOL')
    }
  })

  it('takes a second answer for a violation', async () => {
    const { circuit, answers } = start()
    answer(circuit, PUBLIC)
    violation(() => answer(circuit, PUBLIC))
    expect(await answers).to.have.length(1)
  })

  it('rejects with what befell the circuit, before and after it was open', async () => {
    for (const open of [true, false]) {
      const { circuit, clock, answers } = start('example.com', {}, new FakeCircuit({ open }))
      const cause = new TorError('CIRCUIT_TRUNCATED', 'gone')
      circuit.die(cause)
      expect(await rejection(answers)).to.include({ code: 'CIRCUIT_TRUNCATED', cause })
      expect(clock.timers).to.equal(0)
    }
  })
})

describe('the timeout of a lookup', () => {
  it('runs from the RESOLVE on, not while the circuit is built', async () => {
    const { circuit, clock, answers } = start('example.com', { timeout: 1000 }, new FakeCircuit({ open: false }))
    const watch = new Watch()
    void watch.add('answers', answers)
    clock.advance(5000)
    circuit.open()
    clock.advance(999)
    await turn()
    expect(watch.word('answers')).to.equal('pending')
    clock.advance(1)
    expect(await codeOf(answers)).to.equal('TIMEOUT')
  })

  it('is 30 seconds by default, and none for Infinity', async () => {
    const usual = start()
    usual.clock.advance(29_999)
    expect(usual.clock.timers).to.equal(1)
    usual.clock.advance(1)
    expect(await codeOf(usual.answers)).to.equal('TIMEOUT')
    expect(start('example.com', { timeout: Infinity }).clock.timers).to.equal(0)
  })

  it('tells the exit by an END that it waits no more, and leaves an entry that takes one late answer; then the id is free', async () => {
    for (const late of [RelayCommand.RESOLVED, RelayCommand.END]) {
      const { circuit, clock, answers } = start()
      clock.advance(30_000)
      await rejection(answers)
      expect(circuit.endpoints.get(1)?.state).to.equal('ended-resolving')
      circuit.deliver(1, [late])
      expect(circuit.endpoints.size).to.equal(0)
      expect(circuit.commands).to.deep.equal([RelayCommand.RESOLVE, RelayCommand.END])
      expect(circuit.sent.at(-1)?.body).to.deep.equal(encodeEnd(EndReason.MISC))
      violation(() => circuit.deliver(1, [late]))
    }
  })

  it('leaves an entry that bears nothing else', async () => {
    for (const command of [RelayCommand.DATA, RelayCommand.CONNECTED, RelayCommand.SENDME]) {
      const { circuit, clock, answers } = start()
      clock.advance(30_000)
      await rejection(answers)
      violation(() => circuit.deliver(1, [command]))
    }
  })
})

describe('the signal of a lookup', () => {
  it('gives up with ABORTED and its reason, at any time', async () => {
    for (const open of [true, false]) {
      const controller = new AbortController()
      const { circuit, clock, answers } = start('example.com', { signal: controller.signal }, new FakeCircuit({ open }))
      const cause = new Error('enough')
      controller.abort(cause)
      expect(await rejection(answers)).to.include({ code: 'ABORTED', cause })
      expect(clock.timers).to.equal(0)
      expect(circuit.pending).to.equal(0)
      expect(circuit.endpoints.get(1)?.state).to.equal(open ? 'ended-resolving' : undefined)
      circuit.open()
      expect(circuit.commands).to.deep.equal(open ? [RelayCommand.RESOLVE, RelayCommand.END] : [])
    }
  })

  it('sends nothing when it is aborted already', async () => {
    const { circuit, answers } = start('example.com', { signal: AbortSignal.abort('no') })
    expect(await rejection(answers)).to.include({ code: 'ABORTED', cause: 'no' })
    expect(circuit.sent).to.deep.equal([])
    expect(circuit.endpoints.size).to.equal(0)
  })

  it('has no effect after the answer', async () => {
    const controller = new AbortController()
    const { circuit, answers } = start('example.com', { signal: controller.signal })
    answer(circuit, PUBLIC)
    controller.abort()
    expect(await answers).to.deep.equal([PUBLIC])
    expect(circuit.endpoints.size).to.equal(0)
  })
})

describe('lookUp with a bad argument', () => {
  it('throws a TypeError that names the name, and sends nothing', () => {
    for (const name of [
      '',
      ' ',
      'a b',
      'a:b',
      'bücher.example',
      'x'.repeat(256),
      'a\0b',
      '1.2.3',
      '[::1',
      undefined,
      null,
      5,
      {},
    ]) {
      const circuit = new FakeCircuit()
      const error = thrownBy(() => lookUp(circuit, name as string)) as Error
      expect(error, String(name)).to.be.instanceOf(TypeError)
      expect(error.message).to.match(/^Cannot use the name\b/)
      expect(circuit.sent).to.deep.equal([])
    }
  })

  it('throws an error that names the option, and sends nothing', () => {
    const bad: readonly (readonly [string, ...unknown[]])[] = [
      ['signal', {}, null, 'abort'],
      ['timeout', -1, NaN, '5'],
      ['rejectInternalAddresses', 'no', 0],
    ]
    for (const [option, ...values] of bad) {
      for (const value of values) {
        const circuit = new FakeCircuit()
        const error = thrownBy(() => lookUp(circuit, 'example.com', { [option]: value })) as Error
        expect(error instanceof TypeError || error instanceof RangeError).to.equal(true)
        expect(error.message).to.match(new RegExp(`^Cannot use the option ${option}\\b`))
        expect(circuit.sent).to.deep.equal([])
      }
    }
  })
})
