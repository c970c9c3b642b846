/**
 * The bytes under one name in an object store of IndexedDB: short ones as they are, long ones in pieces. An engine copies
 * a value within the turn that hands it over, and 10 MB in one would hold up a page for longer than a frame lasts.
 *
 * @module
 */

/** Bytes of a piece; what is no longer is kept whole. */
export const PIECE_SIZE = 1_048_576

/** What stands under the name of long bytes; piece `n` stands under the name, a blank and `n`. */
interface Head {
  /** In bytes, of all pieces. */
  readonly length: number
}

/** Makes a handler of an event, so that what it throws undoes the transaction and is told to whoever waits for it. */
export type Guarded = (handler: () => void) => () => void

/** One entry, within one transaction. */
export class StoredEntry {
  readonly #entries: IDBObjectStore
  readonly #name: string
  readonly #guarded: Guarded

  constructor(entries: IDBObjectStore, name: string, guarded: Guarded) {
    this.#entries = entries
    this.#name = name
    this.#guarded = guarded
  }

  /** Gives the bytes, or undefined when there are none. Throws a TypeError when something else stands there. */
  read(give: (bytes: Uint8Array | undefined) => void): void {
    this.#get(this.#name, (value) => {
      if (!isHead(value)) return give(storedBytes(value))
      const bytes = new Uint8Array(value.length)
      const take = (piece: number): void => {
        if (piece === piecesOf(value)) return give(bytes)
        this.#get(this.#pieceName(piece), (part) => {
          const size = Math.min(PIECE_SIZE, value.length - piece * PIECE_SIZE)
          if (storedBytes(part)?.length !== size) throw noBytes()
          bytes.set(part as Uint8Array, piece * PIECE_SIZE)
          take(piece + 1)
        })
      }
      take(0)
    })
  }

  /** Replaces what there is. */
  write(bytes: Uint8Array): void {
    if (!ArrayBuffer.isView(bytes)) throw new TypeError('Cannot store what is no bytes')
    const { length } = bytes
    const pieces = length > PIECE_SIZE ? piecesOf({ length }) : 0
    const put = (piece: number): void => {
      if (piece === pieces) return
      const part = new Uint8Array(bytes.subarray(piece * PIECE_SIZE, (piece + 1) * PIECE_SIZE))
      const request = this.#entries.put(part, this.#pieceName(piece))
      request.onsuccess = this.#guarded(() => put(piece + 1))
    }
    this.#dropPieces(pieces, () => {
      this.#entries.put(pieces === 0 ? alone(bytes) : ({ length } satisfies Head), this.#name)
      put(0)
    })
  }

  /** Forgets what there is. */
  remove(): void {
    this.#dropPieces(0, () => void this.#entries.delete(this.#name))
  }

  /** Forgets what pieces there are from `first` on. */
  #dropPieces(first: number, then: () => void): void {
    this.#get(this.#name, (value) => {
      for (let piece = first; isHead(value) && piece < piecesOf(value); piece++)
        this.#entries.delete(this.#pieceName(piece))
      then()
    })
  }

  #get(name: string, give: (value: unknown) => void): void {
    const request: IDBRequest<unknown> = this.#entries.get(name)
    request.onsuccess = this.#guarded(() => give(request.result))
  }

  /** No entry has such a name: they have no blanks. */
  #pieceName(piece: number): string {
    return `${this.#name} ${piece}`
  }
}

const piecesOf = ({ length }: Head): number => Math.ceil(length / PIECE_SIZE)

/** A database may have been filled by anybody in this origin. */
function isHead(value: unknown): value is Head {
  const length = (value as Partial<Head> | null | undefined)?.length
  return !isBytes(value) && Number.isInteger(length) && (length as number) > PIECE_SIZE
}

const isBytes = (value: unknown): value is Uint8Array => Object.prototype.toString.call(value) === '[object Uint8Array]'

function storedBytes(value: unknown): Uint8Array | undefined {
  if (value === undefined || isBytes(value)) return value
  throw noBytes()
}

const noBytes = (): TypeError => new TypeError('what is stored is no Uint8Array')

/** Of memory that has nothing else in it: a database copies all of the buffer that a view shows a part of, at once. */
function alone(bytes: Uint8Array): Uint8Array {
  const isAlone = bytes.buffer instanceof ArrayBuffer && bytes.length === bytes.buffer.byteLength
  return isAlone && isBytes(bytes) ? bytes : new Uint8Array(bytes)
}
