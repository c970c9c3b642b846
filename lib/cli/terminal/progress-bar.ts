/**
 * How far a transfer has come, as one line.
 *
 * @module
 */

const WIDTH = 30
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB']

/** A number of bytes for people, in powers of 1000. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}

/**
 * The line for `done` bytes after `elapsed` ms.
 *
 * @param total - how many bytes there will be; undefined when nobody has said
 * @param before - how many of `done` were there before
 */
export function progressLine(done: number, total: number | undefined, elapsed: number, before: number = 0): string {
  const rate = elapsed > 0 ? `${formatBytes(((done - before) / elapsed) * 1000)}/s` : ''
  if (total === undefined || total === 0) return `${formatBytes(done)}  ${rate}`.trimEnd()
  const share = Math.min(1, done / total)
  const filled = Math.round(share * WIDTH)
  const bar = '#'.repeat(filled).padEnd(WIDTH, '.')
  const percent = String(Math.floor(share * 100)).padStart(3)
  return `[${bar}] ${percent} %  ${formatBytes(done)} of ${formatBytes(total)}  ${rate}`.trimEnd()
}
