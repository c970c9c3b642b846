/**
 * The hashes of all numbers of 16 bits, as far as Equi-X looks at them: the first 15 bits of each, the next 15, and the 30
 * behind them. They are made some at a time, by WebAssembly where it may be compiled, by the interpreter otherwise.
 *
 * @module
 */
import type { Words } from './words.ts'

/** How many hashes there are. */
export const HASHES = 65_536

/** Where the three parts are in the memory, and its size, in pages of 64 KiB. */
export const TABLE_OFFSETS: readonly [first: number, second: number, third: number] = [0, 2 * HASHES, 4 * HASHES]
export const TABLE_PAGES = 8

/** The parts of each hash, by the number that it is of. */
export interface HashTable {
  readonly first: Uint16Array
  readonly second: Uint16Array
  readonly third: Int32Array
}

/** A table in such a memory. */
export function tableIn(memory: ArrayBuffer): HashTable {
  const [first, second, third] = TABLE_OFFSETS
  return {
    first: new Uint16Array(memory, first, HASHES),
    second: new Uint16Array(memory, second, HASHES),
    third: new Int32Array(memory, third, HASHES),
  }
}

/** Keeps a hash. */
export function enter({ first, second, third }: HashTable, index: number, hash: Words): void {
  const low = hash[0] as number
  first[index] = low & 0x7fff
  second[index] = (low >>> 15) & 0x7fff
  third[index] = ((low >>> 30) | ((hash[1] as number) << 2)) & 0x3fff_ffff
}
