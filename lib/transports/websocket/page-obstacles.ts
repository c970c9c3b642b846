/**
 * What a page's own rules have against a WebSocket, as a sentence: a browser tells a page next to nothing.
 *
 * @module
 */
import { atEndOfTurn } from '../../base/waiting/end-of-turn.ts'

/** The part of a page's or worker's globals that is asked. */
export interface PageGlobals {
  readonly location?: { readonly protocol: string }
  addEventListener?(type: 'securitypolicyviolation', listener: (event: PolicyViolation) => void): void
  removeEventListener?(type: 'securitypolicyviolation', listener: (event: PolicyViolation) => void): void
}

/** The part of a SecurityPolicyViolationEvent that is read. */
export interface PolicyViolation {
  /** A URL, perhaps no more of it than its origin; or a word such as `inline`, or nothing. */
  readonly blockedURI: string
  readonly effectiveDirective: string
  /** `report` when nothing was stopped. */
  readonly disposition?: string
}

/** Why a WebSocket to `url` cannot be from here; undefined when nothing is known against it. */
export function obstacleTo(url: URL, globals: PageGlobals = globalThis): string | undefined {
  if (url.protocol !== 'ws:' || globals.location?.protocol !== 'https:' || isLoopback(url.hostname)) return undefined
  return 'A page of https: cannot use a gateway of ws: (mixed content): the gateway needs TLS, and a URL of wss:'
}

/** This machine is trustworthy without TLS (Secure Contexts, section 3.1). */
const isLoopback = (hostname: string): boolean =>
  /^(?:localhost|.*\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)

/** A watch for what the page's Content Security Policy forbids. */
export interface PolicyWatch {
  /** What it forbade, as a sentence. Waits for a turn: a WebSocketStream fails before the page is told why. */
  violation(): Promise<string | undefined>
  stop(): void
}

/** Watches for a connection to `url` that the page's Content Security Policy forbids. */
export function watchPolicy(url: URL, globals: PageGlobals = globalThis): PolicyWatch {
  let violation: string | undefined
  const onViolation = ({ blockedURI, effectiveDirective, disposition }: PolicyViolation): void => {
    if (disposition === 'report' || effectiveDirective !== 'connect-src') return
    if (!URL.canParse(blockedURI) || new URL(blockedURI).host !== url.host) return
    violation = `The page's Content Security Policy forbids the gateway: its ${effectiveDirective} must have it`
  }
  globals.addEventListener?.('securitypolicyviolation', onViolation)
  return {
    async violation() {
      if (violation === undefined) await new Promise<void>((resolve) => atEndOfTurn(resolve))
      return violation
    },
    stop: () => globals.removeEventListener?.('securitypolicyviolation', onViolation),
  }
}
