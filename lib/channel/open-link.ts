/**
 * From a relay's addresses to a link whose handshake is done: dialling, the handshake over its port, and the time
 * that both may take. Whatever goes wrong, nothing stays open and no timer stays behind.
 *
 * @module
 */
import { onAbort, unlessAborts } from '../base/waiting/abort.ts'
import { startTimer, type Clock } from '../base/waiting/clock.ts'
import { bytePortOf, type BytePort } from '../base/streams/byte-port.ts'
import { TorError } from '../base/errors.ts'
import type { X25519 } from '../platform/crypto/curves/x25519.ts'
import { withheld } from '../base/withheld.ts'
import type { Platform } from '../platform/platform.ts'
import type { Link, LinkAddress, LinkBytes, Transport } from '../platform/links/transport.ts'
import type { DirectoryServer } from '../relay.ts'
import { Deframer, type LinkItem } from './deframer.ts'
import { LinkHandshake, type LinkHandshakeResult } from './link-handshake.ts'
import type { LinkPaddingMode } from './link-padding.ts'

/** What {@link openLink} needs. */
export interface OpenLinkOptions {
  readonly transport: Transport
  readonly platform: Pick<Platform, 'rsaPublic' | 'verifyEd25519' | 'x25519'>
  readonly clock: Clock
  /** For all addresses together, in ms. */
  readonly timeout: number
  readonly signal: AbortSignal | undefined
  readonly linkPadding: LinkPaddingMode
}

/** A link that is ready for circuits. */
export interface OpenLink extends LinkHandshakeResult {
  readonly port: BytePort
  /** What ends the handshake, and is still to be sent: with the first circuit's cell, if there is one at once. */
  readonly answer: Uint8Array<ArrayBuffer>
  /** As {@link Link.isStranded}; false where that cannot be told. */
  isStranded(): boolean
  /** Holds what the last read left over. */
  readonly deframer: Deframer
  /** Cells that came behind the handshake in the same read. */
  readonly items: readonly LinkItem[]
}

/** A failure that is told elsewhere, or that hits what is given up anyway. */
const ignore = (): void => undefined

/** An abort signal that follows another and a timer. */
interface Limit {
  readonly signal: AbortSignal
  /** Lets go of both. */
  readonly end: () => void
}

function limit(
  parent: AbortSignal | undefined,
  reasonOf: (reason: unknown) => unknown,
  clock: Clock,
  delay: number,
): Limit {
  const controller = new AbortController()
  const cancelTimer = startTimer(clock, delay, () => {
    controller.abort(new TorError('LINK_TIMEOUT', 'The relay was not ready in time'))
  })
  const forget = onAbort(parent, () => controller.abort(reasonOf(parent?.reason)))
  return {
    signal: controller.signal,
    end: () => {
      cancelTimer()
      forget()
    },
  }
}

/**
 * Opens a link to `relay`: dials its addresses in order until one answers. Each but the last may take an equal share of
 * the timeout. A relay that answers and does not prove who it is, or breaks the protocol, is not tried again elsewhere.
 *
 * @throws TorError `LINK_UNREACHABLE`, `LINK_TIMEOUT` or `LINK_CLOSED` (of the last address, with all failures in
 * `cause`), `LINK_VERSION`, `LINK_CERTS`, `LINK_IDENTITY`, `LINK_PROTOCOL`, or `ABORTED` with the signal's reason as
 * its `cause`
 */
export async function openLink(relay: DirectoryServer, options: OpenLinkOptions): Promise<OpenLink> {
  const { clock, timeout, signal } = options
  const { addresses } = relay
  const failures: TorError[] = []
  const whole = limit(
    signal,
    (cause) => new TorError('ABORTED', 'The link to the relay was given up', { cause }),
    clock,
    timeout,
  )
  try {
    for (const [index, address] of addresses.entries()) {
      const last = index === addresses.length - 1
      const share = last ? undefined : limit(whole.signal, (reason) => reason, clock, timeout / addresses.length)
      try {
        return await openAt(address, relay, options, (share ?? whole).signal)
      } catch (error) {
        if (whole.signal.aborted) throw whole.signal.reason
        if (!(error instanceof TorError) || !isWorthAnotherAddress(error)) throw error
        failures.push(error)
      } finally {
        share?.end()
      }
    }
  } finally {
    whole.end()
  }
  const last = failures.at(-1) as TorError
  if (failures.length === 1) throw last
  const cause = new AggregateError(failures, 'No address of the relay led to it')
  throw new TorError(last.code, `${last.message}, at none of its ${failures.length} addresses`, { cause })
}

