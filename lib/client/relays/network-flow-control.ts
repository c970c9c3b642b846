/**
 * The flow control of circuits, as a network's consensus says it.
 *
 * @module
 */
import type { CircuitOptions } from '../../circuit/circuit-options.ts'
import { readCongestionParameters, readXonXoffParameters } from '../../circuit/congestion/parameters.ts'
import type { NetworkDirectory } from '../../directory/network-directory.ts'
import { CIRCUIT_WINDOW } from '../../stream/flow/windows.ts'

/** What a circuit is opened with. */
export type NetworkFlowControl = Pick<CircuitOptions, 'congestionControl' | 'xonXoff' | 'circuitWindow'>

/**
 * As the consensus says, unless there is to be no congestion control: then windows as it says. Before there is a
 * directory, windows.
 */
export function networkFlowControl(
  directory: NetworkDirectory | undefined,
  wantsCongestionControl: boolean,
): NetworkFlowControl {
  if (directory === undefined) return { congestionControl: false }
  const { cells, step } = CIRCUIT_WINDOW
  const circuitWindow = directory.param('circwindow', cells, step, cells)
  if (!wantsCongestionControl) return { congestionControl: false, circuitWindow }
  const { params } = directory.consensus
  const congestionControl = readCongestionParameters(params) ?? false
  return { congestionControl, xonXoff: readXonXoffParameters(params), circuitWindow }
}
