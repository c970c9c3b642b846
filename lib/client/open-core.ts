/**
 * Opening a client: what its options say, all checked before anything is dialled, and the deadline until it is ready.
 *
 * @module
 */
import { checkLinkPadding } from '../channel/channel-options.ts'
import { startTimer, systemClock } from '../base/waiting/clock.ts'
import { chosenNetwork } from '../directory/network/chosen-network.ts'
import { TorError } from '../base/errors.ts'
import { currentPlatform } from '../platform/current.ts'
import { checkStreamDefaults, type StreamOptions } from '../stream/options.ts'
import { abortSignal, checkOptions, duration, flag } from '../base/checks.ts'
import { ClientCore } from './client-core.ts'
import { CLIENT_OPTION_NAMES, type TorClientOptions } from './client-options.ts'
import { defaultStorage } from './default-storage.ts'
import { unlessAborted } from '../base/waiting/pause.ts'
import { secureRandom } from '../base/random.ts'
import type { OnionKeyring } from './onion-keyring.ts'
import { checkProofOfWork } from './proof-of-work.ts'

const OPEN_TIMEOUT = 120_000

/** What all views of a client have in common. */
export interface OpenedCore {
  readonly core: ClientCore
  readonly streamDefaults: StreamOptions
  readonly onionKeys: OnionKeyring | undefined
}

/**
 * A core that has a first circuit.
 *
 * @throws as `TorClient.open` tells; then nothing stays open
 */
export async function openCore(options: TorClientOptions): Promise<OpenedCore> {
  checkOptions(options, CLIENT_OPTION_NAMES)
  const { clock = systemClock, platform = currentPlatform(), streamDefaults = {}, onProgress } = options
  checkStreamDefaults(streamDefaults)
  const { onionAuth } = options
  const onionKeys =
    onionAuth === undefined ? undefined : new (await import('./onion-keyring.ts')).OnionKeyring(onionAuth)
  const work = checkProofOfWork(options.pow)
  const signal = abortSignal('signal', options.signal)
  const chosen = chosenNetwork(options.network)
  const network = chosen instanceof Promise ? await chosen : chosen
  const timeout = duration('timeout', options.timeout ?? OPEN_TIMEOUT)
  const obstacle = platform.obstacle?.()
  if (obstacle !== undefined) throw new TorError('CLIENT_UNSUPPORTED', obstacle)
  const transport = options.transport ?? platform.transport
  if (transport === undefined) throw new TypeError('Cannot open a client without transport as this runtime cannot dial')
  const deadline = new AbortController()
  let thrown: { readonly error: unknown } | undefined
  const { congestionControl = true, linkPadding = 'normal', countryOf } = options
  flag('congestionControl', congestionControl)
  checkLinkPadding(linkPadding)
  const { directory } = options
  const place = { patience: timeout / 3, fetch: options.directoryFetch }
  const snapshots =
    directory === undefined
      ? undefined
      : new (await import('./bootstrap/sources/snapshot-source.ts')).SnapshotSource(directory, place, clock)
  if (countryOf !== undefined && typeof countryOf !== 'function')
    throw new TypeError('Cannot use the option countryOf as it is no function')
  const core = new ClientCore({
    network,
    transport,
    storage: options.storage ?? (await defaultStorage(options.network ?? 'public', platform)),
    clock,
    platform,
    random: options.random ?? secureRandom,
    congestionControl,
    work,
    linkPadding,
    snapshots,
    countryOf,
    onProgress: (status) => {
      try {
        if (thrown === undefined) onProgress?.(status)
      } catch (error) {
        // Whatever phase this is: it must not look like a fault of the network's.
        thrown = { error }
        deadline.abort()
      }
    },
  })
  const stopTimer = startTimer(clock, timeout, () => deadline.abort())
  try {
    const both = AbortSignal.any([deadline.signal, ...(signal ? [signal] : [])])
    await unlessAborted(core.start(both), both)
    return { core, streamDefaults, onionKeys }
  } catch (error) {
    const { status, lastFailure } = core
    await core.close()
    if (thrown) throw thrown.error
    if (signal?.aborted) throw new TorError('ABORTED', 'opening the client was aborted', { cause: signal.reason })
    if (!deadline.signal.aborted) throw error
    throw new TorError('TIMEOUT', `the client was not ready within ${timeout} ms: ${status.message}`, {
      cause: lastFailure ?? error,
    })
  } finally {
    stopTimer()
  }
}
