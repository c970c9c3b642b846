/**
 * As much of WebAssembly's binary format as programs of this kind need (WebAssembly Core Specification, "Binary Format").
 *
 * @module
 */

/** What a block, a loop and a condition give. */
const NOTHING = 0x40

/** Instructions without an operand. */
export const Code = {
  END: 0x0b,
  I32_EQZ: 0x45,
  I32_LESS_UNSIGNED: 0x49,
  I32_ADD: 0x6a,
  I32_AND: 0x71,
  I32_SHIFT_LEFT: 0x74,
  ADD: 0x7c,
  SUB: 0x7d,
  MUL: 0x7e,
  AND: 0x83,
  XOR: 0x85,
  SHIFT_LEFT: 0x86,
  SHIFT_RIGHT_SIGNED: 0x87,
  SHIFT_RIGHT: 0x88,
  ROTATE_LEFT: 0x89,
  ROTATE_RIGHT: 0x8a,
  /** The low half of a number of 64 bits. */
  WRAP: 0xa7,
  /** A number of 64 bits out of one of 32 without sign. */
  EXTEND: 0xad,
} as const

const I32 = 0x7f
const I64 = 0x7e

/** The body of a function, written from its beginning to its end. Numbers are of 64 bits unless a name says otherwise. */
export class WasmCode {
  readonly #bytes: number[] = []

  /** Instructions without an operand. */
  put(...codes: readonly number[]): this {
    this.#bytes.push(...codes)
    return this
  }

  get(local: number): this {
    return this.#with(0x20, local)
  }

  set(local: number): this {
    return this.#with(0x21, local)
  }

  /** Sets it, and goes on with its value. */
  tee(local: number): this {
    return this.#with(0x22, local)
  }

  constant(low: number, high: number): this {
    this.#bytes.push(0x42)
    writeSigned(this.#bytes, (BigInt(high | 0) << 32n) | BigInt(low >>> 0))
    return this
  }

  constant32(value: number): this {
    this.#bytes.push(0x41)
    writeSigned(this.#bytes, BigInt(value | 0))
    return this
  }

  loop(): this {
    return this.put(0x03, NOTHING)
  }

  /** Does what follows, up to the end, if the number of 32 bits is not 0. */
  when(): this {
    return this.put(0x04, NOTHING)
  }

  /** To the beginning of the loop that is so many blocks further out. */
  branch(depth: number): this {
    return this.#with(0x0c, depth)
  }

  /** As {@link branch}, if the number of 32 bits is not 0. */
  branchIf(depth: number): this {
    return this.#with(0x0d, depth)
  }

  /** Stores the low 16 bits of a number of 32 bits, at an address of 32 bits. */
  store16(offset: number): this {
    return this.put(0x3b, 1).#number(offset)
  }

  /** Stores a number of 32 bits, at an address of 32 bits. */
  store32(offset: number): this {
    return this.put(0x36, 2).#number(offset)
  }

  /**
   * A module with this as its one function, `run(from, to)`, both of 32 bits, over the memory `memory` of `here`.
   *
   * @param pages - how much memory it needs at least, in 64 KiB
   * @param locals - how many locals there are beside the two parameters: of 64 bits first, then of 32
   */
  module(pages: number, [wide, narrow]: readonly [wide: number, narrow: number]): Uint8Array<ArrayBuffer> {
    const body: number[] = [2]
    writeUnsigned(body, wide)
    body.push(I64)
    writeUnsigned(body, narrow)
    body.push(I32, ...this.#bytes, Code.END)
    const code: number[] = [1]
    writeUnsigned(code, body.length)
    code.push(...body)
    return Uint8Array.from([
      ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, [1, 0x60, 2, I32, I32, 0]),
      ...section(2, [1, ...name('here'), ...name('memory'), 2, 0, pages]),
      ...section(3, [1, 0]),
      ...section(7, [1, ...name('run'), 0, 0]),
      ...section(10, code),
    ])
  }

  #with(code: number, operand: number): this {
    this.#bytes.push(code)
    return this.#number(operand)
  }

  #number(value: number): this {
    writeUnsigned(this.#bytes, value)
    return this
  }
}

const name = (text: string): number[] => [text.length, ...Array.from(text, (letter) => letter.charCodeAt(0))]

function section(id: number, content: readonly number[]): number[] {
  const bytes = [id]
  writeUnsigned(bytes, content.length)
  bytes.push(...content)
  return bytes
}

/** LEB128 without sign. */
function writeUnsigned(bytes: number[], value: number): void {
  let left = value
  for (; left > 0x7f; left >>>= 7) bytes.push((left & 0x7f) | 0x80)
  bytes.push(left)
}

/** LEB128 with a sign. */
function writeSigned(bytes: number[], value: bigint): void {
  let left = value
  for (; left < -64n || left > 63n; left >>= 7n) bytes.push(Number(left & 0x7fn) | 0x80)
  bytes.push(Number(left & 0x7fn))
}
