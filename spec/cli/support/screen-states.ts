/**
 * States of a proxy's screen, as a busy client and one that begins have them.
 *
 * @module
 */
import type { ScreenState, ShownCircuit, ShownStream } from '../../../lib/cli/screen/screen-state.ts'

export const circuit = (id: number, more: Partial<ShownCircuit> = {}): ShownCircuit => ({
  id,
  age: 125_000,
  path: ['alice', 'bob', 'carol'],
  hops: 3,
  state: 'open',
  purpose: 'streams',
  streams: 0,
  rateIn: 0,
  rateOut: 0,
  ...more,
})

export const stream = (id: number, more: Partial<ShownStream> = {}): ShownStream => ({
  id,
  circuit: 1,
  words: 'open, and quiet',
  hold: undefined,
  waiting: 0,
  rateIn: 0,
  rateOut: 0,
  ...more,
})

export const state = (more: Partial<ScreenState> = {}): ScreenState => ({
  message: 'Ready',
  isReady: true,
  percent: 0,
  notices: [],
  ports: ['SOCKS 9050', 'HTTP 8118'],
  dashboard: undefined,
  uptime: 3_700_000,
  rateIn: 1_200_000,
  rateOut: 30_000,
  totalIn: 120_000_000,
  totalOut: 3_000_000,
  circuits: [],
  streams: [],
  ...more,
})
