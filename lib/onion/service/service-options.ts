/**
 * What an onion service may be told, and what it tells of itself.
 *
 * @module
 */
import { abortSignal, checkOptions, flag, type OptionNames } from '../../base/checks.ts'
import { quoted } from '../../base/quoted.ts'
import { parseClientPublicKey } from '../identity/client-public-key.ts'
import { OnionKey } from '../identity/onion-key.ts'

/** Options of `TorClient.serve`. */
export interface OnionServiceOptions {
  /** The ports that visitors may connect to, 1 to 65535 each. */
  readonly ports: readonly number[]
  /**
   * The key that the address is made of: an `OnionKey` of `tor-streams/onion`, or in a form that `OnionKey.fromTor` reads.
   * Whoever has it is the service.
   *
   * @defaultValue a new one, which is lost with the process unless you keep `service.key`
   */
  readonly key?: OnionKey | Uint8Array | string | undefined
  /**
   * The public keys of those who may find the service: X25519 keys of 32 bytes, or as text, `descriptor:x25519:<52 letters>`
   * as in C tor's `authorized_clients`, or the 52 letters of base32 alone. Everybody may by default.
   */
  readonly clients?: readonly (Uint8Array | string)[] | undefined
  /**
   * How many relays pass visitors on, 1 to 20.
   *
   * @defaultValue 3
   */
  readonly introductionPoints?: number | undefined
  /**
   * How many streams may wait to be taken from `incoming`; those beyond it are refused.
   *
   * @defaultValue 128
   */
  readonly backlog?: number | undefined
  /**
   * Whether clients are asked for proofs of work while more come than can be met, those who have worked most being met
   * first. Clients that know nothing of it come last. Ten thousand wait, and 64 are met, at a time.
   *
   * @defaultValue false
   */
  readonly pow?: boolean | undefined
  /** Called whenever `status` has changed. What it throws is uncaught. */
  readonly onStatus?: ((status: OnionServiceStatus) => void) | undefined
  /** Closes the service. */
  readonly signal?: AbortSignal | undefined
}

const OPTION_NAMES: OptionNames<OnionServiceOptions> = {
  ports: true,
  key: true,
  clients: true,
  introductionPoints: true,
  backlog: true,
  pow: true,
  onStatus: true,
  signal: true,
}

/**
 * How far a service is:
 * - `starting`: clients cannot find it yet
 * - `published`: they can
 * - `degraded`: they could, and no relay passes them on just now, or the last descriptor is with none that keeps it
 * - `closed`
 */
export type OnionServicePhase = 'starting' | 'published' | 'degraded' | 'closed'

/** Relays that are to keep the last descriptors of an onion service. */
export interface OnionServiceUploads {
  /** How many took them. */
  readonly ok: number
  /** How many did not, or could not be reached. */
  readonly failed: number
  /** How many there are to be. */
  readonly of: number
}

/** How an onion service stands. A plain frozen object. */
export interface OnionServiceStatus {
  /** How far it is. */
  readonly phase: OnionServicePhase
  /** How many relays pass visitors on now, for both of the descriptors that a service has at a time. */
  readonly introductionPoints: number
  /** Which relays have its descriptors. */
  readonly uploads: OnionServiceUploads
  /** Circuits with a visitor at their end. */
  readonly visitors: number
  /** Streams that wait to be taken from `incoming`. */
  readonly waiting: number
  /** What went wrong last, as long as it may matter. */
  readonly problem: string | undefined
}

/** Options with every default filled in. */
export interface CheckedServiceOptions {
  readonly ports: ReadonlySet<number>
  readonly key: OnionKey
  readonly clients: readonly Uint8Array[] | undefined
  readonly introductionPoints: number
  readonly backlog: number
  readonly pow: boolean
  readonly onStatus: ((status: OnionServiceStatus) => void) | undefined
  readonly signal: AbortSignal | undefined
}

const MAX_BACKLOG = 65_535

/**
 * Checks options and fills in the defaults.
 *
 * @throws TypeError or RangeError naming the option
 */
export function checkServiceOptions(options: OnionServiceOptions): CheckedServiceOptions {
  checkOptions(options, OPTION_NAMES)
  const { ports, key, clients, onStatus } = options
  if (!Array.isArray(ports)) throw new TypeError('Cannot use the option ports as it is no list')
  if (ports.length === 0) throw new RangeError('Cannot use the option ports as it is empty')
  for (const port of ports as readonly unknown[]) within('ports', port, 1, 65_535)
  if (clients !== undefined && !Array.isArray(clients))
    throw new TypeError('Cannot use the option clients as it is no list')
  if (onStatus !== undefined && typeof onStatus !== 'function')
    throw new TypeError('Cannot use the option onStatus as it is no function')
  return {
    ports: new Set(ports as readonly number[]),
    key: key === undefined ? OnionKey.generate() : key instanceof OnionKey ? key : OnionKey.fromTor(key),
    clients: clients && (clients as readonly (Uint8Array | string)[]).map(clientKey),
    introductionPoints: within('introductionPoints', options.introductionPoints ?? 3, 1, 20),
    backlog: within('backlog', options.backlog ?? 128, 1, MAX_BACKLOG),
    pow: flag('pow', options.pow ?? false),
    onStatus,
    signal: abortSignal('signal', options.signal),
  }
}

function within(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value
  throw new RangeError(`Cannot use the option ${name} as it must be from ${least} to ${most}: ${quoted(value)}`)
}

function clientKey(key: Uint8Array | string): Uint8Array {
  const bytes = parseClientPublicKey(key)
  if (bytes === undefined)
    throw new TypeError('Cannot use the option clients as one of it is no public key of a client')
  return bytes
}
