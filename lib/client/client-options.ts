/**
 * What a client may be told when it opens.
 *
 * @module
 */
import type { OptionNames } from '../base/checks.ts'
import type { Clock } from '../base/waiting/clock.ts'
import type { Random } from '../base/random.ts'
import type { LinkPaddingMode } from '../channel/link-padding.ts'
import type { NetworkConfig } from '../directory/network/network-config.ts'
import type { DirectoryRelay } from '../directory/network-directory.ts'
import type { Transport } from '../platform/links/transport.ts'
import type { Platform } from '../platform/platform.ts'
import type { Storage } from '../platform/storage/storage.ts'
import type { StreamOptions } from '../stream/options.ts'
import type { ClientStatus } from './bootstrap/status.ts'
import type { OnionClientKey } from './connect-options.ts'
import type { ProofOfWorkOptions } from './proof-of-work.ts'

/** Options of `TorClient.open`. */
export interface TorClientOptions {
  /**
   * Which network: the public one, or one of one's own.
   *
   * @defaultValue 'public'
   */
  readonly network?: 'public' | NetworkConfig | undefined
  /** How relays are reached; the runtime's own way by default. A browser has none. */
  readonly transport?: Transport | undefined
  /**
   * Where directory and guards are kept; by default a cache directory of files where the runtime has files, in a browser a
   * database of the page's origin (`IndexedDbStorage`), each network with a place of its own; memory for a network whose
   * `testing` is true. A client whose storage fails goes on in memory, and says so in `status.warnings`.
   */
  readonly storage?: Storage | undefined
  /**
   * `false` gives every circuit fixed windows. Otherwise those to exits that speak it have congestion control, if the
   * network says so.
   *
   * @defaultValue true
   */
  readonly congestionControl?: boolean | undefined
  /**
   * How much the links to guards are padded, so that whoever keeps records of flows on the way sees one long flow, and not
   * when it was used:
   *
   * - `'normal'`: by both ends, whenever nothing has passed for a few seconds, as C tor does by default. It costs some
   *   0.3 MB an hour each way and link while nothing else passes, and a cell each 6 seconds wakes the radio of a phone.
   * - `'reduced'`: the relay is told not to, and this end pads every 12 seconds or so: 0.15 MB an hour out. C tor's
   *   `ReducedConnectionPadding`.
   * - `'off'`: neither does. C tor's `ConnectionPadding 0`; the rarest of the three, which tells this client from others.
   *
   * Only links that carry circuits of streams are padded. It never keeps a process.
   *
   * @defaultValue 'normal'
   */
  readonly linkPadding?: LinkPaddingMode | undefined
  /**
   * Defaults for the streams of this client, those of `fetch` too: a browser gives its TLS library here, as `{ tls: {
   * adapter } }`.
   */
  readonly streamDefaults?: StreamOptions | undefined
  /**
   * Where the directory of the network can be had in one request, such as `/directory` of a gateway, relative to the page
   * where there is one. Only a client that has none asks there, once while it opens, with `fetch`: **a request outside Tor**,
   * which tells that server this machine's address, and that Tor is used. What comes is verified as any other document, and
   * what is missing, old or wrong is fetched from relays: whoever serves it has no say in guards and paths. None by
   * default.
   */
  readonly directory?: string | URL | undefined
  /**
   * Keys for onion services that speak only to clients whose keys they know, by address: an X25519 secret of 32 bytes, or
   * as text in a form of C tor's, `descriptor:x25519:<52 letters>` or the 52 letters of base32 alone.
   */
  readonly onionAuth?: Readonly<Record<string, OnionClientKey>> | undefined
  /**
   * How proofs of work are made for onion services that ask for them while under attack, and serve those first who have
   * made one. `false` makes none.
   *
   * @defaultValue `{}`
   */
  readonly pow?: false | ProofOfWorkOptions | undefined
  /** Gives up opening. Once the client is open it has no effect. */
  readonly signal?: AbortSignal | undefined
  /**
   * How long opening may take in all, in ms.
   *
   * @defaultValue 120000
   */
  readonly timeout?: number | undefined
  /**
   * Called with each step of opening, and when the client is closed. When it throws, opening fails with that; later it
   * makes no difference.
   */
  readonly onProgress?: ((status: ClientStatus) => void) | undefined
  /**
   * Says in which country a relay is, as two letters or as you like: `tor.circuits` and `tor.watch` show it. Without one
   * they show none: the library knows no addresses of countries.
   */
  readonly countryOf?: ((relay: DirectoryRelay) => string | undefined) | undefined
  /** @internal */
  readonly directoryFetch?: typeof globalThis.fetch | undefined
  /** @internal */
  readonly clock?: Clock | undefined
  /** @internal */
  readonly platform?: Platform | undefined
  /** @internal */
  readonly random?: Random | undefined
}

/** The names of all options. */
export const CLIENT_OPTION_NAMES: OptionNames<TorClientOptions> = {
  network: true,
  transport: true,
  storage: true,
  congestionControl: true,
  linkPadding: true,
  streamDefaults: true,
  directory: true,
  onionAuth: true,
  pow: true,
  signal: true,
  timeout: true,
  onProgress: true,
  countryOf: true,
  directoryFetch: true,
  clock: true,
  platform: true,
  random: true,
}
