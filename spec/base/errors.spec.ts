import { expect } from 'chai'
import { SocketError, TorError } from '../../lib/base/errors.ts'

describe('TorError', () => {
  it('is an Error that carries its code, its message and its name', () => {
    const error = new TorError('CIRCUIT_PROTOCOL', 'The relay sent DATA on stream 0')
    expect(error).to.be.an.instanceof(Error)
    expect(error.code).to.equal('CIRCUIT_PROTOCOL')
    expect(error.message).to.equal('The relay sent DATA on stream 0')
    expect(error.name).to.equal('TorError')
    expect(String(error)).to.equal('TorError: The relay sent DATA on stream 0')
  })

  it('keeps the reason byte of a relay, zero included', () => {
    expect(new TorError('CIRCUIT_DESTROYED', 'gone', { reason: 0 }).reason).to.equal(0)
    expect(new TorError('CIRCUIT_DESTROYED', 'gone', { reason: 255 }).reason).to.equal(255)
    expect(new TorError('CIRCUIT_CLOSED', 'gone').reason).to.equal(undefined)
  })

  it('keeps any cause, also one that is undefined', () => {
    const cause = new RangeError('inner')
    expect(new TorError('LINK_CLOSED', 'gone', { cause }).cause).to.equal(cause)
    expect(new TorError('LINK_CLOSED', 'gone', { cause: null }).cause).to.equal(null)
    expect(new TorError('LINK_CLOSED', 'gone', { cause: undefined })).to.have.own.property('cause', undefined)
  })

  it('has no property cause when there is none', () => {
    expect(new TorError('LINK_CLOSED', 'gone')).not.to.have.own.property('cause')
  })
})

describe('SocketError', () => {
  it('is a TypeError whose message begins with "SocketError: "', () => {
    const error = new SocketError('END_EXITPOLICY', 'The exit refuses this address')
    expect(error).to.be.an.instanceof(TypeError)
    expect(error.name).to.equal('SocketError')
    expect(error.message).to.equal('SocketError: The exit refuses this address')
  })

  it('gives what an END told as properties', () => {
    const error = new SocketError('END_EXITPOLICY', 'refused', { reason: 4, address: '192.0.2.7', ttl: 60 })
    expect(error).to.include({ code: 'END_EXITPOLICY', reason: 4, address: '192.0.2.7', ttl: 60 })
  })

  it('leaves undefined what the END did not tell', () => {
    expect(new SocketError('END_MISC', 'closed')).to.include({ reason: undefined, address: undefined, ttl: undefined })
  })

  it('keeps the TorError behind it as its cause', () => {
    const cause = new TorError('CIRCUIT_DESTROYED', 'gone')
    expect(new SocketError('END_DESTROY', 'gone', { cause }).cause).to.equal(cause)
  })
})

describe('instanceof for errors', () => {
  it('tells the two kinds apart', () => {
    expect(new SocketError('CLOSED', 'closed')).not.to.be.an.instanceof(TorError)
    expect(new TorError('CIRCUIT_CLOSED', 'closed')).not.to.be.an.instanceof(SocketError)
  })

  it('is false for whatever only looks like one', () => {
    const lookalike = { name: 'TorError', code: 'ABORTED', message: 'no' }
    for (const value of [
      lookalike,
      new Error('no'),
      new TypeError('SocketError: no'),
      null,
      undefined,
      'TorError',
      7,
    ]) {
      expect(value instanceof TorError, String(value)).to.equal(false)
      expect(value instanceof SocketError, String(value)).to.equal(false)
    }
  })

  it('does not show the brand in JSON or among the keys', () => {
    const error = new SocketError('CLOSED', 'closed')
    expect(
      Object.getOwnPropertySymbols(error).filter((symbol) => Object.prototype.propertyIsEnumerable.call(error, symbol)),
    ).to.deep.equal([])
  })
})
