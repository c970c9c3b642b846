/**
 * One connection to a server that does what a spec says, from the first byte until both sides are over.
 *
 * @module
 */
import { expect } from 'chai'
import { nobleX25519 } from '../../../lib/platform/crypto/curves/noble-x25519.ts'
import { createClientHello } from '../../../lib/tls13/messages/client-hello.ts'
import type { Authenticate } from '../../../lib/tls13/handshake.ts'
import { x25519Share } from '../../../lib/tls13/keys/key-share.ts'
import { p256Share } from '../../../lib/tls13/keys/p256-share.ts'
import { ContentType } from '../../../lib/tls13/protocol/registry.ts'
import { secureStreams } from '../../../lib/tls13/streams/secured-streams.ts'
import { Watch } from '../../stream/support/watch.ts'
import { failureOf } from '../../support/failures.ts'
import { identityOf, type Identity } from './identity.ts'
import { ScriptedServer, type FromClient } from './scripted-server.ts'
import { Wire } from './wire.ts'

/** What a server does. It has the first ClientHello by then. */
export type Script = (server: ScriptedServer, wire: Wire) => Promise<void>

/** A line of a table. */
export interface Rogue {
  readonly does: string
  readonly script: Script
  /** The alert that tells it; undefined where it ended the connection itself. */
  readonly alert: number | undefined
  readonly code?: 'TLS_FAILED' | 'TLS_CERTIFICATE' | 'TLS_TRUNCATED'
  /** A HelloRetryRequest is refused, as on links to relays. */
  readonly isLink?: boolean
  readonly identity?: Identity
}

/** A hello of a client as pages have it, with fresh keys. */
export const freshHello = async ({ isLink = false, suites = [0x1301] as readonly number[] } = {}) =>
  createClientHello({
    serverName: 'target.test',
    alpn: ['h2', 'http/1.1'],
    suites,
    shares: [await x25519Share(nobleX25519)],
    makeP256Share: isLink ? undefined : p256Share,
  })

/** A connection in the client's hands, and the server of it. */
export interface Connection {
  readonly wire: Wire
  readonly server: ScriptedServer
  readonly secured: ReturnType<typeof secureStreams>
}

/** Begins one: the server has the ClientHello. */
export async function begin(
  options: { isLink?: boolean; identity?: Identity; authenticate?: Authenticate; signal?: AbortSignal } = {},
): Promise<Connection> {
  const wire = new Wire()
  const server = new ScriptedServer(options.identity ?? (await identityOf('P-256')), (bytes) => wire.give(bytes))
  const { authenticate = () => undefined, signal = new AbortController().signal } = options
  const secured = secureStreams(wire.below, await freshHello(options), authenticate, signal)
  secured.catch(() => undefined) // looked at by whoever began it
  await server.take((await wire.take()) as Uint8Array)
  return { wire, server, secured }
}

/** Begins one and makes an honest handshake. */
export async function connect(options: Parameters<typeof begin>[0] = {}) {
  const connection = await begin(options)
  const { server, wire } = connection
  await server.handshake()
  const streams = await connection.secured
  await server.take((await wire.take()) as Uint8Array)
  return { ...connection, streams }
}

/** All that the client sends until it is over. */
export async function restOf({ wire, server }: Connection): Promise<FromClient[]> {
  const all: FromClient[] = []
  for (let bytes = await wire.take(); bytes !== undefined; bytes = await wire.take()) {
    all.push(...(await server.take(bytes)))
  }
  return all
}

/** Plays a line of a table: the client must fail as it says, tell the server so, and leave nothing. */
export async function expectToFail(rogue: Rogue): Promise<void> {
  const { script, alert, code = 'TLS_FAILED' } = rogue
  const connection = await begin(rogue)
  const { server, wire, secured } = connection
  const watch = new Watch()
  const outcome = watch.add('handshake', secured).then(async ({ readable, writable }) => {
    const reader = readable.getReader()
    const writer = writable.getWriter()
    void watch.add('readable', reader.closed)
    void watch.add('writable', writer.closed)
    for (;;) if ((await watch.add('read', reader.read())).done) throw new Error('it ended')
  })
  const failure = failureOf(outcome)
  const rest = restOf(connection)
  await script(server, wire)
  const { code: told, message } = await failure
  expect(told, message).to.equal(code)
  const alerts = (await rest).filter(({ type }) => type === (ContentType.ALERT as number))
  expect(alerts.map(({ content }) => [...content])).to.deep.equal(alert === undefined ? [] : [[2, alert]])
  await watch.allSettled()
  expect(wire.isOver, 'the streams below are over').to.equal(true)
}
