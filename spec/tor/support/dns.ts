/**
 * The DNS server that the exits of the private network ask (RFC 1035): no name leaves the machine, and specs know every
 * answer.
 *
 * What C tor makes of it: the TTL in a CONNECTED is 300 s, more or less up to 240 s at random, and in a RESOLVED always
 * 60 s. Nobody is asked for AAAA unless the exit has `IPv6Exit 1`, nor for the name of an address that is not a public
 * one.
 *
 * @module
 */
import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { once } from 'node:events'

/** The TTL of every answer, in seconds. */
export const dnsTtl = 60

/** The name that every address has. */
export const reverseName = 'localhost.test'

const typeA = 1
const typePtr = 12
const typeAaaa = 28

/**
 * A DNS server on a UDP port of 127.0.0.1. Names that start with `nx` do not exist. For any other: A gives 127.0.0.1,
 * AAAA gives ::1 when the name starts with `v6`, PTR gives {@link reverseName}; whatever else is asked has no answers.
 */
export class DnsServer {
  readonly port: number
  readonly #socket: Socket

  static async start(): Promise<DnsServer> {
    const socket = createSocket('udp4')
    socket.on('message', (query, sender) => {
      const reply = answer(query)
      if (reply !== undefined) socket.send(reply, sender.port, sender.address)
    })
    const listening = once(socket, 'listening')
    socket.bind(0, '127.0.0.1')
    await listening
    return new DnsServer(socket)
  }

  private constructor(socket: Socket) {
    this.port = socket.address().port
    this.#socket = socket
  }

  async stop(): Promise<void> {
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }
}

/** The answer to a query, or undefined when the bytes are not a query with a question. */
function answer(query: Buffer): Buffer | undefined {
  let end = 12
  while (end < query.length && query[end] !== 0) end += query.readUInt8(end) + 1
  if (end + 5 > query.length) return undefined
  const type = query.readUInt16BE(end + 1)
  // The question goes back as it came, with its random mix of upper and lower case.
  const question = query.subarray(12, end + 5)
  const name = question.toString('latin1', 1).toLowerCase()

  const exists = !name.startsWith('nx')
  const data = exists ? record(type, name) : undefined
  const header = Buffer.alloc(12)
  query.copy(header, 0, 0, 2)
  // A response, authoritative, recursion desired and available; the code is NOERROR or NXDOMAIN.
  header.writeUInt16BE(exists ? 0x8580 : 0x8583, 2)
  header.writeUInt16BE(1, 4)
  if (data === undefined) return Buffer.concat([header, question])
  header.writeUInt16BE(1, 6)

  const fixed = Buffer.alloc(12)
  // The name of the record is a pointer to the name of the question.
  fixed.writeUInt16BE(0xc00c, 0)
  fixed.writeUInt16BE(type, 2)
  fixed.writeUInt16BE(1, 4)
  fixed.writeUInt32BE(dnsTtl, 6)
  fixed.writeUInt16BE(data.length, 10)
  return Buffer.concat([header, question, fixed, data])
}

function record(type: number, name: string): Buffer | undefined {
  if (type === typeA) return Buffer.from([127, 0, 0, 1])
  if (type === typeAaaa && name.startsWith('v6')) return Buffer.from([...new Uint8Array(15), 1])
  if (type === typePtr) return Buffer.from(`${reverseName.split('.').map(label).join('')}\0`)
  return undefined
}

function label(text: string): string {
  return String.fromCharCode(text.length) + text
}
