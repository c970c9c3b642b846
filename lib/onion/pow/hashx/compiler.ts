/**
 * HashX programs as WebAssembly: a module that hashes the numbers from one to another and leaves what Equi-X wants to know
 * of each hash.
 *
 * @module
 */
import { PROGRAM_SIZE, type HashXProgram } from './program.ts'
import { Op } from './schedule.ts'
import type { HashXKeys } from './sip.ts'
import { TABLE_OFFSETS, TABLE_PAGES } from './hash-table.ts'
import { Code, WasmCode } from './wasm-code.ts'
import type { Words } from './words.ts'

/** The locals: two parameters, then of 64 bits the registers, the state ahead of them, and others; then of 32 bits. */
const INDEX = 0
const TO = 1
const REGISTERS = 2
const STATE = 10
const INPUT = 14
const LOW = 15
const BY_LOW = 16
const HIGH = 17
const BY_HIGH = 18
const WIDE_LOCALS = 17
const PRODUCT = 19
const MAY_BRANCH = 20
const NARROW_LOCALS = 2

/** The module of a program. */
export function compileProgram(program: HashXProgram, { registers: key }: HashXKeys): Uint8Array<ArrayBuffer> {
  const code = new WasmCode().loop()
  writeBeginning(code, key)
  writeInstructions(code, program)
  writeEnd(code, key)
  code.get(INDEX).constant32(1).put(Code.I32_ADD).tee(INDEX)
  code.get(TO).put(Code.I32_LESS_UNSIGNED).branchIf(0).put(Code.END)
  return code.module(TABLE_PAGES, [WIDE_LOCALS, NARROW_LOCALS])
}

/** What the registers are before the first instruction. */
function writeBeginning(code: WasmCode, key: Words): void {
  const keyWord = (at: number): readonly [number, number] => [key[2 * at] as number, key[2 * at + 1] as number]
  code.get(INDEX).put(Code.EXTEND).set(INPUT)
  for (let at = 0; at < 4; at++) code.constant(...keyWord(at)).set(STATE + at)
  writeExclusiveOr(code, STATE + 1, 0xee)
  code
    .get(STATE + 3)
    .get(INPUT)
    .put(Code.XOR)
    .set(STATE + 3)
  writeRounds(code, 2)
  code.get(STATE).get(INPUT).put(Code.XOR).set(STATE)
  writeExclusiveOr(code, STATE + 2, 0xee)
  writeRounds(code, 4)
  for (let at = 0; at < 4; at++) code.get(STATE + at).set(REGISTERS + at)
  writeExclusiveOr(code, STATE + 1, 0xdd)
  writeRounds(code, 4)
  for (let at = 0; at < 4; at++) code.get(STATE + at).set(REGISTERS + 4 + at)
  code.constant32(1).set(MAY_BRANCH).constant32(0).set(PRODUCT)
}

function writeInstructions(code: WasmCode, { ops, sources, destinations, immediates }: HashXProgram): void {
  let hasTarget = false
  for (let at = 0; at < PROGRAM_SIZE; at++) {
    const to = REGISTERS + (destinations[at] as number)
    const from = REGISTERS + (sources[at] as number)
    const immediate = immediates[at] as number
    const constant = (): WasmCode => code.get(to).constant(immediate, immediate >> 31)
    switch (ops[at] as number) {
      case Op.MUL:
        code.get(to).get(from).put(Code.MUL).set(to)
        break
      case Op.UMULH:
        writeHighProduct(code, to, from, Code.SHIFT_RIGHT)
        break
      case Op.SMULH:
        writeHighProduct(code, to, from, Code.SHIFT_RIGHT_SIGNED)
        break
      case Op.ADDSHIFT:
        code.get(to).get(from).constant(immediate, 0).put(Code.SHIFT_LEFT, Code.ADD).set(to)
        break
      case Op.ADDC:
        constant().put(Code.ADD).set(to)
        break
      case Op.SUB:
        code.get(to).get(from).put(Code.SUB).set(to)
        break
      case Op.XOR:
        code.get(to).get(from).put(Code.XOR).set(to)
        break
      case Op.XORC:
        constant().put(Code.XOR).set(to)
        break
      case Op.ROR:
        constant().put(Code.ROTATE_RIGHT).set(to)
        break
      case Op.TARGET:
        if (hasTarget) code.put(Code.END)
        code.loop()
        hasTarget = true
        break
      case Op.BRANCH:
        code.get(MAY_BRANCH).get(PRODUCT).constant32(immediate).put(Code.I32_AND, Code.I32_EQZ, Code.I32_AND).when()
        code.constant32(0).set(MAY_BRANCH)
        // A branch that has no target yet leads to the beginning of the program, which no program of HashX does.
        code.branch(1).put(Code.END)
        break
    }
  }
  if (hasTarget) code.put(Code.END)
}

