/**
 * Debian's websockify in front of the relays of a network: `?token=rPORT` leads to that port of 127.0.0.1.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from '../../tor/support/ports.ts'
import { until } from '../../tor/support/poll.ts'

export class Websockify {
  readonly port: number
  readonly #child: ChildProcess
  readonly #directory: string

  static async start(program: string, targets: readonly number[]): Promise<Websockify> {
    const directory = await mkdtemp(join(tmpdir(), 'tor-streams-websockify-'))
    const tokens = join(directory, 'tokens')
    await writeFile(tokens, targets.map((port) => `r${port}: 127.0.0.1:${port}\n`).join(''))
    const [port = 0] = await freePorts(1)
    // It makes a process for each connection: a group of its own, so that all of them end with it.
    const args = ['--token-plugin=TokenFile', `--token-source=${tokens}`, `127.0.0.1:${port}`]
    const child = spawn(program, args, { stdio: 'ignore', detached: true })
    const reached = (): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = connect(port, '127.0.0.1', () => {
          socket.destroy()
          resolve(true)
        })
        socket.on('error', () => resolve(false))
      })
    await until('websockify', AbortSignal.timeout(30_000), reached)
    return new Websockify(child, port, directory)
  }

  private constructor(child: ChildProcess, port: number, directory: string) {
    this.#child = child
    this.port = port
    this.#directory = directory
  }

  /** What a page is told. */
  get url(): string {
    return `ws://127.0.0.1:${this.port}/?token=r{port}`
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve))
    if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL')
    await gone
    await rm(this.#directory, { recursive: true, force: true })
  }
}
