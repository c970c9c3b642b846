/**
 * Node's built-in modules without an import statement, so that a bundle for a browser holds none:
 * `process.getBuiltinModule`, which Node (from 20.16), Deno and Bun have.
 *
 * @module
 */

/** True where {@link builtinModule} works. */
export const hasBuiltinModules = (): boolean => typeof runtimeProcess()?.getBuiltinModule === 'function'

/** The built-in module of this name, such as `node:tls`. `T` is what the caller uses of it. */
export function builtinModule<T>(name: string): T {
  const found = runtimeProcess()?.getBuiltinModule?.(name)
  if (found === undefined) throw new TypeError(`Cannot find the built-in module ${name}`)
  return found as T
}

interface RuntimeProcess {
  getBuiltinModule?(name: string): unknown
}

const runtimeProcess = (): RuntimeProcess | undefined => (globalThis as { process?: RuntimeProcess }).process
