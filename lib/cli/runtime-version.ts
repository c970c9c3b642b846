/**
 * Whether this runtime is recent enough. It imports nothing, and has nothing in it that an old one cannot read.
 *
 * @module
 */

/** As `engines` of package.json; a spec compares the two. */
export const LEAST_NODE = '20.19'

/** What is in the way, as a sentence; undefined when nothing is. Deno and Bun say of themselves which Node they are like. */
export function obstacleOf(versions: {
  readonly node?: string | undefined
  readonly deno?: string | undefined
  readonly bun?: string | undefined
}): string | undefined {
  const { node } = versions
  if (versions.deno !== undefined || versions.bun !== undefined || node === undefined) return undefined
  const [major = 0, minor = 0] = node.split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = LEAST_NODE.split('.').map(Number)
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return undefined
  return `This needs Node ${LEAST_NODE} or later, and here is Node ${node}: install a newer one, from nodejs.org or by your system`
}
