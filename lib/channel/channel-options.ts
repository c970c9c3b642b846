/**
 * What a caller may choose about a channel.
 *
 * @module
 */
import type { OptionNames } from '../base/checks.ts'
import type { Clock } from '../base/waiting/clock.ts'
import { quoted } from '../base/quoted.ts'
import type { Random } from '../base/random.ts'
import type { Transport } from '../platform/links/transport.ts'
import type { Platform } from '../platform/platform.ts'
import { LINK_PADDING_MODES, type LinkPaddingMode, type LinkPaddingRanges } from './link-padding.ts'

/** How a channel is opened. */
export interface ChannelOptions {
  /** How the relay is reached; the platform's own way by default. A browser has none. */
  readonly transport?: Transport | undefined
  /** Gives up connecting. Once the channel is open it has no effect. */
  readonly signal?: AbortSignal | undefined
  /** For dialling and the handshake, all addresses together, in ms: 10,000 by default. */
  readonly timeout?: number | undefined
  /**
   * How much the link is padded once it carries circuits of several hops; see {@link LinkPaddingMode}.
   *
   * @defaultValue 'normal'
   */
  readonly linkPadding?: LinkPaddingMode | undefined
  /** @internal The ranges of padding that the network tells just now. */
  readonly linkPaddingRanges?: (() => LinkPaddingRanges) | undefined
  /** @internal */
  readonly random?: Random | undefined
  /** The source of time; the runtime's own by default. */
  readonly clock?: Clock | undefined
  /** What is asked of the runtime; the one it runs in by default. */
  readonly platform?: Platform | undefined
}

/** The names of all options. */
export const CHANNEL_OPTION_NAMES: OptionNames<ChannelOptions> = {
  transport: true,
  signal: true,
  timeout: true,
  linkPadding: true,
  linkPaddingRanges: true,
  random: true,
  clock: true,
  platform: true,
}

/**
 * Checks a mode of padding.
 *
 * @throws TypeError naming the option
 */
export function checkLinkPadding(mode: LinkPaddingMode): LinkPaddingMode {
  if (LINK_PADDING_MODES.includes(mode)) return mode
  const modes = LINK_PADDING_MODES.map((each) => `'${each}'`).join(', ')
  throw new TypeError(`Cannot use the option linkPadding as it must be one of ${modes}: ${quoted(mode)}`)
}
