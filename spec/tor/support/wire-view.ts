/**
 * What relays saw of the clients of a private network, out of the notes of wire-hook.c.
 *
 * @module
 */
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** A channel cell. */
export interface SeenCell {
  readonly command: number
  readonly circuit: number
  readonly body: Buffer
}

/** What a client sent over one link. */
export interface SeenLink {
  /** When it began, in ms since the epoch. */
  readonly at: number
  /** The sizes of what its TLS records carried. */
  readonly records: readonly number[]
  readonly cells: readonly SeenCell[]
  /** The relay has let go of it. */
  readonly isOver: boolean
}

/** What the relays saw in some time. */
export interface WireView {
  /** Of clients, the first first: relays authenticate themselves. */
  readonly links: readonly SeenLink[]
  /** The heads of requests to directories, in the order in which they began. */
  readonly requests: readonly string[]
  /** The data of BEGIN cells that an exit could read. */
  readonly begins: readonly Buffer[]
}

export const Command = {
  PADDING: 0,
  RELAY: 3,
  DESTROY: 4,
  CREATE_FAST: 5,
  VERSIONS: 7,
  NETINFO: 8,
  RELAY_EARLY: 9,
  CREATE2: 10,
  PADDING_NEGOTIATE: 12,
  CERTS: 129,
} as const

const BEGIN = 1
const BEGIN_DIR = 13

interface Note {
  readonly kind: string
  readonly at: number
  readonly id: string
  readonly bytes: Buffer
}

const ENTRY_HEADER = 21

/** Reads what was noted under this prefix from `from` to `to`, in ms since the epoch. */
export async function readWire(prefix: string, from: number, to: number): Promise<WireView> {
  const names = (await readdir(dirname(prefix))).filter((name) => name.startsWith(basename(prefix)))
  const all = await Promise.all(
    names.map(async (name) => notesOf(await readFile(join(dirname(prefix), name)), name, from, to)),
  )
  const links: SeenLink[] = []
  const requests: { readonly at: number; text: string }[] = []
  const begins: Buffer[] = []
  for (const notes of all) {
    links.push(...linksOf(notes))
    const streams = new Map<string, { readonly at: number; text: string }>()
    for (const { kind, id, bytes, at } of notes) {
      if (kind !== 'P') continue
      const stream = `${id} ${bytes.readUInt16BE(3)}`
      const data = bytes.subarray(11, 11 + bytes.readUInt16BE(9))
      if (bytes[0] === BEGIN) begins.push(data)
      else if (bytes[0] === BEGIN_DIR) {
        const request = { at, text: '' }
        streams.set(stream, request)
        requests.push(request)
      } else {
        const request = streams.get(stream)
        if (request !== undefined) request.text += data.toString('latin1')
      }
    }
  }
  links.sort((one, other) => one.at - other.at)
  requests.sort((one, other) => one.at - other.at)
  return { links, begins, requests: requests.map(({ text }) => text.split('\r\n\r\n')[0] as string) }
}

function notesOf(file: Buffer, name: string, from: number, to: number): Note[] {
  const notes: Note[] = []
  for (let at = 0; at + ENTRY_HEADER <= file.length;) {
    const time = Number(file.readBigUInt64LE(at + 1))
    const size = file.readUInt32LE(at + 17)
    const id = `${name} ${file.readBigUInt64LE(at + 9)}`
    const bytes = file.subarray(at + ENTRY_HEADER, at + ENTRY_HEADER + size)
    if (time >= from && time < to) notes.push({ kind: String.fromCharCode(file[at] as number), at: time, id, bytes })
    at += ENTRY_HEADER + size
  }
  return notes
}

/** Links that began in this time, of clients. */
function linksOf(notes: readonly Note[]): SeenLink[] {
  interface Noted {
    readonly at: number
    readonly records: number[]
    readonly bytes: Buffer[]
    isOver: boolean
  }
  const open = new Map<string, Noted>()
  const done: Noted[] = []
  for (const { kind, at, id, bytes } of notes) {
    if (kind === 'F') {
      const over = open.get(id)
      if (over !== undefined) over.isOver = true
      open.delete(id)
    }
    if (kind !== 'R') continue
    let link = open.get(id)
    if (link === undefined) {
      link = { at, records: [], bytes: [], isOver: false }
      open.set(id, link)
      done.push(link)
    }
    link.records.push(bytes.length)
    link.bytes.push(bytes)
  }
  return done
    .map(({ at, records, bytes, isOver }) => ({ at, records, isOver, cells: cellsOf(Buffer.concat(bytes)) }))
    .filter(
      ({ cells }) => cells[0]?.command === Command.VERSIONS && !cells.some(({ command }) => command === Command.CERTS),
    )
}

/** Circuit ids have 2 bytes in the VERSIONS that comes first, then 4 (tor-spec, "Cell packet format"). */
function cellsOf(bytes: Buffer): SeenCell[] {
  const cells: SeenCell[] = []
  for (let at = 0; ;) {
    const idSize = cells.length === 0 ? 2 : 4
    const command = bytes[at + idSize]
    if (command === undefined) return cells
    const isVariable = command === Command.VERSIONS || command >= 128
    const start = at + idSize + (isVariable ? 3 : 1)
    if (start > bytes.length) return cells
    const end = start + (isVariable ? bytes.readUInt16BE(start - 2) : 509)
    if (end > bytes.length) return cells
    cells.push({ command, circuit: bytes.readUIntBE(at, idSize), body: bytes.subarray(start, end) })
    at = end
  }
}
