/**
 * The command line in the process that it runs in: its standard streams, and its signals.
 *
 * @module
 */
import type * as nodeProcess from 'node:process'
import type * as fs from 'node:fs'
import { builtinModule } from '../platform/runtime/builtin.ts'
import { main } from './main.ts'
import type { ProcessEvents } from './terminal/terminal.ts'
import { VERSION } from './version.ts'

/**
 * What asks for a new identity. SIGHUP is the end of a terminal, and SIGUSR1 starts the debugger of Node, which would be
 * a way into the proxy for everybody on this machine.
 */
const IDENTITY_SIGNAL = 'SIGUSR2'

type Process = typeof nodeProcess

/**
 * Runs the program. Resolves to its exit code.
 *
 * @param drawing - the folder of the modules that draw the dashboard
 */
export async function runProgram(process: Process, drawing: URL): Promise<number> {
  const interrupted = new AbortController()
  // The first time everything is closed in order; whoever cannot wait for that interrupts again.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupted.abort())
  const { stdin, stdout, stderr, env, argv } = process
  // Told by the write that fails; and where what goes to stderr cannot be told, nothing can.
  for (const output of [stdout, stderr]) output.on('error', () => undefined)
  const { signal } = interrupted
  const terminal = { stdin, stdout, stderr, environment: env, events: eventsOf(process), signal, drawing }
  return await main(argv.slice(2), terminal, VERSION)
}

function eventsOf(process: Process): ProcessEvents {
  const when = (name: 'SIGUSR2' | 'SIGCONT' | 'exit', callback: () => void): (() => void) => {
    process.on(name, callback)
    return () => void process.off(name, callback)
  }
  return {
    get isForeground() {
      return isForeground()
    },
    onIdentity: (callback) => when(IDENTITY_SIGNAL, callback),
    onContinue: (callback) => when('SIGCONT', callback),
    onExit: (callback) => when('exit', callback),
    suspend: () => void process.kill(process.pid, 'SIGTSTP'),
  }
}

/**
 * False where the terminal belongs to another group of processes, as of `tor-streams proxy &`: to set it would stop this
 * one. Known on Linux only (proc(5): `pgrp` and `tpgid` of `/proc/PID/stat`).
 */
function isForeground(): boolean {
  try {
    const stat = builtinModule<typeof fs>('node:fs').readFileSync('/proc/self/stat', 'utf8')
    const [, , group, , , owner] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return group === owner
  } catch {
    return true // there is no such file, or this program may not read it
  }
}
