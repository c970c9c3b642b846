/** The proxy on a real terminal: a pseudo-terminal of `script`, which every Debian has. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import http from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { bundle, outputFolder } from '../../../scripts/bundle.js'
import { ROOT } from '../../../scripts/files.js'
import { requireProgram } from '../../support/programs.ts'
import { TerminalPicture } from '../support/terminal-picture.ts'

const outdir = outputFolder('cli-screen')
const program = join(outdir, 'lib', 'cli', 'bin.js')

/** A program in a terminal. */
class InTerminal {
  readonly picture: TerminalPicture
  /** All that the program wrote. */
  raw = ''
  readonly #child: ChildProcess
  #isStarted = false
  #tty = ''
  #exit: string | undefined

  constructor(script: string, args: readonly string[], { columns = 80, rows = 24, env = {} } = {}) {
    this.picture = new TerminalPicture(columns, rows)
    const command = `stty rows ${rows} cols ${columns}; tty; echo started; ${[process.execPath, program, ...args].join(' ')}; echo "exit $? $(stty -a | grep -o ' -\\?icanon')"`
    this.#child = spawn(script, ['-qec', command, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, TERM: 'xterm-256color', NO_COLOR: '', SHELL: '/bin/sh', ...env },
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text))
  }

  #take(text: string): void {
    this.raw += text
    if (!this.#isStarted) {
      const [, tty, rest] = /(\/dev\/\S+)\r\nstarted\r\n([^]*)$/.exec(this.raw) ?? []
      if (tty === undefined) return
      this.#isStarted = true
      this.#tty = tty
      this.raw = text = rest as string
    }
    this.picture.write(text)
    this.#exit ??= /exit \d+ +-?icanon/.exec(this.raw)?.[0]
  }

  type(keys: string): void {
    this.#child.stdin?.write(keys)
  }

  /** As when somebody pulls at a corner of the window. */
  resize(columns: number, rows: number): void {
    this.picture.resize(columns, rows)
    execFileSync('stty', ['-F', this.#tty, 'rows', String(rows), 'cols', String(columns)])
  }

  /** Waits until this is so, looked at after all that the program writes. */
  async until(isSo: (lines: readonly string[]) => boolean): Promise<void> {
    while (!isSo(this.picture.lines)) {
      if (this.#child.exitCode !== null) throw new Error(this.raw)
      await once(this.#child.stdout as NodeJS.ReadableStream, 'data')
    }
  }

  shows(pattern: RegExp): Promise<void> {
    return this.until((lines) => pattern.test(lines.join('\n')))
  }

  wrote(pattern: RegExp): Promise<void> {
    return this.until(() => pattern.test(this.raw))
  }

  /** The exit code, and whether the terminal reads lines again as it did. */
  async ended(): Promise<string> {
    if (this.#exit === undefined) await once(this.#child, 'close')
    return this.#exit ?? this.raw
  }

  /** What `script` made of the shell's. */
  get code(): number | null {
    return this.#child.exitCode
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

describe("The proxy's screen in a terminal", function () {
  let script: string
  let target: http.Server
  let port: number
  let running: InTerminal
  let client: Socket | undefined

  before(async function () {
    script = requireProgram(this, 'script')
    await bundle({ entries: [join(ROOT, 'lib', 'cli', 'bin.ts')], outdir, outbase: ROOT })
    target = http.createServer((_, response) => void response.write('the beginning of an answer'))
    await once(target.listen(0, '127.0.0.1'), 'listening')
    port = (target.address() as AddressInfo).port
  })
  afterEach(() => {
    client?.destroy()
    running.kill()
  })
  after(() => {
    target?.closeAllConnections()
    target?.close()
    rmSync(outdir, { recursive: true, force: true })
  })

  const start = (args: readonly string[] = [], options = {}): InTerminal =>
    (running = new InTerminal(script, ['proxy', '--embedded', '--socks', '0', ...args], options))

  it('shows how far it is, then circuits, a stream without its host, and obeys its keys', async () => {
    const terminal = start()
    await terminal.shows(/^tor-streams proxy {2}Ready +up \d+ s$/m)
    const socks = Number(/SOCKS (\d+)$/m.exec(terminal.picture.lines.join('\n'))?.[1])
    client = connect(socks, '127.0.0.1').on('error', () => undefined) // the proxy ends before it
    client.write(Uint8Array.of(4, 1, port >> 8, port & 255, 127, 0, 0, 1, 0))
    await once(client, 'data')
    client.write('GET / HTTP/1.0\r\n\r\n')
    await terminal.shows(/^Streams 1\b[^]*^ +\d+ {2}on \d+ +open, and quiet/m)
    await terminal.shows(/^ +\d+ +\d+ s {2}\w+ > \w+ > \w+ +1 stream/m)
    expect(terminal.picture.lines.length).to.equal(24)

    terminal.type('n')
    await terminal.shows(/^New identity: what begins now shares no circuit/m)
    await terminal.shows(/ retired 1 stream/)

    terminal.type('h')
    await terminal.shows(/^Keys\n {2}n {2}new identity/)
    terminal.type('\x1b[A') // an arrow is some other key, whose letters are none
    await terminal.shows(/^tor-streams proxy/)

    terminal.resize(40, 12)
    await terminal.until((lines) => lines.length === 12 && lines[11] === 'n new identity   h help   q quit')
    terminal.resize(120, 40)
    await terminal.until((lines) => lines[39] === 'n new identity   h help   q quit' && (lines[0]?.length ?? 0) > 110)

    terminal.type('q')
    expect(await terminal.ended()).to.match(/^exit 0 +icanon$/)
    expect(terminal.picture).to.include({ isOther: false, isCursorShown: true })
    for (const secret of [`127.0.0.1:${port}`, String(port)]) expect(terminal.raw).to.not.include(secret)
    expect(terminal.picture.attributes.size).to.be.greaterThan(1)
  })

  it('ends with code 130 at Ctrl-C, gives the terminal back, and has no colours under NO_COLOR', async () => {
    const terminal = start([], { env: { NO_COLOR: '1' } })
    await terminal.shows(/^tor-streams proxy {2}\w/)
    terminal.type('\x03')
    expect(await terminal.ended()).to.match(/^exit 130 +icanon$/)
    expect(terminal.picture).to.include({ isOther: false, isCursorShown: true })
    expect([...terminal.picture.attributes]).to.deep.equal([])
  })

  for (const [what, args, env] of [
    ['on a terminal that knows no orders', [], { TERM: 'dumb' }],
    ['where lines are asked for', ['--log', 'notice'], {}],
  ] as const) {
    it(`writes lines ${what}`, async () => {
      const terminal = start(args, { env })
      await terminal.wrote(/^\S+Z notice: Ready\r$/m)
      await terminal.wrote(/^SOCKS on 127\.0\.0\.1:\d+\r$/m)
      expect(terminal.raw).to.not.include('\x1b')
      terminal.type('\x03') // it goes to the shell too, which ends then
      await terminal.ended()
      expect(terminal.code).to.equal(130)
    })
  }
})
