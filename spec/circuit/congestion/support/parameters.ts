/**
 * What a consensus without `cc_` parameters says: the defaults.
 *
 * @module
 */
import {
  readCongestionParameters,
  type CongestionControlParameters,
} from '../../../../lib/circuit/congestion/parameters.ts'

const read = readCongestionParameters(new Map())
if (read === undefined) throw new Error('congestion control is not on by default')

export const DEFAULTS: CongestionControlParameters = read
