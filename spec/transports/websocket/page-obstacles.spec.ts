import { expect } from 'chai'
import {
  obstacleTo,
  watchPolicy,
  type PageGlobals,
  type PolicyViolation,
} from '../../../lib/transports/websocket/page-obstacles.ts'
import { openBySocket, type WebSocketConstructor } from '../../../lib/transports/websocket/socket-events.ts'
import { openByStream, type WebSocketStreamConstructor } from '../../../lib/transports/websocket/socket-streams.ts'
import { unlessEngineLacks } from '../../support/engines.ts'
import { FakeClock } from '../../support/fake-clock.ts'

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
  it('is named when it forbids the gateway, by its whole URL or its origin', async () => {
    for (const blockedURI of [GATEWAY.href, 'wss://gateway.example', 'wss://gateway.example/']) {
      const page = new FakePage()
      const watch = watchPolicy(GATEWAY, page)
      expect(await watch.violation()).to.equal(undefined)
      page.violate({ blockedURI })
      expect(await watch.violation(), blockedURI).to.match(/Content Security Policy.*connect-src/)
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
    it(`is not named when it forbids ${what}`, async () => {
      const page = new FakePage()
      const watch = watchPolicy(GATEWAY, page)
      page.violate(violation)
      expect(await watch.violation()).to.equal(undefined)
    })
  }

  it('is watched no longer than the connection is made', () => {
    const page = new FakePage()
    const watch = watchPolicy(GATEWAY, page)
    expect(page.listeners.size).to.equal(1)
    watch.stop()
    expect(page.listeners.size).to.equal(0)
  })

  it('is not there where the runtime has no such events', async () => {
    const watch = watchPolicy(GATEWAY, {})
    watch.stop()
    expect(await watch.violation()).to.equal(undefined)
  })
})

describe("A real page's Content Security Policy", () => {
  type Inside = PageGlobals & { WebSocket: WebSocketConstructor; WebSocketStream?: WebSocketStreamConstructor }

  /** Dials from within a page whose policy has no gateway; how that failed, and what the policy is said to have done. */
  async function refusal(dial: (inside: Inside, url: URL) => Promise<unknown>): Promise<string | undefined> {
    const frame = document.createElement('iframe')
    frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="connect-src 'none'">`
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve))
    document.body.append(frame)
    await loaded
    const inside = frame.contentWindow as unknown as Inside
    const url = new URL('ws://127.0.0.1:59999/203.0.113.7:9001')
    const watch = watchPolicy(url, inside)
    const outcome = await dial(inside, url).then(
      () => 'open',
      () => watch.violation(),
    )
    watch.stop()
    frame.remove()
    return outcome
  }
  const { signal } = new AbortController()

  unlessEngineLacks('pages').it('is named when a WebSocket of that page is refused', async () => {
    const options = { receiveBufferLimit: 1, clock: new FakeClock(), signal }
    expect(await refusal(({ WebSocket }, url) => openBySocket(WebSocket, url, [], options))).to.match(/connect-src/)
  })

  unlessEngineLacks('WebSocketStream').it('is named when a WebSocketStream of that page is refused', async () => {
    const outcome = await refusal(({ WebSocketStream }, url) =>
      openByStream(WebSocketStream as WebSocketStreamConstructor, url, [], signal),
    )
    expect(outcome).to.match(/connect-src/)
  })
})
