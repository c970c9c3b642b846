import { expect } from 'chai'
import { checkGatewayUrl, urlFor, type GatewayUrl } from '../../../lib/transports/websocket/gateway-url.ts'

const RELAY = { hostname: '203.0.113.7', port: 9001 }
const IPV6 = { hostname: '2001:db8::7', port: 443 }

const hrefFor = (url: GatewayUrl, address = RELAY): string => urlFor(url, address).href

describe("A gateway's URL", () => {
  it('has the relay added to its path when it has no places for it', () => {
    expect(hrefFor('wss://gateway.example')).to.equal('wss://gateway.example/203.0.113.7:9001')
    expect(hrefFor('wss://gateway.example/')).to.equal('wss://gateway.example/203.0.113.7:9001')
    expect(hrefFor('wss://gateway.example/tor/')).to.equal('wss://gateway.example/tor/203.0.113.7:9001')
  })

  it('keeps its query behind the path, and loses what follows #, which a WebSocket refuses', () => {
    expect(hrefFor('wss://gateway.example/tor?key=1/2#top')).to.equal(
      'wss://gateway.example/tor/203.0.113.7:9001?key=1/2',
    )
  })

  it('has its places filled, each of them, wherever they are', () => {
    expect(hrefFor('wss://gateway.example/?to={hostname}&port={port}&again={hostname}')).to.equal(
      'wss://gateway.example/?to=203.0.113.7&port=9001&again=203.0.113.7',
    )
    expect(hrefFor('ws://127.0.0.1:{port}/')).to.equal('ws://127.0.0.1:9001/')
  })

  it('may be a URL object, which has written the braces otherwise', () => {
    expect(hrefFor(new URL('wss://gateway.example/{hostname}/{port}'))).to.equal(
      'wss://gateway.example/203.0.113.7/9001',
    )
  })

  it('has an IPv6 address in brackets', () => {
    expect(hrefFor('wss://gateway.example', IPV6)).to.equal('wss://gateway.example/[2001:db8::7]:443')
    expect(hrefFor('wss://gateway.example/?to={hostname}:{port}', IPV6)).to.equal(
      'wss://gateway.example/?to=[2001:db8::7]:443',
    )
  })

  it('may be said by a function, which is told the address as it is', () => {
    const asked: unknown[] = []
    const url: GatewayUrl = (address) => {
      asked.push(address)
      return `wss://gateway.example/?ip=${encodeURIComponent(address.hostname)}`
    }
    expect(hrefFor(url, IPV6)).to.equal('wss://gateway.example/?ip=2001%3Adb8%3A%3A7')
    expect(asked).to.deep.equal([IPV6])
  })

  it('may be of http: or https:, as that of a page', () => {
    expect(hrefFor('https://gateway.example')).to.equal('wss://gateway.example/203.0.113.7:9001')
    expect(hrefFor('http://127.0.0.1:8080')).to.equal('ws://127.0.0.1:8080/203.0.113.7:9001')
  })

  const bad: readonly (readonly [string, unknown])[] = [
    ['nothing', undefined],
    ['null', null],
    ['a number', 443],
    ['an object', { href: 'wss://gateway.example' }],
    ['no URL', 'gateway'],
    ['a relative URL', '/gateway'],
    ['an empty text', ''],
    ['a URL of ftp:', 'ftp://gateway.example'],
    ['a URL of javascript:', 'javascript:alert(1)'],
    ['a URL of data:', new URL('data:,x')],
    ['a URL without a host', 'wss://'],
  ]
  for (const [what, url] of bad) {
    it(`is refused before anything is dialled when it is ${what}`, () => {
      expect(() => checkGatewayUrl(url as GatewayUrl)).to.throw(TypeError, 'option url')
    })
  }

  it('is refused when a function gives no URL of a WebSocket, once that is known', () => {
    for (const value of ['gateway', 'ftp://gateway.example', undefined, null, 7]) {
      const url = (() => value) as unknown as GatewayUrl
      expect(() => checkGatewayUrl(url)).not.to.throw()
      expect(() => urlFor(url, RELAY)).to.throw(TypeError, 'option url')
    }
  })

  it('leads to the address and nowhere else, whatever the address has in it', () => {
    for (const hostname of ['203.0.113.7/../..', '203.0.113.7?x', '203.0.113.7#x', '{port}', '$&', '@evil.example']) {
      expect(urlFor('wss://gateway.example', { hostname, port: 1 }).host).to.equal('gateway.example')
    }
    expect(hrefFor('wss://gateway.example/{hostname}', { hostname: '$&', port: 1 })).to.equal(
      'wss://gateway.example/$&',
    )
  })
})
