/**
 * What a client of a front is to the specs: the table in the README has a row for each.
 *
 * @module
 */
import type { Fetch } from '../../../lib/fetch/create-fetch.ts'
import type { TorClient } from '../../../lib/client/tor-client.ts'
import type { Feature } from '../../support/engines.ts'
import type { Program } from '../../support/programs.ts'

/** The ways into Tor that a client may take. */
export interface Ways {
  readonly connect: TorClient['connect']
  readonly fetch: (...args: Parameters<Fetch>) => Promise<Response>
  /** Where the front for SOCKS and HTTP CONNECT listens, as `address:port`. */
  readonly proxy: string
  /** The authority that signed the target's certificate: PEM, and a file with that. */
  readonly authority: { readonly pem: string; readonly file: string }
  /** For whatever a client writes. */
  readonly directory: string
  /** For programs: all of their environment. */
  readonly environment: NodeJS.ProcessEnv
  /** Whether what goes out is recorded, and names are not found: names may be asked for then. */
  readonly isRecorded: boolean
}

/** A client in use. */
export interface Session {
  /**
   * The body of a GET, or what comes next to it. Redirects are followed where the client does that, and nothing is
   * tried again.
   */
  get(url: string): Promise<Uint8Array>
  /** What a POST of `body` is answered with. */
  post?(url: string, body: Uint8Array): Promise<Uint8Array>
  /** Has this process take hold of it, ahead of the first request: this goes not through Tor. */
  start?(): Promise<unknown>
  /** Gives back what it holds. */
  close?(): unknown
}

/** A client. */
export interface FrontClient {
  /** As the table calls it. */
  readonly name: string
  /** How it is plugged in, in Markdown. */
  readonly how: string
  /** What its user should know, in Markdown. */
  readonly note?: string
  /** The program that it is. */
  readonly program?: Program
  /** What it needs of the engine that runs the specs. */
  readonly feature?: Feature
  /** What of it is not installed. */
  readonly missing?: string
  /**
   * Whether it asks the system's resolver for every name too, although it does not need the answer. Nothing of ours can
   * prevent it.
   */
  readonly asksResolver?: boolean
  /** What is recorded of it that it does for itself, whatever it is asked for, and its user cannot prevent. */
  readonly byItself?: RegExp
  /** What the table calls a GET and a POST of it. */
  readonly verbs?: readonly [get: string, post: string]
  open(ways: Ways): Session
}
