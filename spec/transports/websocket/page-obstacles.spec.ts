import { expect } from 'chai'
import {
  obstacleTo,
  watchPolicy,
  type PageGlobals,
  type PolicyViolation,
} from '../../../lib/transports/websocket/page-obstacles.ts'

const GATEWAY = new URL('wss://gateway.example/203.0.113.7:9001')

describe('The rule against mixed content', () => {
  const secure: PageGlobals = { location: { protocol: 'https:' } }
  const over = (href: string, globals: PageGlobals): string | undefined => obstacleTo(new URL(href), globals)

  it('is told as a sentence when a page of https: is to use ws:', () => {
    expect(over('ws://gateway.example', secure)).to.match(/mixed content.*wss:/)
    expect(over('ws://192.0.2.1:8080', secure)).to.match(/mixed content/)
    expect(over('ws://127.evil.example', secure)).to.match(/mixed content/)
    expect(over('ws://localhost.evil.example', secure)).to.match(/mixed content/)
  })

  it('does not stand against wss:, this machine, a page of http:, or what is no page', () => {
    expect(over('wss://gateway.example', secure)).to.equal(undefined)
    for (const host of ['localhost', 'gateway.localhost', '127.0.0.1', '127.1.2.3', '[::1]'])
      expect(over(`ws://${host}:8080`, secure), host).to.equal(undefined)
    expect(over('ws://gateway.example', { location: { protocol: 'http:' } })).to.equal(undefined)
    expect(over('ws://gateway.example', {})).to.equal(undefined)
  })
})

/** Globals whose policy is violated when the spec says so. */
class FakePage implements PageGlobals {
  readonly listeners = new Set<(event: PolicyViolation) => void>()

  addEventListener(_: 'securitypolicyviolation', listener: (event: PolicyViolation) => void): void {
    this.listeners.add(listener)
  }

  removeEventListener(_: 'securitypolicyviolation', listener: (event: PolicyViolation) => void): void {
    this.listeners.delete(listener)
  }

  violate(violation: Partial<PolicyViolation>): void {
    const event = { blockedURI: GATEWAY.href, effectiveDirective: 'connect-src', disposition: 'enforce', ...violation }
    for (const listener of this.listeners) listener(event)
  }
}

describe("A page's Content Security Policy", () => {
  it('is named when it forbids the gateway, by its whole URL or its origin', () => {
    for (const blockedURI of [GATEWAY.href, 'wss://gateway.example', 'wss://gateway.example/']) {
      const page = new FakePage()
      const watch = watchPolicy(GATEWAY, page)
      expect(watch.violation).to.equal(undefined)
      page.violate({ blockedURI })
      expect(watch.violation, blockedURI).to.match(/Content Security Policy.*connect-src/)
    }
  })

  const others: readonly (readonly [string, Partial<PolicyViolation>])[] = [
    ['another server', { blockedURI: 'wss://gateway.example.evil.example' }],
    ['another port of the server', { blockedURI: 'wss://gateway.example:8443' }],
    ['a script', { effectiveDirective: 'script-src' }],
    ['something inline', { blockedURI: 'inline' }],
    ['something that it does not name', { blockedURI: '' }],
    ['the gateway, but only reports it', { disposition: 'report' }],
  ]
  for (const [what, violation] of others) {
    it(`is not named when it forbids ${what}`, () => {
      const page = new FakePage()
      const watch = watchPolicy(GATEWAY, page)
      page.violate(violation)
      expect(watch.violation).to.equal(undefined)
    })
  }

  it('is watched no longer than the connection is made', () => {
    const page = new FakePage()
    const watch = watchPolicy(GATEWAY, page)
    expect(page.listeners.size).to.equal(1)
    watch.stop()
    expect(page.listeners.size).to.equal(0)
  })

  it('is not there where the runtime has no such events', () => {
    const watch = watchPolicy(GATEWAY, {})
    watch.stop()
    expect(watch.violation).to.equal(undefined)
  })
})
