/**
 * A client of a private network of real tor, the front on a port of this machine, and the far end: all that the clients
 * of a front need.
 *
 * @module
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { refuseTarget } from '../../../lib/client/attach/refusals.ts'
import type { ConnectOptions } from '../../../lib/client/connect-options.ts'
import { TorClient } from '../../../lib/client/tor-client.ts'
import { parseDirAuthorityLines } from '../../../lib/directory/network/dir-authority-lines.ts'
import { createFetch, type Fetch } from '../../../lib/fetch/create-fetch.ts'
import { listenSocks, type SocksListener } from '../../../lib/node.ts'
import { MemoryStorage } from '../../../lib/platform/storage/storage.ts'
import type { TorStream } from '../../../lib/stream/tor-stream.ts'
import { findProgram } from '../../support/programs.ts'
import { authority } from '../../support/tls-authority.ts'
import { makeAptRepository } from './apt-clients.ts'
import type { Ways } from './front-clients.ts'
import type { TorNetwork } from './network.ts'
import { CLONED_FILE, GIT_ENVIRONMENT, GIT_IDENTITY } from './program-clients.ts'
import { runProgram } from './program.ts'
import { testBytes } from './test-bytes.ts'
import { WebTarget } from './web-target.ts'

/** Options of {@link FrontFixture.open}. */
export interface FrontFixtureOptions {
  /** The size of the file in the repositories `/SIZE.git` and `/SIZE.apt` of the target, if there are to be any, in bytes. */
  readonly repository?: number
}

/** All of it. */
export class FrontFixture {
  readonly target: WebTarget
  readonly tor: TorClient
  readonly front: SocksListener
  /**
   * The exit that every new stream takes, by its fingerprint; any by default. Connections that a client keeps stay
   * where they are.
   */
  exit: string | undefined
  /** Whether private addresses are refused as they are on the public network. On a testing network they are not. */
  refusesPrivate = false
  /** The addresses that were refused for that. */
  readonly refused: string[] = []
  /** The repository that there is, if one was wanted and git is there. */
  readonly repository: string | undefined
  readonly #directory: string
  readonly #fetch: Fetch
  readonly #file: string

  /** Opens a client of `network`, and the rest. */
  static async open(network: TorNetwork, { repository }: FrontFixtureOptions = {}): Promise<FrontFixture> {
    const directory = await mkdtemp(join(tmpdir(), 'tor-streams-fronts-'))
    await writeFile(join(directory, 'authority.pem'), authority)
    const bare = repository === undefined ? undefined : await makeRepository(directory, repository)
    if (repository !== undefined) await makeAptRepository(directory, repository)
    const target = await WebTarget.start(directory)
    const tor = await TorClient.open({
      network: { authorities: parseDirAuthorityLines(network.dirAuthorityLines), fallbacks: [], testing: true },
      storage: new MemoryStorage(),
    })
    const front = await listenSocks({
      connect: (address, options) => fixture.connect(address, options),
      resolve: tor.resolve,
      port: 0,
      http: true,
    })
    const fixture: FrontFixture = new FrontFixture(directory, bare, target, tor, front)
    return fixture
  }

  private constructor(
    directory: string,
    repository: string | undefined,
    target: WebTarget,
    tor: TorClient,
    front: SocksListener,
  ) {
    this.#directory = directory
    this.repository = repository
    this.#file = join(directory, 'authority.pem')
    this.target = target
    this.tor = tor
    this.front = front
    // As tor.fetch, but with an authority of its own.
    this.#fetch = createFetch({
      connect: (address, options) => this.connect(address, { ...options, tls: { ca: authority } }),
    })
  }

  /** What every client is plugged into. `more` is added to the environment of a program. */
  ways(more: NodeJS.ProcessEnv = {}): Ways {
    const isPlain = (input: unknown): boolean =>
      this.exit === undefined && !this.refusesPrivate && String(input).startsWith('http:')
    return {
      connect: (address, options) => this.connect(address as Target, options),
      fetch: (input, init) => (isPlain(input) ? this.tor.fetch(input, init) : this.#fetch(input, init)),
      proxy: `${this.front.address}:${this.front.port}`,
      authority: { pem: authority, file: this.#file },
      directory: this.#directory,
      environment: { PATH: process.env['PATH'], HOME: this.#directory, ...more },
      isRecorded: 'OUTGOING_RECORD' in more,
    }
  }

  /** `tor.connect`, under the rules that are set. */
  connect(address: Target, options: ConnectOptions = {}): TorStream {
    if (this.refusesPrivate) this.#refusePrivate(address.hostname)
    const { exit } = this
    return this.tor.connect(
      address,
      exit === undefined ? options : { ...options, exit: ({ fingerprint }) => fingerprint === exit },
    )
  }

  #refusePrivate(host: string): void {
    try {
      refuseTarget(host, false)
    } catch (error) {
      this.refused.push(host)
      throw error
    }
  }

  /** Closes all of it, and removes every file. */
  async close(): Promise<void> {
    this.#fetch.close()
    await this.front.close()
    await this.tor.close()
    await this.target.stop()
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

interface Target {
  readonly hostname: string
  readonly port: number
}

/** Makes `SIZE.git` with one file of so many bytes, for whoever serves files and knows nothing of git. */
async function makeRepository(directory: string, size: number): Promise<string | undefined> {
  const git = findProgram('git')
  if (git === undefined) return undefined // Then nobody is there to clone it.
  const environment = { PATH: process.env['PATH'], HOME: directory, ...GIT_ENVIRONMENT }
  const tree = join(directory, 'tree')
  const bare = join(directory, `${size}.git`)
  await mkdir(tree)
  await writeFile(join(tree, CLONED_FILE), testBytes(size))
  await runProgram(git, ['-C', tree, 'init', '--quiet'], { environment })
  await runProgram(git, ['-C', tree, 'add', CLONED_FILE], { environment })
  await runProgram(git, ['-C', tree, ...GIT_IDENTITY, 'commit', '--quiet', '--message=one file'], { environment })
  await runProgram(git, ['clone', '--quiet', '--bare', tree, bare], { environment })
  await runProgram(git, ['-C', bare, 'update-server-info'], { environment })
  return bare
}
