/**
 * Writes consensus diffs (dir-spec, "Consensus diffs"), as directory caches do for clients that have an older consensus.
 *
 * @module
 */
import { encodeHex } from '../../directory/text/encoding.ts'
import { currentPlatform } from '../../platform/current.ts'
import { textBytes } from './document-text.ts'

const SIGNATURES = '\ndirectory-signature '

/** The SHA3-256 of what is signed of a consensus, in hex. */
export function digestAsSignedOf(consensus: string): string {
  return digestOf(consensus.slice(0, consensus.indexOf(SIGNATURES) + SIGNATURES.length))
}

/** The diff from one consensus to another. It is right, and not always the shortest. */
export function writeConsensusDiff(from: string, to: string): string {
  const hashes = `${digestAsSignedOf(from)} ${digestOf(to)}`
  return `network-status-diff-version 1\nhash ${hashes}\n${editScript(linesOf(from), linesOf(to))}`
}

const digestOf = (text: string): string => encodeHex(currentPlatform().sha3.sha3(textBytes(text)))

const linesOf = (text: string): string[] => text.split('\n').slice(0, -1)

/** How far ahead a line is looked for. */
const AHEAD = 400

/** The commands of ed that make `to` of `from`, the last first. */
export function editScript(from: readonly string[], to: readonly string[]): string {
  const commands: string[] = []
  let [ours, theirs] = [0, 0]
  while (ours < from.length || theirs < to.length) {
    if (ours < from.length && from[ours] === to[theirs]) {
      ours += 1
      theirs += 1
      continue
    }
    const [gone, come] = nextMatch(from, to, ours, theirs)
    commands.push(command(ours, gone, to.slice(theirs, theirs + come)))
    ours += gone
    theirs += come
  }
  return commands.reverse().join('')
}

/** How many lines go and come until both sides are alike again. */
function nextMatch(from: readonly string[], to: readonly string[], ours: number, theirs: number): [number, number] {
  const places = new Map<string, number>()
  for (let at = Math.min(to.length, theirs + AHEAD) - 1; at >= theirs; at--) places.set(to[at] as string, at - theirs)
  let best: [number, number] | undefined
  for (let gone = 0; gone < AHEAD && ours + gone < from.length; gone++) {
    const come = places.get(from[ours + gone] as string)
    if (come !== undefined && (best === undefined || gone + come < best[0] + best[1])) best = [gone, come]
    if (best !== undefined && gone >= best[0] + best[1]) break
  }
  return best ?? [from.length - ours, to.length - theirs]
}

function command(ours: number, gone: number, added: readonly string[]): string {
  const lines = added.map((line) => `${line}\n`).join('')
  if (gone === 0) return `${ours}a\n${lines}.\n`
  const range = gone === 1 ? `${ours + 1}` : `${ours + 1},${ours + gone}`
  return added.length === 0 ? `${range}d\n` : `${range}c\n${lines}.\n`
}
