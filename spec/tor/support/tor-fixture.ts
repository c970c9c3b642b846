/**
 * What a private network stands on, and what has to go when it stops: a directory, two servers, processes.
 *
 * @module
 */
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DnsServer } from './dns.ts'
import { HttpTarget } from './http-target.ts'
import { TorProcess } from './process.ts'

/** The fixture of one network. When this process exits without a stop, the directory goes all the same. */
export class TorFixture {
  /** Everything that the network writes is below it. */
  readonly directory: string
  readonly http: HttpTarget
  readonly dns: DnsServer
  readonly #processes: TorProcess[] = []
  readonly #removeDirectory: () => void
  #stopped: Promise<void> | undefined

  static async start(): Promise<TorFixture> {
    const directory = await mkdtemp(join(tmpdir(), 'tor-streams-net-'))
    return new TorFixture(directory, await HttpTarget.start(), await DnsServer.start())
  }

  private constructor(directory: string, http: HttpTarget, dns: DnsServer) {
    this.directory = directory
    this.http = http
    this.dns = dns
    this.#removeDirectory = () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
    process.on('exit', this.#removeDirectory)
  }

  /** Makes a directory, if it is not there, that only its owner may look into; tor takes no other. */
  async makeDirectory(name: string): Promise<string> {
    const directory = join(this.directory, name)
    await mkdir(directory, { mode: 0o700, recursive: true })
    return directory
  }

  /** Starts a tor that ends when the network stops. */
  async startTor(
    nickname: string,
    directory: string,
    torrc: string,
    environment: NodeJS.ProcessEnv,
  ): Promise<TorProcess> {
    const process = await TorProcess.start(nickname, directory, torrc, environment)
    this.#processes.push(process)
    return process
  }

  /** Whether a process ended because another program listens on its port. */
  lostPort(): boolean {
    return this.#processes.some((process) => /Could not bind to .*: Address already in use/.test(process.log()))
  }

  /** Ends every process, then removes every file. Always gives the same promise. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()))
    await Promise.all([this.http.stop(), this.dns.stop()])
    await rm(this.directory, { recursive: true, force: true, maxRetries: 3 })
    process.off('exit', this.#removeDirectory)
  }
}