const isWorthAnotherAddress = (error: TorError): boolean =>
  error.code === 'LINK_UNREACHABLE' || error.code === 'LINK_TIMEOUT' || error.code === 'LINK_CLOSED'

async function openAt(
  address: LinkAddress,
  relay: DirectoryServer,
  options: OpenLinkOptions,
  signal: AbortSignal,
): Promise<OpenLink> {
  const link = await secured(await dial(address, options.transport, signal), options.platform.x25519, signal)
  const port = bytePortOf(link)
  try {
    const { platform, clock, linkPadding } = options
    const handshake = new LinkHandshake({
      expected: relay,
      address,
      peerCertificate: link.peerCertificate,
      platform,
      clock,
      linkPadding,
    })
    const open = await shakeHands(handshake, port, signal)
    return { ...open, isStranded: () => link.isStranded?.() ?? false }
  } catch (caught) {
    // A transport may end its streams for the signal's sake: then the signal says why.
    const error: unknown = signal.aborted ? signal.reason : caught
    const failure =
      error instanceof TorError && error.code !== 'LINK_CLOSED'
        ? error
        : new TorError('LINK_CLOSED', 'The connection to the relay was lost in the link handshake', {
            cause: withheld(error),
          })
    port.cancel(failure)
    port.abort(failure)
    throw failure
  }
}

/** TLS of our own, where the transport brought none. It is loaded then. */
async function secured(link: Link | LinkBytes, x25519: X25519, signal: AbortSignal): Promise<Link> {
  if (link.peerCertificate !== undefined) return link
  try {
    const { secureLink } = await import('../tls13/streams/link-tls.ts')
    return await secureLink(link, x25519, signal)
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    throw new TorError('LINK_CLOSED', 'The connection to the relay was lost in the TLS handshake', {
      cause: withheld(cause),
    })
  }
}

async function dial(address: LinkAddress, transport: Transport, signal: AbortSignal): Promise<Link | LinkBytes> {
  // A transport that throws is one that rejects.
  const dialled = (async () => transport.connect(address, { signal }))()
  try {
    return await unlessAborts(dialled, [signal])
  } catch (cause) {
    // A transport that takes no notice of the signal may still come up with a link.
    dialled.then(({ readable, writable }) => {
      readable.cancel(cause).catch(ignore)
      writable.abort(cause).catch(ignore)
    }, ignore)
    if (signal.aborted) throw signal.reason
    if (cause instanceof TorError && (cause.code === 'LINK_UNREACHABLE' || cause.code === 'LINK_FORBIDDEN')) throw cause
    throw new TorError('LINK_UNREACHABLE', 'The relay cannot be reached', { cause: withheld(cause) })
  }
}

async function shakeHands(
  handshake: LinkHandshake,
  port: BytePort,
  signal: AbortSignal,
): Promise<Omit<OpenLink, 'isStranded'>> {
  const deframer = new Deframer()
  // A link that cannot be written to any more will not bring an answer either.
  const broken = port.writeClosed.then((why) => Promise.reject(why() as Error))
  broken.catch(ignore)
  port.write(handshake.start()).catch(ignore)
  for (;;) {
    const bytes = await unlessAborts(Promise.race([port.read(), broken]), [signal])
    if (bytes === undefined) throw new TorError('LINK_CLOSED', 'The relay closed the connection')
    const items = deframer.push(bytes)
    for (const [index, item] of items.entries()) {
      const answer = await unlessAborts(handshake.receive(item), [signal])
      if (answer !== undefined && handshake.result !== undefined)
        return { ...handshake.result, answer, port, deframer, items: items.slice(index + 1) }
    }
  }
}
