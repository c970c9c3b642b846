/**
 * The names and addresses of many relays in one piece of memory. Few of them are ever asked for, and thousands of small
 * objects cost more than what they say.
 *
 * For each relay: how long its nickname is, the nickname, how many addresses there are; and for each of these whether it
 * has 4 or 16 bytes, those, and the port in two.
 *
 * @module
 */
import { formatIPAddress } from '../cell/ip-address.ts'
import type { LinkAddress } from '../platform/links/transport.ts'
import type { WrittenAddress } from './text/fields.ts'

/** How much is made room for at first, in bytes: as much as the public network's relays need. */
const ROOM = 262_144

/** Names and addresses, each relay's found by where it was put. */
export class RelayTexts {
  #bytes = new Uint8Array(ROOM)
  #length = 0

  /** Puts in a relay: a nickname of at most 255 ASCII characters, and at most 255 addresses. Returns where it is. */
  add(nickname: string, addresses: readonly Pick<WrittenAddress, 'bytes' | 'port'>[]): number {
    const at = this.#length
    this.#makeRoom(2 + nickname.length + 19 * addresses.length)
    this.#push(nickname.length)
    for (let index = 0; index < nickname.length; index++) this.#push(nickname.charCodeAt(index))
    this.#push(addresses.length)
    for (const { bytes, port } of addresses) {
      this.#push(bytes.length)
      this.#bytes.set(bytes, this.#length)
      this.#length += bytes.length
      this.#push(port >>> 8)
      this.#push(port & 0xff)
    }
    return at
  }

  /** Nothing more is put in: gives back the room that is left. */
  finish(): void {
    this.#bytes = this.#bytes.slice(0, this.#length)
  }

  /** The nickname of the relay at `at`. */
  nickname(at: number): string {
    return String.fromCharCode(...this.#bytes.subarray(at + 1, at + 1 + (this.#bytes[at] as number)))
  }

  /** The addresses of the relay at `at`, in their order. */
  addresses(at: number): LinkAddress[] {
    const bytes = this.#bytes
    let next = at + 1 + (bytes[at] as number)
    return Array.from({ length: bytes[next++] as number }, () => {
      const end = next + 1 + (bytes[next] as number)
      const hostname = formatIPAddress(bytes.subarray(next + 1, end))
      next = end + 2
      return { hostname, port: ((bytes[end] as number) << 8) | (bytes[end + 1] as number) }
    })
  }

  #makeRoom(size: number): void {
    if (this.#length + size <= this.#bytes.length) return
    const larger = new Uint8Array(2 * this.#bytes.length + size)
    larger.set(this.#bytes)
    this.#bytes = larger
  }

  #push(byte: number): void {
    this.#bytes[this.#length++] = byte
  }
}
