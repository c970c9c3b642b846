/**
 * Opening a client at a time when there is perhaps no network yet: while a machine starts, before somebody is in the
 * Wi-Fi, or with a clock that is set only once there is one.
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import { pause } from '../../base/waiting/pause.ts'
import { codeOf, sentenceOf } from '../terminal/sentence.ts'

/** How long to wait after each try, in ms; the last counts for all further ones. */
const DELAYS = [2_000, 5_000, 10_000, 20_000, 30_000, 60_000] as const

/** What may be another time: no relay answers, or what they say does not fit the clock of this machine. */
const PASSES = /^(LINK_|DIRECTORY_|CIRCUIT_|TIMEOUT$|NO_PATH$)/

/** How to wait, and who is told. */
export interface PatienceOptions {
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Called with why, and when it is tried again, before each wait. */
  waits(sentence: string): void
}

/**
 * What `open` comes to, tried until it does.
 *
 * @throws what `open` fails with, if that does not pass by waiting; TorError `ABORTED`
 */
export async function openPatiently<T>(open: () => Promise<T>, options: PatienceOptions): Promise<T> {
  const { clock, signal, waits } = options
  for (let attempt = 0; ; attempt++) {
    try {
      return await open()
    } catch (error) {
      if (signal.aborted || !PASSES.test(codeOf(error) ?? '')) throw error
      const delay = DELAYS[Math.min(attempt, DELAYS.length - 1)] as number
      waits(`Waiting for a network; the next try is in ${delay / 1000} s. ${sentenceOf(error)}`)
      await pause(clock, delay, [signal])
    }
  }
}
