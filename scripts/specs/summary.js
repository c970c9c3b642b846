/**
 * What `npm test` prints.
 *
 * @module
 */

/** @typedef {import('./engine-run.js').Outcome} Outcome */

/**
 * Runs `work` for each item, `jobs` at a time. What each says comes out in the order of the items, never mixed.
 *
 * @template T
 * @template R
 * @param {readonly T[]} items
 * @param {number} jobs
 * @param {(item: T, say: (text: string) => void) => Promise<R>} work
 * @returns {Promise<R[]>}
 */
export async function inTurn(items, jobs, work) {
  /** @type {{ text: string, done: boolean }[]} */
  const outputs = items.map(() => ({ text: '', done: false }))
  /** @type {R[]} */
  const results = []
  let next = 0
  const print = () => {
    for (const output of outputs) {
      if (output.text !== '') process.stdout.write(output.text)
      output.text = ''
      if (!output.done) return
    }
  }
  const worker = async () => {
    for (;;) {
      const index = next
      next += 1
      const item = items[index]
      const output = outputs[index]
      if (item === undefined || output === undefined) return
      results[index] = await work(item, (text) => {
        output.text += text
        print()
      })
      output.done = true
      print()
    }
  }
  await Promise.all(Array.from({ length: Math.max(1, jobs) }, worker))
  return results
}

/**
 * A table of engines, what is pending and why, what engines lack, and the sum as the last line.
 *
 * @param {readonly Outcome[]} outcomes
 */
export function printSummary(outcomes) {
  const head = ['', 'passed', 'failed', 'not run', 'pending', 'not in this engine', 'time']
  const rows = outcomes.map((each) => [
    each.engine,
    ...[each.passed, each.failed, each.lost, each.pending.length, each.lacking.length].map(String),
    `${each.seconds.toFixed(1)} s`,
  ])
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  '),
  )
  console.log(`\n${lines.join('\n')}`)

  list(
    'pending',
    outcomes.flatMap(({ engine, pending }) =>
      pending.map(({ title, reason }) => `${engine}: ${title}: ${reason ?? 'no reason given'}`),
    ),
  )
  list(
    'not in this engine',
    outcomes.flatMap(({ engine, lacking }) => counted(lacking.map(({ reason }) => `${engine}: ${reason}`))),
  )

  const sum = (/** @type {'passed' | 'failed'} */ name) => outcomes.reduce((total, each) => total + each[name], 0)
  console.log(`\nspecs: ${sum('passed')} passed, ${sum('failed')} failed`)
}

/**
 * The files that took longest, over all engines.
 *
 * @param {readonly Outcome[]} outcomes
 * @param {number} count How many of them.
 * @param {(file: string) => string} nameOf
 */
export function printSlowest(outcomes, count, nameOf) {
  const inSeconds = (/** @type {number | undefined} */ ms) => (ms === undefined ? '?' : (ms / 1_000).toFixed(1))
  const files = outcomes.flatMap(({ engine, files }) => files.map((each) => ({ engine, ...each })))
  list(
    'slowest files (seconds; of them computing)',
    files
      .sort((one, other) => other.ms - one.ms)
      .slice(0, count)
      .map(
        ({ engine, file, ms, cpu }) =>
          `${inSeconds(ms).padStart(6)} ${inSeconds(cpu).padStart(6)}  ${engine} ${nameOf(file)}`,
      ),
  )
}

/**
 * @param {string} title
 * @param {readonly string[]} lines
 */
function list(title, lines) {
  if (lines.length > 0) console.log(`\n${title}:\n${lines.map((line) => `  ${line}`).join('\n')}`)
}

/**
 * Equal lines as one, with how many there were.
 *
 * @param {readonly string[]} lines
 */
function counted(lines) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1)
  return [...counts].map(([line, count]) => `${line} (${count})`)
}
