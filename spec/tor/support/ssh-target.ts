/**
 * The far end of ssh: a port of 127.0.0.1 with an OpenSSH server of the spec's own for each connection, as inetd would
 * start it. It knows keys and settings of one folder only, lets in whoever runs the specs, and no service is left.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rmdir, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { run } from './process.ts'

/** Where sshd wants an empty folder when root starts it; what starts services makes it. */
const EMPTY_FOLDER = '/run/sshd'

/** How its client finds and knows it. */
export interface SshIdentity {
  readonly port: number
  readonly user: string
  /** Files: the client's key, and the key of the server for every name. */
  readonly key: string
  readonly knownHosts: string
}

/** Servers of ssh. */
export class SshTarget {
  readonly identity: SshIdentity
  readonly #server: Server
  readonly #running: ReadonlySet<ChildProcess>
  readonly #madeFolder: boolean

  /**
   * @param sshd - the path of the program
   * @param directory - for its files
   */
  static async start(sshd: string, directory: string): Promise<SshTarget> {
    const folder = await mkdtemp(join(directory, 'sshd-'))
    const [hostKey, key] = await Promise.all(['host-key', 'key'].map((name) => makeKey(join(folder, name))))
    const authorized = join(folder, 'authorized-keys')
    await copyFile(`${key}.pub`, authorized)
    const settings = join(folder, 'settings')
    await writeFile(settings, settingsOf(hostKey as string, authorized))
    const knownHosts = join(folder, 'known-hosts')
    await writeFile(knownHosts, `* ${await run('ssh-keygen', ['-y', '-f', hostKey as string])}`)

    const running = new Set<ChildProcess>()
    const server = createServer({ pauseOnConnect: true }, (socket) => answer(socket))
    function answer(socket: Socket): void {
      // The connection is the server's own input and output, so that it sees its end, and we keep none of it.
      const child = spawn(sshd, ['-i', '-e', '-f', settings], { stdio: [socket, socket, 'ignore'], env: {} })
      running.add(child)
      child.on('exit', () => running.delete(child))
      socket.on('error', () => undefined) // It is the server's to notice.
      socket.destroy()
    }
    const madeFolder = process.getuid?.() === 0 && !existsSync(EMPTY_FOLDER)
    if (madeFolder) await mkdir(EMPTY_FOLDER, { mode: 0o755 })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const identity = { port, user: userInfo().username, key: key as string, knownHosts }
    return new SshTarget(identity, server, running, madeFolder)
  }

  private constructor(identity: SshIdentity, server: Server, running: ReadonlySet<ChildProcess>, madeFolder: boolean) {
    this.identity = identity
    this.#server = server
    this.#running = running
    this.#madeFolder = madeFolder
  }

  /** How many connections have a server. */
  get sessions(): number {
    return this.#running.size
  }

  /** Ends every session, and stops. */
  async stop(): Promise<void> {
    const ended = Array.from(this.#running, (child) => once(child, 'exit'))
    for (const child of this.#running) child.kill('SIGTERM')
    await Promise.all(ended)
    await new Promise((resolve) => this.#server.close(resolve))
    if (this.#madeFolder) await rmdir(EMPTY_FOLDER)
  }
}

async function makeKey(file: string): Promise<string> {
  await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', file])
  return file
}

/** Keys and nothing else open it, the files being those of a folder for everybody's files. */
const settingsOf = (hostKey: string, authorized: string): string => `\
HostKey ${hostKey}
AuthorizedKeysFile ${authorized}
AuthenticationMethods publickey
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
UseDNS no
PermitUserRC no
PidFile none
PrintMotd no
PrintLastLog no
SetEnv GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
Subsystem sftp internal-sftp
`
