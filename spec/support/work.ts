/**
 * Work that can be counted: what does not depend on the machine, and shows whether something takes linear time.
 *
 * @module
 */

type Method = (this: { readonly length: number }, ...args: unknown[]) => unknown
type Methods = Record<PropertyKey, Method>

const BYTES = [
  'set',
  'slice',
  'fill',
  'indexOf',
  'lastIndexOf',
  'includes',
  'join',
  'map',
  'every',
  'some',
  Symbol.iterator,
]
const TEXT = ['startsWith', 'endsWith', 'indexOf', 'includes', 'slice', 'split', 'trim', 'charCodeAt', 'at']

/** How many bytes were searched from a position on. */
const searched = (length: number, [, from]: readonly unknown[], found: unknown): number =>
  (typeof found === 'number' && found >= 0 ? found + 1 : length) - (typeof from === 'number' ? from : 0)

/**
 * Runs `action`, and counts the bytes that it allocates, copies or walks over by the built-in functions, and the
 * characters of each string that it looks into: one that was put together piece by piece is copied for that.
 */
export function workOf(action: () => void): number {
  let work = 0
  const bytes = Object.getPrototypeOf(Uint8Array.prototype) as Methods
  const text = String.prototype as unknown as Methods
  const restore: (() => void)[] = []
  const count = (
    target: Methods,
    name: PropertyKey,
    sizeOf: (self: unknown, args: unknown[], result: unknown) => number,
  ): void => {
    const original = target[name] as Method
    target[name] = function (...args) {
      const result = original.apply(this, args)
      work += sizeOf(this, args, result)
      return result
    }
    restore.push(() => void (target[name] = original))
  }
  const lengthOf = (value: unknown): number => (value as { readonly length: number }).length
  for (const name of BYTES) {
    count(bytes, name, (self, args, result) =>
      name === 'set'
        ? lengthOf(args[0])
        : name === 'slice'
          ? lengthOf(result)
          : name === 'indexOf'
            ? searched(lengthOf(self), args, result)
            : lengthOf(self),
    )
  }
  for (const name of TEXT) count(text, name, (self) => lengthOf(self))
  const Original = Uint8Array
  globalThis.Uint8Array = new Proxy(Original, {
    construct(target, args: unknown[], newTarget) {
      const made = Reflect.construct(target, args, newTarget) as Uint8Array
      // With an offset it is a view, which costs nothing.
      if (!(args[0] instanceof ArrayBuffer)) work += made.length
      return made
    },
  })
  restore.push(() => void (globalThis.Uint8Array = Original))
  try {
    action()
  } finally {
    for (const each of restore) each()
  }
  return work
}
