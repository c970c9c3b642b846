/**
 * What a caller may choose about a circuit.
 *
 * @module
 */
import { abortSignal, numbers, type OptionNames } from '../base/checks.ts'
import { systemClock, type Clock } from '../base/waiting/clock.ts'
import { quoted } from '../base/quoted.ts'
import { Channel } from '../channel/channel.ts'
import { currentPlatform } from '../platform/current.ts'
import type { Transport } from '../platform/links/transport.ts'
import type { Platform } from '../platform/platform.ts'
import type { DirectoryServer } from '../relay.ts'
import type { XonXoffParameters } from '../stream/contract/flow-parameters.ts'
import { CIRCUIT_WINDOW } from '../stream/flow/windows.ts'
import { checkStreamDefaults, type StreamOptions } from '../stream/options.ts'
import type { CongestionControlSetup } from './congestion/negotiated.ts'
import {
  CONGESTION_PARAMETER_NAMES,
  readCongestionParameters,
  readXonXoffParameters,
  XON_XOFF_PARAMETER_NAMES,
  type CongestionControlParameters,
} from './congestion/parameters.ts'

/** Options of {@link Circuit.open}. */
export interface CircuitOptions {
  /** How the first relay is reached; the runtime's own way by default. A browser has none. */
  readonly transport?: Transport | undefined
  /**
   * A channel to the first relay, open or being opened, to share: it must have proved every identity that is known of
   * it, or the circuit fails with `LINK_IDENTITY`. Otherwise the circuit dials one and closes it with itself.
   */
  readonly channel?: Channel | Promise<Channel> | undefined
  /** Gives up building, or closes the circuit. */
  readonly signal?: AbortSignal | undefined
  /**
   * How long building may take in all, dialling included, in ms. `Infinity` for no limit.
   *
   * @defaultValue 60000
   */
  readonly timeout?: number | undefined
  /**
   * Congestion control (proposal 324), which is negotiated with the last relay if it speaks it: with these parameters,
   * which a consensus tells; `false` for fixed windows.
   *
   * @defaultValue the parameters that hold without a consensus
   */
  readonly congestionControl?: false | CongestionControlParameters | undefined
  /**
   * When a stream is told to stop and to go on, under congestion control.
   *
   * @defaultValue the parameters that hold without a consensus
   */
  readonly xonXoff?: XonXoffParameters | undefined
  /**
   * The most DATA cells that may be on their way to a relay before it acknowledges some, where windows are fixed: 100 to
   * 1000, which a consensus tells (`circwindow`). Under congestion control it makes no difference.
   *
   * @defaultValue 1000
   */
  readonly circuitWindow?: number | undefined
  /** Defaults for the streams of this circuit. */
  readonly streamDefaults?: StreamOptions | undefined
  /** @internal */
  readonly clock?: Clock | undefined
  /** @internal */
  readonly platform?: Platform | undefined
}

/** Options of {@link Circuit.openToDirectory}: its one hop has fixed windows. */
export type DirectoryCircuitOptions = Omit<CircuitOptions, 'congestionControl' | 'xonXoff'>

/** Every option of a circuit of one hop. */
export const DIRECTORY_CIRCUIT_OPTION_NAMES: OptionNames<DirectoryCircuitOptions> = {
  transport: true,
  channel: true,
  signal: true,
  timeout: true,
  circuitWindow: true,
  streamDefaults: true,
  clock: true,
  platform: true,
}

/** Every option of a circuit. */
export const CIRCUIT_OPTION_NAMES: OptionNames<CircuitOptions> = {
  ...DIRECTORY_CIRCUIT_OPTION_NAMES,
  congestionControl: true,
  xonXoff: true,
}

/**
 * Checks what would fail only later, or as something else.
 *
 * @throws TypeError or RangeError naming the option
 */
export function checkCircuit(options: CircuitOptions, first: DirectoryServer): void {
  const { channel, transport, congestionControl, xonXoff, circuitWindow, platform = currentPlatform() } = options
  abortSignal('signal', options.signal)
  checkStreamDefaults(options.streamDefaults)
  if (circuitWindow !== undefined) checkCircuitWindow(circuitWindow)
  if (congestionControl !== undefined && congestionControl !== false && typeof congestionControl !== 'object') {
    throw new TypeError('Cannot open a circuit as congestionControl is neither false nor parameters')
  }
  if (congestionControl) numbers('congestionControl', congestionControl, CONGESTION_PARAMETER_NAMES)
  if (xonXoff !== undefined) numbers('xonXoff', xonXoff, XON_XOFF_PARAMETER_NAMES)
  if (channel instanceof Channel && !channel.leadsTo(first)) {
    throw new TypeError('Cannot open a circuit as channel leads to another relay than path[0]')
  }
  if (channel === undefined && transport === undefined && platform.transport === undefined) {
    throw new TypeError('Cannot open a circuit without transport or channel as this runtime cannot dial')
  }
}

/** A window of less than a step would never be acknowledged (param-spec, `circwindow`). */
function checkCircuitWindow(cells: number): void {
  const { step: least, cells: most } = CIRCUIT_WINDOW
  if (Number.isInteger(cells) && cells >= least && cells <= most) return
  throw new RangeError(`Cannot use the option circuitWindow as it must be ${least} to ${most} cells: ${quoted(cells)}`)
}

/** What to negotiate, if anything. */
export function congestionControlOf({
  congestionControl,
  xonXoff,
  clock = systemClock,
}: CircuitOptions): CongestionControlSetup | undefined {
  if (congestionControl === false) return undefined
  const parameters = congestionControl ?? readCongestionParameters(new Map())
  return parameters && { parameters, xonXoff: xonXoff ?? readXonXoffParameters(new Map()), clock }
}
