/**
 * ssh and what goes over it, by a ProxyCommand for each of the programs that connect through SOCKS.
 *
 * @module
 */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Program } from '../../support/programs.ts'
import type { Ways } from './front-clients.ts'
import type { Received } from './http-target.ts'
import type { FarEnd, OtherClient, OtherSession } from './other-clients.ts'
import { CLONED_FILE, GIT_ENVIRONMENT, GIT_IDENTITY } from './program-clients.ts'
import { runProgram } from './program.ts'

/** ssh, scp, rsync and git over a ProxyCommand, each with the least that it takes. */
class SshSession implements OtherSession {
  readonly #farEnd: FarEnd
  readonly #directory: string
  readonly #environment: NodeJS.ProcessEnv
  /** The arguments that make ssh and scp know nothing but this. */
  readonly #options: readonly string[]

  static async open(proxyCommand: string, { directory, environment }: Ways, farEnd: FarEnd): Promise<SshSession> {
    const { port, user, key, knownHosts } = farEnd.ssh
    const folder = await mkdtemp(join(directory, 'ssh-'))
    const settings = [
      `ProxyCommand ${proxyCommand}`,
      `Port ${port}`,
      `User ${user}`,
      `IdentityFile ${key}`,
      'IdentitiesOnly yes',
      'IdentityAgent none',
      `UserKnownHostsFile ${knownHosts}`,
      'GlobalKnownHostsFile none',
      'StrictHostKeyChecking yes',
      'BatchMode yes',
      'LogLevel ERROR',
    ]
    const file = join(folder, 'settings')
    await writeFile(file, `${settings.join('\n')}\n`)
    return new SshSession(['-F', file], folder, { ...environment, ...GIT_ENVIRONMENT }, farEnd)
  }

  private constructor(options: readonly string[], directory: string, environment: NodeJS.ProcessEnv, farEnd: FarEnd) {
    this.#options = options
    this.#directory = directory
    this.#environment = environment
    this.#farEnd = farEnd
  }

  readonly receives: OtherSession['receives'] = {
    'ssh': (host) => this.#run('ssh', [...this.#options, host, `cat ${this.#farEnd.file}`]),
    'scp': (host) => this.#copied('scp', this.#options, host),
    'rsync': (host) => this.#copied('rsync', ['-e', this.#shell], host),
    'git clone': async (host) => readFile(join(await this.#clone(host), CLONED_FILE)),
  }

  readonly sends: OtherSession['sends'] = {
    'ssh': async (host) => {
      const place = await this.#place()
      await this.#run('ssh', [...this.#options, host, `cat > ${place}`], await readFile(this.#farEnd.file))
      return receivedAt(place)
    },
    'scp': (host) => this.#copy('scp', this.#options, host),
    'rsync': (host) => this.#copy('rsync', ['-e', this.#shell], host),
    'git push': async (host) => {
      const tree = await this.#clone(host)
      const content = await readFile(this.#farEnd.file)
      // What the repository has already would not be sent: the same bytes from the last to the first have to be.
      await writeFile(join(tree, CLONED_FILE), Uint8Array.from(content).reverse())
      await this.#git(['-C', tree, 'commit', '--quiet', '--all', '--message=from the last to the first'])
      await this.#git(['-C', tree, 'push', '--quiet', '--force', 'origin', 'HEAD:refs/heads/pushed'])
      const pushed = await this.#git(['-C', this.#farEnd.repository, 'cat-file', 'blob', `pushed:${CLONED_FILE}`])
      return receivedOf(pushed.reverse())
    },
  }

  waits(host: string, sign: string): Promise<unknown> {
    // It ends with the server that started it.
    return this.#run('ssh', [...this.#options, host, `touch ${sign}; tail --follow --pid=$PPID /dev/null`])
  }

  get #shell(): string {
    return ['ssh', ...this.#options].join(' ')
  }

  async #copied(program: string, args: readonly string[], host: string): Promise<Buffer> {
    const copy = await this.#place()
    await this.#run(program, [...args, `${host}:${this.#farEnd.file}`, copy])
    return await readFile(copy)
  }

  async #copy(program: string, args: readonly string[], host: string): Promise<Received> {
    const copy = await this.#place()
    await this.#run(program, [...args, this.#farEnd.file, `${host}:${copy}`])
    return await receivedAt(copy)
  }

  async #clone(host: string): Promise<string> {
    const tree = await this.#place()
    await this.#git(['clone', '--quiet', `ssh://${host}${this.#farEnd.repository}`, tree])
    return tree
  }

  /** A path where nothing is, at both ends. */
  async #place(): Promise<string> {
    return join(await mkdtemp(join(this.#directory, 'place-')), 'it')
  }

  #run(program: string, args: readonly string[], input?: Uint8Array): Promise<Buffer> {
    return runProgram(program, args, { environment: this.#environment, ...(input === undefined ? {} : { input }) })
  }

  #git(args: readonly string[]): Promise<Buffer> {
    const environment = { ...this.#environment, GIT_SSH_COMMAND: this.#shell }
    return runProgram('git', [...GIT_IDENTITY, ...args], { environment })
  }
}

const receivedOf = (content: Uint8Array): Received => ({
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
})

const receivedAt = async (file: string): Promise<Received> => receivedOf(await readFile(file))

/**
 * @param command - that connects through the proxy
 * @param beside - that connects by itself
 */
const by = (
  name: string,
  program: Program,
  command: (address: string, port: string) => string,
  beside: string,
): OtherClient => ({
  name: `ssh, and scp, rsync and git over it, by ${name}`,
  how: `\`ProxyCommand ${command('127.0.0.1', '9050')}\``,
  programs: ['ssh', 'sshd', 'rsync', 'git', program],
  open(ways, farEnd) {
    const [address = '', port = ''] = ways.proxy.split(':')
    return SshSession.open(command(address, port), ways, farEnd)
  },
  openBeside: (ways, farEnd) => SshSession.open(beside, ways, farEnd),
})

/** In the order of the table. */
export const SSH_CLIENTS: readonly OtherClient[] = [
  by(
    'netcat-openbsd',
    'nc.openbsd',
    (address, port) => `nc.openbsd -X 5 -x ${address}:${port} %h %p`,
    'nc.openbsd %h %p',
  ),
  by('ncat', 'ncat', (address, port) => `ncat --proxy-type socks5 --proxy ${address}:${port} %h %p`, 'ncat %h %p'),
  by('socat', 'socat', (address, port) => `socat - SOCKS4A:${address}:%h:%p,socksport=${port}`, 'socat - TCP:%h:%p'),
]
