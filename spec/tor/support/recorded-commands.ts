/**
 * Commands of this library's program, each in a process of its own that is recorded as outgoing-child.c does it, with what
 * they write.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bundle, outputFolder } from '../../../scripts/bundle.js'
import { ROOT } from '../../../scripts/files.js'
import type { ChildRecorder } from './outgoing-child.ts'
import { until } from './poll.ts'

/** A command that runs. */
export interface RecordedCommand {
  /** What it is recorded as. */
  readonly label: string
  /** What it has written so far. */
  readonly stdout: string
  readonly stderr: string
  /** Resolves with what its standard output has of `pattern`, as soon as it has. */
  told(pattern: RegExp): Promise<RegExpExecArray>
  /** Ends it: without a warning by SIGKILL. Resolves when it is gone. */
  end(signal: 'SIGINT' | 'SIGKILL'): Promise<void>
}

export class RecordedCommands {
  readonly #recorder: ChildRecorder
  readonly #outdir: string
  readonly #running = new Set<ChildProcess>()

  /** Bundles the program. */
  static async make(recorder: ChildRecorder): Promise<RecordedCommands> {
    const outdir = outputFolder('recorded-commands')
    await bundle({ entries: [join(ROOT, 'lib', 'cli', 'bin.ts')], outdir, outbase: ROOT })
    return new RecordedCommands(recorder, outdir)
  }

  private constructor(recorder: ChildRecorder, outdir: string) {
    this.#recorder = recorder
    this.#outdir = outdir
  }

  /** Starts a command, and does not wait for it. */
  start(label: string, args: readonly string[]): RecordedCommand {
    const child = spawn(process.execPath, [join(this.#outdir, 'lib', 'cli', 'bin.js'), ...args], {
      env: { PATH: process.env['PATH'], HOME: this.#outdir, ...this.#recorder.environment(label) },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#running.add(child)
    const exited = once(child, 'close').then(() => this.#running.delete(child))
    const command = {
      label,
      stdout: '',
      stderr: '',
      told: (pattern: RegExp) =>
        until(`${label} to say ${pattern}`, AbortSignal.timeout(60_000), () => {
          if (!this.#running.has(child)) throw new Error(`${label} has ended: ${command.stderr}`)
          return pattern.exec(command.stdout) ?? undefined
        }),
      async end(signal: 'SIGINT' | 'SIGKILL') {
        child.kill(signal)
        await exited
      },
    }
    child.stdout.setEncoding('utf8').on('data', (text: string) => (command.stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (command.stderr += text))
    return command
  }

  /** Ends what runs, and removes the program. */
  async stop(): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL')
    await until('the commands to end', AbortSignal.timeout(10_000), () => this.#running.size === 0)
    await rm(this.#outdir, { recursive: true, force: true })
  }
}
