/**
 * The runtime's own transport, with a count of what goes over it. The headers of channel cells are not encrypted inside
 * TLS (tor-spec, "Cell packet format"), so this counts without any help of the library.
 *
 * @module
 */
import { currentPlatform } from '../../../lib/platform/current.ts'
import type { Transport, LinkAddress, Link } from '../../../lib/platform/links/transport.ts'

/** The commands of cells that are counted. */
const relayCommands: readonly number[] = [3, 9] // RELAY and RELAY_EARLY
const versionsCommand = 7

/** Every OR address that any tap has dialled in this process, as `hostname:port`. */
export const dialled: Set<string> = new Set()

/** A transport that counts RELAY cells, early ones among them, of all its links together, and notes what it dialled. */
export class LinkTap implements Transport {
  /** Every OR address that was dialled, as `hostname:port`. */
  readonly dialled: string[] = []
  /** RELAY cells that the relay's side of TLS was given. */
  sent = 0
  /** RELAY cells that were read from TLS. */
  received = 0

  async connect(address: LinkAddress, options: { readonly signal: AbortSignal }): Promise<Link> {
    const place = `${address.hostname}:${address.port}`
    dialled.add(place)
    this.dialled.push(place)
    const transport = currentPlatform().transport
    if (transport === undefined) throw new Error('this runtime has no transport')
    const link = await transport.connect(address, options)
    return {
      readable: countedReadable(link.readable, new CellCount(() => (this.received += 1))),
      writable: countedWritable(link.writable, new CellCount(() => (this.sent += 1))),
      peerCertificate: link.peerCertificate as Uint8Array, // a runtime's own transport brings TLS
    }
  }
}

/** One direction of a link: where cells begin in its bytes. */
class CellCount {
  readonly #onRelay: () => void
  /** Bytes of a header that is not there as a whole. */
  readonly #header: number[] = []
  /** Bytes of a body that are still to come. */
  #body = 0
  #first = true

  constructor(onRelay: () => void) {
    this.#onRelay = onRelay
  }

  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#body > 0) {
        const skipped = Math.min(this.#body, bytes.length - at)
        this.#body -= skipped
        at += skipped
        continue
      }
      this.#header.push(bytes[at++] as number)
      this.#readHeader()
    }
  }

  /** Circuit id (2 bytes in the VERSIONS that comes first, then 4), command, and a length if the command has one. */
  #readHeader(): void {
    const header = this.#header
    const idSize = this.#first ? 2 : 4
    const command = header[idSize]
    if (command === undefined) return
    const isVariable = command === versionsCommand || command >= 128
    if (header.length < idSize + (isVariable ? 3 : 1)) return
    this.#body = isVariable ? (header.at(-2) as number) * 256 + (header.at(-1) as number) : 509
    this.#first = false
    header.length = 0
    if (relayCommands.includes(command)) this.#onRelay()
  }
}

function countedReadable(readable: ReadableStream<Uint8Array>, count: CellCount): ReadableStream<Uint8Array> {
  const reader = readable.getReader()
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reader.read()
        if (done) return controller.close()
        count.push(value)
        controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

function countedWritable(writable: WritableStream<Uint8Array>, count: CellCount): WritableStream<Uint8Array> {
  const writer = writable.getWriter()
  return new WritableStream({
    start: (controller) => void writer.closed.catch((reason: unknown) => controller.error(reason)),
    write(bytes) {
      count.push(bytes)
      return writer.write(bytes)
    },
    close: () => writer.close(),
    abort: (reason) => writer.abort(reason),
  })
}
