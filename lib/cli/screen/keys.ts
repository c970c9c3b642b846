/**
 * What is typed. A terminal sends letters as they are, and keys such as arrows as sequences that begin with ESC and have
 * letters in them: those must not count as letters.
 *
 * @module
 */

/** What a key asks for. */
export type Key = 'identity' | 'help' | 'quit' | 'interrupt' | 'suspend' | 'other'

const KEYS: Readonly<Record<string, Key>> = {
  'n': 'identity',
  'h': 'help',
  '?': 'help',
  'q': 'quit',
  '\x03': 'interrupt', // Ctrl-C
  '\x04': 'quit', // Ctrl-D
  '\x1a': 'suspend', // Ctrl-Z
}

/** A sequence of a key, of the mouse or of what is pasted: ESC with `[` or `O` and what follows, or with one character. */

const SEQUENCE = /^\x1b(?:\[[0-?]*[ -/]*[@-~]|O[ -~]|[^[O])/

/** What was typed in these characters: together, as a terminal hands them over. */
export function keysOf(text: string): Key[] {
  const keys: Key[] = []
  for (let rest = text; rest !== '';) {
    const sequence = SEQUENCE.exec(rest)?.[0]
    const each = sequence ?? (rest.startsWith('\x1b') ? rest : rest.charAt(0))
    keys.push(sequence === undefined ? (KEYS[each.toLowerCase()] ?? 'other') : 'other')
    rest = rest.slice(each.length)
  }
  return keys
}
