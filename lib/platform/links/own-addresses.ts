/**
 * Whether a connection is dead for certain because the machine has moved: it has no longer the address that the connection goes
 * out from, and has another one. Whoever is at the far end cannot tell what follows from that, as no packet of the old connection
 * reaches it any more.
 *
 * @module
 */
import { builtinModule } from '../runtime/builtin.ts'

/** One address of this machine. */
export interface OwnAddress {
  readonly address: string
  /** Nobody else can reach it. */
  readonly internal: boolean
}

/** The part of node:os that is used. */
interface OsModule {
  networkInterfaces(): Record<string, readonly OwnAddress[] | undefined>
}

/** The part of `Deno` that is used. */
interface DenoRuntime {
  readonly permissions: {
    querySync(permission: { readonly name: 'sys'; readonly kind: 'networkInterfaces' }): { readonly state: string }
  }
}

/** All addresses of this machine; none where they are not told. Nobody is asked for leave. */
export function ownAddresses(): readonly OwnAddress[] {
  try {
    const { permissions } = (globalThis as unknown as { Deno?: DenoRuntime }).Deno ?? {}
    if (permissions && permissions.querySync({ name: 'sys', kind: 'networkInterfaces' }).state !== 'granted') return []
    return Object.values(builtinModule<OsModule>('node:os').networkInterfaces()).flatMap((some) => some ?? [])
  } catch {
    return [] // a system that does not tell
  }
}

/**
 * Looks, each time that it is called, whether a connection from this address has lost it. Undefined when that cannot be told.
 *
 * @param local - the connection's own address, as long as it is new
 */
export function strandedFrom(
  local: string | undefined,
  all: () => readonly OwnAddress[] = ownAddresses,
): (() => boolean) | undefined {
  const isThere = ({ address }: OwnAddress): boolean => address === local
  if (!all().some(isThere)) return undefined
  return () => {
    const now = all()
    return !now.some(isThere) && now.some(({ internal }) => !internal)
  }
}
