/**
 * Who fills tables of hashes: WebAssembly, or where that may not be compiled the interpreter. A page forbids it by a
 * Content-Security-Policy without `wasm-unsafe-eval`.
 *
 * @module
 */
import { compileProgram } from './compiler.ts'
import { enter, HASHES, tableIn, TABLE_PAGES, type HashTable } from './hash-table.ts'
import { HashXInterpreter } from './interpreter.ts'
import { makeProgram } from './program.ts'
import { hashXKeys } from './sip.ts'

const PAGE = 65_536

/** How many hashes are made before other tasks have their turn: some ten ms. */
const A_TURN = { compiled: 16_384, interpreted: 1024 } as const

/** An empty module, to try. */
const EMPTY = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)

/** Makes tables, one after the other in one memory. */
export interface TableMaker {
  /** False where each hash takes some twenty times as long. */
  readonly isCompiled: boolean
  /**
   * All hashes of a seed; undefined when the seed has no program. They hold until the next ones are made.
   *
   * @param pause - waits until other tasks have had their turn, or throws to give up
   */
  make(seed: Uint8Array, pause: () => Promise<void>): Promise<HashTable | undefined>
}

/** The better one of those that this place allows. */
export async function tableMaker(): Promise<TableMaker> {
  return (await mayCompile()) ? compilingMaker() : interpretingMaker()
}

async function mayCompile(): Promise<boolean> {
  if (typeof WebAssembly === 'undefined') return false
  try {
    await WebAssembly.compile(EMPTY)
    return true
  } catch {
    return false // that it is forbidden is what was asked
  }
}

/** One that compiles. */
export function compilingMaker(): TableMaker {
  const memory = new WebAssembly.Memory({ initial: TABLE_PAGES })
  const table = tableIn(memory.buffer)
  return {
    isCompiled: true,
    async make(seed, pause) {
      const keys = hashXKeys(seed)
      const program = makeProgram(keys.program)
      if (program === undefined) return undefined
      const { instance } = await WebAssembly.instantiate(compileProgram(program, keys), { here: { memory } })
      const run = instance.exports['run'] as (from: number, to: number) => void
      for (let from = 0; from < HASHES; from += A_TURN.compiled) {
        await pause()
        run(from, from + A_TURN.compiled)
      }
      return table
    },
  }
}

/** One that does without. */
export function interpretingMaker(): TableMaker {
  const table = tableIn(new ArrayBuffer(TABLE_PAGES * PAGE))
  return {
    isCompiled: false,
    async make(seed, pause) {
      const keys = hashXKeys(seed)
      const program = makeProgram(keys.program)
      if (program === undefined) return undefined
      const hashX = new HashXInterpreter(program, keys)
      for (let from = 0; from < HASHES; from += A_TURN.interpreted) {
        await pause()
        for (let index = from; index < from + A_TURN.interpreted; index++) enter(table, index, hashX.hash(index))
      }
      return table
    },
  }
}
