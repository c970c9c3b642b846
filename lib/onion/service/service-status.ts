/**
 * How an onion service stands, as far as its introduction points and its descriptors tell.
 *
 * @module
 */
import type { NetworkDirectory } from '../../directory/network-directory.ts'
import { currentPeriod } from '../ring/time-period.ts'
import type { ServiceDescriptor } from './service-descriptor.ts'
import type { OnionServicePhase, OnionServiceStatus } from './service-options.ts'

/** What is looked at. */
export interface ServiceState {
  readonly descriptors: readonly ServiceDescriptor[]
  readonly directory: NetworkDirectory | undefined
  readonly testing: boolean
  readonly isClosed: boolean
  readonly wasPublished: boolean
  readonly visitors: number
  readonly waiting: number
}

/** The state in words and numbers. */
export function statusOf(state: ServiceState): OnionServiceStatus {
  const { descriptors, visitors, waiting } = state
  const sum = (count: (descriptor: ServiceDescriptor) => number): number =>
    descriptors.reduce((total, descriptor) => total + count(descriptor), 0)
  const phase = phaseOf(state)
  return Object.freeze({
    phase,
    introductionPoints: phase === 'closed' ? 0 : sum(({ points }) => points.established),
    uploads: Object.freeze({
      ok: sum(({ publisher }) => publisher.uploads.ok),
      failed: sum(({ publisher }) => publisher.uploads.failed),
      of: sum(({ publisher }) => publisher.uploads.of),
    }),
    visitors,
    waiting,
    problem: phase === 'starting' || phase === 'degraded' ? problemOf(descriptors) : undefined,
  })
}

function phaseOf({ isClosed, wasPublished, descriptors, directory, testing }: ServiceState): OnionServicePhase {
  if (isClosed) return 'closed'
  const period = directory && currentPeriod(directory.consensus, testing).number
  const current = descriptors.find(({ identity }) => identity.period.number === period)
  if (directory !== undefined && current !== undefined && isFound(current, directory)) return 'published'
  return wasPublished ? 'degraded' : 'starting'
}

/** A relay of each replica has it, and one at least passes clients on. */
function isFound({ points, publisher, relays }: ServiceDescriptor, directory: NetworkDirectory): boolean {
  if (points.established === 0 || relays.length === 0) return false
  const perReplica = directory.param('hsdir_spread_store', 4, 1, 128)
  for (let at = 0; at < relays.length; at += perReplica)
    if (!relays.slice(at, at + perReplica).some((relay) => publisher.isAt(relay))) return false
  return true
}

function problemOf(descriptors: readonly ServiceDescriptor[]): string | undefined {
  for (const { points, publisher } of descriptors) {
    const failure = points.established === 0 ? (points.lastFailure ?? publisher.lastFailure) : publisher.lastFailure
    if (failure instanceof Error) return failure.message
  }
  return undefined
}
