/**
 * What a client of something other than HTTP/1.1 is to the specs: the second table in the README has a row for each.
 *
 * @module
 */
import type { Program } from '../../support/programs.ts'
import type { Ways } from './front-clients.ts'
import type { GrpcPorts } from './grpc-target.ts'
import type { Received } from './http-target.ts'
import type { SshIdentity } from './ssh-target.ts'

/** What the far end has, by its name for the exits. */
export interface FarEnd {
  /** Of a file that is to be sent, and that is there to be received. */
  readonly file: string
  /** A bare git repository that has it. */
  readonly repository: string
  readonly ssh: SshIdentity
  /** The name of an onion service that is a WebTarget. */
  readonly onion: string
  /** The ports of gRPC. */
  readonly grpc: GrpcPorts
}

/** A client in use. Each way of it has the name that the table gives it. */
export interface OtherSession {
  /** Resolves to what came of the file. */
  readonly receives: Readonly<Record<string, (host: string) => Promise<Uint8Array>>>
  /** Resolves to what the far end has got of the file. */
  readonly sends: Readonly<Record<string, (host: string) => Promise<Received>>>
  /** Has the far end make the file `sign`, and waits for an answer that does not come. */
  waits(host: string, sign: string): Promise<unknown>
}

/** A client. */
export interface OtherClient {
  /** As the table calls it. */
  readonly name: string
  /** How it is plugged in, in Markdown. */
  readonly how: string
  /** What its user should know, in Markdown. */
  readonly note?: string
  /** Whether it calls the C library past whatever was loaded before, so that nothing of it is recorded. */
  readonly isUnseen?: boolean
  /** The programs that it takes. */
  readonly programs: readonly Program[]
  open(ways: Ways, farEnd: FarEnd): Promise<OtherSession>
  /** The same as it is without the proxy: to see that what it does is seen. */
  openBeside(ways: Ways, farEnd: FarEnd): Promise<OtherSession>
}
