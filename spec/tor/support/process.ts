/**
 * One process of C tor: started with our torrc alone, its log kept, ended by its pid.
 *
 * None outlives this process: when it exits they are killed; when it is killed itself, tor notices by
 * `__OwningControllerProcess` within 15 seconds.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { findProgram } from '../../support/programs.ts'

/** The log of a process is cut to its last half when it is longer than this many characters. */
const longestLog = 2 ** 20

/** How long a process may take to end when asked to, in milliseconds, before it is killed. */
const patience = 2000

const living = new Set<ChildProcess>()

process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL')
})

/** Runs a program to its end and resolves with what it wrote to its standard output. Rejects when it fails. */
export async function run(program: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(program, args, { stdio: 'pipe' })
  let output = ''
  let complaint = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  child.stdin.on('error', () => undefined) // A program may end before it has read all.
  child.stdin.end(input)
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${program} ended with ${String(code)}: ${complaint}${output}`)
  return output
}

/** A running tor. */
export class TorProcess {
  readonly nickname: string
  readonly pid: number
  /** Resolves when the process has ended, with a sentence on how. Never rejects. */
  readonly exited: Promise<string>
  readonly #child: ChildProcess
  readonly #directory: string
  #log = ''

  /**
   * Starts tor in `directory`, which becomes its data directory. The torrc must bear `TestingTorNetwork 1`.
   * Rejects when tor cannot be started at all.
   */
  static async start(
    nickname: string,
    directory: string,
    torrc: string,
    environment: NodeJS.ProcessEnv,
  ): Promise<TorProcess> {
    if (!/^TestingTorNetwork 1$/m.test(torrc)) throw new TypeError('torrc must bear "TestingTorNetwork 1"')
    const file = join(directory, 'torrc')
    await writeFile(file, torrc)
    const child = spawn(findProgram('tor') ?? 'tor', ['--defaults-torrc', '/dev/null', '-f', file], {
      cwd: directory,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const running = new TorProcess(nickname, directory, child)
    await once(child, 'spawn')
    return running
  }

  private constructor(nickname: string, directory: string, child: ChildProcess) {
    this.nickname = nickname
    this.pid = child.pid ?? 0
    this.#child = child
    this.#directory = directory
    living.add(child)
    for (const output of [child.stdout, child.stderr])
      output?.setEncoding('utf8').on('data', (text: string) => this.#note(text))
    this.exited = new Promise((resolve) => {
      const end = (how: string): void => {
        living.delete(child)
        resolve(`${nickname} ${how}`)
      }
      child.once('error', (error) => end(`did not start: ${error.message}`))
      child.once('close', (code, signal) => end(`ended with ${String(code ?? signal)}`))
    })
  }

  /** What the process has logged so far. Of a very long log, the end. */
  log(): string {
    return this.#log
  }

  /** Gives the process another torrc and makes it read that. */
  async reload(torrc?: string): Promise<void> {
    if (torrc !== undefined) await writeFile(join(this.#directory, 'torrc'), torrc)
    this.#child.kill('SIGHUP')
  }

  /** Ends the process without a warning, as a crash would. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.exited
  }

  /** Asks the process to end, and kills it when it does not. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    const timer = new AbortController()
    // The delay rejects when the timer is given up, which is after the race is over.
    const tooLong = delay(patience, undefined, { signal: timer.signal }).catch(() => undefined)
    await Promise.race([this.exited, tooLong])
    timer.abort()
    await this.kill()
  }

  #note(text: string): void {
    this.#log += text
    if (this.#log.length > longestLog) this.#log = this.#log.slice(-longestLog / 2)
  }
}
