/**
 * Which platform this is. Nothing of a runtime is touched before it is chosen.
 *
 * @module
 */
import { bunPlatform } from './bun.ts'
import { hasBuiltinModules } from './builtin.ts'
import { denoPlatform } from './deno.ts'
import { nodePlatform } from './node.ts'
import type { Platform } from './platform.ts'
import { webPlatform } from './web.ts'

let current: Platform | undefined

/** The platform of the runtime that this runs in; always the same one. */
export function currentPlatform(): Platform {
  current ??= choose()
  return current
}

function choose(): Platform {
  // Deno and Bun also claim to be Node, so they are asked for first.
  const runtime = globalThis as { Deno?: unknown; Bun?: unknown; process?: { versions?: { node?: string } } }
  if (hasBuiltinModules()) {
    if (runtime.Deno !== undefined) return denoPlatform()
    if (runtime.Bun !== undefined) return bunPlatform()
    if (runtime.process?.versions?.node !== undefined) return nodePlatform()
  }
  return webPlatform()
}
