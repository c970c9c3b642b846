/**
 * Which runtime this is, without anything of it.
 *
 * @module
 */
import { hasBuiltinModules } from './builtin.ts'

/** The runtimes that are told apart; `web` is a browser, a worker, or any other. */
export type RuntimeName = 'node' | 'deno' | 'bun' | 'web'

/** The runtime that this runs in. */
export function runtimeName(): RuntimeName {
  // Deno and Bun also claim to be Node, so they are asked for first.
  const runtime = globalThis as { Deno?: unknown; Bun?: unknown; process?: { versions?: { node?: string } } }
  if (!hasBuiltinModules() || isWorkerd()) return 'web'
  if (runtime.Deno !== undefined) return 'deno'
  if (runtime.Bun !== undefined) return 'bun'
  return runtime.process?.versions?.node === undefined ? 'web' : 'node'
}

/** Cloudflare Workers claim to be Node under `nodejs_compat`, but what dials and does TLS there is not Node's. */
const isWorkerd = (): boolean =>
  (globalThis as { navigator?: { userAgent?: unknown } }).navigator?.userAgent === 'Cloudflare-Workers'
