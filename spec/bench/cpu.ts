/**
 * What processes of others cost.
 *
 * @module
 */
import { readFileSync } from 'node:fs'

/** A tick of /proc/PID/stat, in seconds. Linux has told programs 100 a second since ever. */
const TICK = 0.01

/**
 * CPU seconds that a process has used so far, user and system (proc(5): fields 14 and 15, after the name in brackets).
 */
export function cpuOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK
}