/** The hash, and what is kept of it. */
function writeEnd(code: WasmCode, key: Words): void {
  for (const [at, register] of [0, 1, 6, 7].entries()) {
    code.get(REGISTERS + register).constant(key[2 * at] as number, key[2 * at + 1] as number)
    code.put(Code.ADD).set(REGISTERS + register)
  }
  writeRound(code, REGISTERS)
  writeRound(code, REGISTERS + 4)
  code
    .get(REGISTERS)
    .get(REGISTERS + 4)
    .put(Code.XOR)
    .set(LOW)
  const [first, second, third] = TABLE_OFFSETS
  const address = (shift: number): WasmCode => code.get(INDEX).constant32(shift).put(Code.I32_SHIFT_LEFT)
  address(1).get(LOW).put(Code.WRAP).constant32(0x7fff).put(Code.I32_AND).store16(first)
  address(1).get(LOW).constant(15, 0).put(Code.SHIFT_RIGHT, Code.WRAP)
  code.constant32(0x7fff).put(Code.I32_AND).store16(second)
  address(2).get(LOW).constant(30, 0).put(Code.SHIFT_RIGHT, Code.WRAP)
  code.constant32(0x3fff_ffff).put(Code.I32_AND).store32(third)
}

/**
 * The high half of a product of 64 bits by 64, out of four of 32 by 32. With a sign only the high halves of the factors
 * have one.
 */
function writeHighProduct(code: WasmCode, to: number, from: number, shift: number): void {
  const half = (): WasmCode => code.constant(0xffff_ffff, 0).put(Code.AND)
  const high = (by: number = shift): WasmCode => code.constant(32, 0).put(by)
  code.get(to)
  half().set(LOW).get(from)
  half().set(BY_LOW).get(to)
  high().set(HIGH).get(from)
  high().set(BY_HIGH)
  code.get(HIGH).get(BY_LOW).put(Code.MUL).get(LOW).get(BY_LOW).put(Code.MUL)
  high(Code.SHIFT_RIGHT).put(Code.ADD).set(BY_LOW)
  code.get(HIGH).get(BY_HIGH).put(Code.MUL).get(BY_LOW)
  high().put(Code.ADD).get(LOW).get(BY_HIGH).put(Code.MUL).get(BY_LOW)
  half().put(Code.ADD)
  high().put(Code.ADD).tee(to).put(Code.WRAP).set(PRODUCT)
}

function writeExclusiveOr(code: WasmCode, local: number, value: number): void {
  code.get(local).constant(value, 0).put(Code.XOR).set(local)
}

function writeRounds(code: WasmCode, count: number): void {
  for (let left = count; left > 0; left--) writeRound(code, STATE)
}

/** One round of SipHash over four locals. */
function writeRound(code: WasmCode, at: number): void {
  const [v0, v1, v2, v3] = [at, at + 1, at + 2, at + 3]
  const addTo = (local: number, other: number): WasmCode => code.get(local).get(other).put(Code.ADD).set(local)
  const turn = (local: number, bits: number): WasmCode => code.get(local).constant(bits, 0).put(Code.ROTATE_LEFT)
  addTo(v0, v1)
  addTo(v2, v3)
  turn(v1, 13).get(v0).put(Code.XOR).set(v1)
  turn(v3, 16).get(v2).put(Code.XOR).set(v3)
  turn(v0, 32).set(v0)
  addTo(v2, v1)
  addTo(v0, v3)
  turn(v1, 17).get(v2).put(Code.XOR).set(v1)
  turn(v3, 21).get(v0).put(Code.XOR).set(v3)
  turn(v2, 32).set(v2)
}
