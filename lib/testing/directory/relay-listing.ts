/**
 * What the directory of a test network says of a relay.
 *
 * @module
 */
import { REJECT_ALL } from './microdescriptor-writer.ts'

/**
 * What the consensus and the microdescriptor say of a relay, beside its keys and addresses. Each is a knob: the next
 * document that is served has it.
 */
export interface RelayListing {
  /** The flags of the `s` line, in any order. A relay without `V2Dir` refuses BEGIN_DIR. */
  flags: readonly string[]
  /** Kilobytes a second. */
  bandwidth: number
  /** False for `Unmeasured=1`. */
  measured: boolean
  /**
   * The summary of its exit policy, as `accept 80,443` or `reject 25`. It holds: BEGIN to other ports ends with
   * EXITPOLICY.
   */
  exitPolicy: string
  /** The same for IPv6; undefined rejects everything. */
  exitPolicyIPv6: string | undefined
  /**
   * The `family` line: nicknames of relays of the network, which are written as fingerprints, or entries of one's own.
   * A family is one only where both relays name each other.
   */
  family: readonly string[]
  /** The `family-ids` line, as it is. */
  familyIds: readonly string[]
  /** The `v` line. */
  version: string
  /** The `pr` line. */
  protocols: string
  /** Whether the microdescriptor has the old TAP onion key, which nobody uses any more. */
  tapKey: boolean
}

/** Whether a relay connects streams to a port, by its summaries for IPv4 and IPv6 together. @internal */
export function allowsPort({ exitPolicy, exitPolicyIPv6 = REJECT_ALL }: RelayListing, port: number): boolean {
  return [exitPolicy, exitPolicyIPv6].some((summary) => {
    const { accepts, ranges } = parsePolicy(summary)
    return ranges.some(([from, to]) => port >= from && port <= to) === accepts
  })
}

/**
 * A summary of ports as ranges. @internal
 *
 * @throws TypeError when it is none
 */
export function parsePolicy(summary: string): {
  readonly accepts: boolean
  readonly ranges: readonly (readonly [number, number])[]
} {
  const match = /^(accept|reject) (\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*)$/.exec(summary)
  if (match === null) throw new TypeError(`Cannot use an exit policy that is no summary of ports: ${summary}`)
  const ranges = (match[2] as string).split(',').map((range) => {
    const [from, to = from] = range.split('-').map(Number) as [number, number?]
    return [from, to] as const
  })
  return { accepts: match[1] === 'accept', ranges }
}
