/**
 * Which platform this is. Nothing of a runtime is touched before it is chosen.
 *
 * @module
 */
import { bunPlatform } from './bun.ts'
import { denoPlatform } from './deno.ts'
import { nodePlatform } from './node.ts'
import type { Platform } from './platform.ts'
import { runtimeName } from './runtime/runtime.ts'
import { webPlatform } from './web.ts'

let current: Platform | undefined

/** The platform of the runtime that this runs in; always the same one. */
export function currentPlatform(): Platform {
  current ??= choose()
  return current
}

function choose(): Platform {
  switch (runtimeName()) {
    case 'deno':
      return denoPlatform()
    case 'bun':
      return bunPlatform()
    case 'node':
      return nodePlatform()
    case 'web':
      return webPlatform()
  }
}
