import { expect } from 'chai'
import { SocketError, type ErrorCode } from '../../lib/base/errors.ts'
import type { EndReason } from '../../lib/cell/reasons.ts'
import { replyOfFailure, socks4Reply, socks5Reply } from '../../lib/socks/replies.ts'

/**
 * C tor 0.4.9.11, src/core/or/reasons.c, stream_end_reason_to_socks5_response. NOTDIRECTORY has no line there: the
 * general failure.
 */
const REPLY_OF_END: Readonly<Record<keyof typeof EndReason, number>> = {
  MISC: 1,
  RESOLVEFAILED: 4,
  CONNECTREFUSED: 5,
  EXITPOLICY: 2,
  DESTROY: 1,
  DONE: 5,
  TIMEOUT: 6,
  NOROUTE: 4,
  HIBERNATING: 1,
  INTERNAL: 1,
  RESOURCELIMIT: 1,
  CONNRESET: 5,
  TORPROTOCOL: 1,
  NOTDIRECTORY: 1,
}

/** What a client fails with before a relay has a reason to give. */
const REPLY_OF_CODE: Readonly<Partial<Record<ErrorCode, number>>> = {
  ADDRESS_REFUSED: 2,
  NO_PATH: 3,
  LINK_UNREACHABLE: 3,
  LINK_TIMEOUT: 3,
  RESOLVE_FAILED: 4,
  RESOLVE_TRANSIENT: 4,
  TIMEOUT: 6,
  CIRCUIT_TIMEOUT: 6,
  CIRCUIT_DESTROYED: 1,
  CIRCUIT_CLOSED: 1,
  LINK_CLOSED: 1,
  ABORTED: 1,
  CLOSED: 1,
  END_OTHER: 1,
  TLS_UNSUPPORTED: 1,
}

const failure = (code: string): SocketError => new SocketError(code as ErrorCode, 'it failed')

describe('A SOCKS5 reply', () => {
  for (const [name, reply] of Object.entries(REPLY_OF_END)) {
    it(`to END with reason ${name} is ${reply}, as in C tor`, () => {
      expect(replyOfFailure(failure(`END_${name}`), 'a.test', false)).to.equal(reply)
      expect(replyOfFailure(failure(`END_${name}`), 'a.test', true)).to.equal(reply)
    })
  }

  for (const [code, reply] of Object.entries(REPLY_OF_CODE)) {
    it(`to ${code} is ${reply}`, () => expect(replyOfFailure(failure(code), 'a.test', false)).to.equal(reply))
  }

  it('to anything else that failed is the general failure', () => {
    for (const error of [
      undefined,
      null,
      'END_TIMEOUT',
      6,
      new TypeError('no host'),
      { code: 6 },
      { code: 'constructor' },
      { code: 'TIMEOUT_OF_ANOTHER_KIND' },
    ]) {
      expect(replyOfFailure(error, 'a.test', false)).to.equal(1)
      expect(replyOfFailure(error, 'a.test', true)).to.equal(1)
    }
  })

  describe('about onion services', () => {
    const ADDRESS = `${'a'.repeat(55)}d.onion`
    const EXTENDED = [
      'ONION_DESCRIPTOR_NOT_FOUND',
      'ONION_DESCRIPTOR_INVALID',
      'ONION_INTRODUCTION_FAILED',
      'ONION_RENDEZVOUS_FAILED',
      'ONION_AUTHORIZATION_MISSING',
      'ONION_AUTHORIZATION_WRONG',
      'ONION_ADDRESS_INVALID',
      'ONION_INTRODUCTION_TIMEOUT',
    ]

    for (const [index, code] of EXTENDED.entries()) {
      it(`is 0x${(0xf0 + index).toString(16)} for ${code}, but only by option (proposal 304)`, () => {
        expect(replyOfFailure(failure(code), ADDRESS, true)).to.equal(0xf0 + index)
        expect(replyOfFailure(failure(code), ADDRESS, false)).to.equal(1)
      })
    }

    it('is 0xf6 for a name that ends in .onion and is no address of one, but only by option', () => {
      const refused = failure('ADDRESS_REFUSED')
      for (const name of [
        'onion.onion',
        'a.onion.',
        `${'a'.repeat(55)}a.onion`,
        `${'1'.repeat(55)}d.onion`,
        `x${ADDRESS}`,
      ]) {
        expect(replyOfFailure(refused, name, true), name).to.equal(0xf6)
        expect(replyOfFailure(refused, name, false), name).to.equal(2)
      }
      for (const name of [ADDRESS, `www.${ADDRESS}`, `${ADDRESS.toUpperCase()}.`, 'onion', 'a.onion.test']) {
        expect(replyOfFailure(refused, name, true), name).to.equal(2)
      }
    })
  })

  it('has the address 0.0.0.0 and port 0 where there is no answer', () => {
    expect([...socks5Reply(0)]).to.deep.equal([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
    expect([...socks5Reply(4)]).to.deep.equal([5, 4, 0, 1, 0, 0, 0, 0, 0, 0])
  })

  it('carries an address or a name of each kind', () => {
    expect([...socks5Reply(0, { type: 'ipv4', address: '192.0.2.7' })]).to.deep.equal([5, 0, 0, 1, 192, 0, 2, 7, 0, 0])
    expect([...socks5Reply(0, { type: 'ipv6', address: '2001:db8::7' })]).to.deep.equal([
      5,
      0,
      0,
      4,
      0x20,
      1,
      0xd,
      0xb8,
      ...Array<number>(11).fill(0),
      7,
      0,
      0,
    ])
    expect([...socks5Reply(0, { type: 'hostname', hostname: 'a.b' })]).to.deep.equal([
      5, 0, 0, 3, 3, 0x61, 0x2e, 0x62, 0, 0,
    ])
  })
})

describe('A SOCKS4 reply', () => {
  it('says granted or rejected, with an address if there is one', () => {
    expect([...socks4Reply(true)]).to.deep.equal([0, 0x5a, 0, 0, 0, 0, 0, 0])
    expect([...socks4Reply(false)]).to.deep.equal([0, 0x5b, 0, 0, 0, 0, 0, 0])
    expect([...socks4Reply(true, '192.0.2.7')]).to.deep.equal([0, 0x5a, 0, 0, 192, 0, 2, 7])
  })
})
