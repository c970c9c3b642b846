import { expect } from 'chai'
import type { SeenStream } from '../../../lib/client/attach/attachable-circuit.ts'
import { StreamEntry } from '../../../lib/client/watch/seen.ts'

/** A stream whose state a spec sets. */
const state = (): Record<'bytesIn' | 'bytesOut' | 'waiting' | 'package' | 'deliver', number> &
  Record<'xoffSent' | 'xoffReceived', boolean> => ({
  bytesIn: 270_000,
  bytesOut: 89,
  waiting: 270_000,
  package: 0,
  deliver: 0,
  xoffSent: false,
  xoffReceived: false,
})

describe('A stream that is looked at', () => {
  for (const name of Object.keys(state()) as (keyof ReturnType<typeof state>)[]) {
    it(`has another pulse when nothing but ${name} has changed, so that who watches is told`, () => {
      const now = state()
      const stream = {
        requirements: { host: 'far.example', ports: [80] },
        phase: 'open',
        on: undefined,
        get traffic() {
          return now
        },
        get flow() {
          return { windows: now, xonXoff: now }
        },
      } as unknown as SeenStream
      const entry = new StreamEntry(1, stream, () => undefined)
      const before = entry.pulse
      if (name === 'xoffSent' || name === 'xoffReceived') now[name] = true
      else now[name] += 1
      expect(entry.pulse).to.not.equal(before)
    })
  }
})
