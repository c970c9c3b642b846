/** What goes wrong every day, and what the program says to it: one sentence that says what to do, and the exit code. */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { bundle, outputFolder } from '../../scripts/bundle.js'
import { ROOT } from '../../scripts/files.js'

const BODY = randomBytes(600_000)
const outdir = outputFolder('cli-everyday')
const program = join(outdir, 'lib', 'cli', 'bin.js')

class Running {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly ended: Promise<number | null>

  constructor(args: readonly string[]) {
    this.child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout?.setEncoding('latin1').on('data', (text: string) => (this.stdout += text))
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.ended = once(this.child, 'close').then(([code]) => code as number | null)
  }

  async told(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.stdout + this.stderr)) {
      const more = [this.child.stdout, this.child.stderr].map((each) => once(each as NodeJS.ReadableStream, 'data'))
      const end = this.ended.then(() => {
        throw new Error(`it ended: ${this.stdout}${this.stderr}`)
      })
      await Promise.race([...more, end])
    }
  }
}

describe('The command line, every day', function () {
  const running = new Set<Running>()
  const servers: Server[] = []
  let folder: string
  let base: string
  /** What the server says of its file, and how it answers. */
  let etag: string
  let mode: 'ranges' | 'no ranges' | 'stalls' | 'cut' | 'fails'
  let ranges: (string | undefined)[]

  const start = (...args: string[]): Running => {
    const each = new Running(args)
    running.add(each)
    void each.ended.then(() => running.delete(each))
    return each
  }
  const run = async (...args: string[]): Promise<readonly [code: number | null, stderr: string, stdout: string]> => {
    const each = start(...args)
    return [await each.ended, each.stderr, each.stdout]
  }

  before(async () => {
    await bundle({ entries: [join(ROOT, 'lib', 'cli', 'bin.ts')], outdir, outbase: ROOT })
    folder = mkdtempSync(join(tmpdir(), 'tor-streams-everyday-'))
    const server = http.createServer((request, response) => {
      const { range, 'if-range': ifRange } = request.headers
      ranges.push(range)
      response.setHeader('etag', etag)
      if (mode === 'fails') return void response.writeHead(503).end('not now')
      if (mode === 'cut')
        return void response
          .writeHead(200, { 'content-length': BODY.length })
          .write(BODY.subarray(0, 1000), () => request.socket.destroy())
      if (mode === 'stalls')
        return void response.writeHead(200, { 'content-length': BODY.length }).write(BODY.subarray(0, 200_000))
      const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? NaN)
      if (Number.isNaN(from) || mode === 'no ranges' || ifRange !== etag) return void response.end(BODY)
      if (from >= BODY.length) return void response.writeHead(416, { 'content-range': `bytes */${BODY.length}` }).end()
      response.writeHead(206, { 'content-range': `bytes ${from}-${BODY.length - 1}/${BODY.length}` })
      response.end(BODY.subarray(from))
    })
    servers.push(server)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  beforeEach(() => {
    etag = '"first"'
    mode = 'ranges'
    ranges = []
  })
  after(() => {
    for (const { child } of running) child.kill('SIGKILL')
    for (const server of servers) server.close()
    rmSync(folder, { recursive: true, force: true })
    rmSync(outdir, { recursive: true, force: true })
  })

  it('has its help for whoever types its name alone, with code 2, and for whoever asks, with code 0', async () => {
    const [code, stderr, stdout] = await run()
    expect([code, stdout]).to.deep.equal([2, ''])
    expect(stderr).to.match(/^tor-streams - fetch, proxy and resolve through Tor\n/)
    expect(await run('help')).to.deep.equal([0, '', stderr])
  })

  it('says that the network within the process reaches this machine only', async () => {
    const [code, stderr] = await run('fetch', '--embedded', 'https://example.com/')
    expect(code).to.equal(1)
    expect(stderr).to.match(
      /^tor-streams: [^\n]*The network of --embedded reaches servers of this machine only[^\n]*\n$/,
    )
  })

  it('says that a server does not speak TLS on its port, without a word of OpenSSL', async () => {
    const [code, stderr] = await run('fetch', '--embedded', base.replace('http:', 'https:'))
    expect([code, stderr]).to.deep.equal([
      1,
      'tor-streams: TLS failed (TLS_FAILED). Does the server speak TLS on that port? http:// is for what does not\n',
    ])
  })

  it('says that a country needs files of countries, and finds exits by those that it is given', async () => {
    const geoip = join(folder, 'geoip')
    writeFileSync(geoip, '0,4294967295,ZZ\n')
    const chosen = ['fetch', '--embedded', '-q', base, '--geoip', geoip]
    const [code, , body] = await run(...chosen, '--exit', 'zz', '--exclude', 'A'.repeat(40))
    expect([code, body.length]).to.deep.equal([0, BODY.length])
    const [none, stderr] = await run(...chosen, '--exclude', 'zz')
    expect(none).to.equal(1)
    expect(stderr).to.match(/\(NO_PATH\)\. --exit and --exclude leave none that it may use\n$/)
    const [missing, sentence] = await run('fetch', '--embedded', base, '--exit', 'de', '--geoip', join(folder, 'none'))
    expect([missing, sentence]).to.deep.equal([
      1,
      'tor-streams: There is no file of countries there: --geoip FILE says where one is\n',
    ])
  })

  it('keeps what came before Ctrl-C, and goes on with it', async () => {
    const file = join(folder, 'interrupted')
    mode = 'stalls'
    const first = start('fetch', '--embedded', base, '-o', file)
    while (!existsSync(file) || readFileSync(file).length < 200_000)
      await new Promise((resolve) => setImmediate(resolve))
    first.child.kill('SIGINT')
    expect(await first.ended).to.equal(130)
    expect(first.stderr).to.equal(
      'tor-streams: The file is incomplete: the same command with --continue goes on with it\n',
    )
    mode = 'ranges'
    expect(await run('fetch', '--embedded', base, '-c', '-o', file)).to.deep.equal([0, '', ''])
    expect(ranges).to.deep.equal([undefined, 'bytes=200000-'])
    expect(readFileSync(file).equals(BODY)).to.equal(true)
    expect(existsSync(`${file}.tor-streams`)).to.equal(false)
  })

  for (const [what, more] of Object.entries({
    'with a head before it': ['-i'],
    'of the answer to a POST': ['--data', 'x'],
    'of the answer to another method': ['--method', 'OPTIONS'],
  })) {
    it(`does not go on with a file ${what}, and does not say that it could`, async () => {
      const file = join(folder, 'no-part')
      rmSync(file, { force: true })
      mode = 'stalls'
      const first = start('fetch', '--embedded', base, '-o', file, ...more)
      while (!existsSync(file) || readFileSync(file).length < 200_000)
        await new Promise((resolve) => setImmediate(resolve))
      first.child.kill('SIGINT')
      expect([await first.ended, first.stderr]).to.deep.equal([130, 'tor-streams: The file is incomplete\n'])
      const left = readFileSync(file)
      mode = 'ranges'
      const [code, stderr] = await run('fetch', '--embedded', base, '-c', '-o', file)
      expect([code, readFileSync(file).equals(left)]).to.deep.equal([1, true])
      expect(stderr).to.match(/nothing beside it that says what it is a part of/)
    })
  }

  it('fails with code 1 all the same where nobody hears of it: standard error is gone', async () => {
    mode = 'cut'
    for (const output of [[], ['-o', join(folder, 'unheard')]]) {
      const fetching = start('fetch', '--embedded', base, ...output)
      fetching.child.stderr?.destroy()
      expect(await fetching.ended, output.join(' ')).to.equal(1)
    }
  })

  it('goes on with what keeps running when whoever read where it is has had enough', async () => {
    const proxy = start('proxy', '--embedded', '--socks', '0')
    proxy.child.stdout?.destroy()
    await proxy.told(/notice: Ready\n/)
    proxy.child.kill('SIGUSR2')
    await proxy.told(/notice: New identity/)
    proxy.child.kill('SIGTERM')
    expect(await proxy.ended).to.equal(130)
  })

  const parts: Readonly<
    Record<string, readonly [set: () => void, size: number, code: number, told: RegExp, size: number]>
  > = {
    'begins again when the file is another one by now': [
      () => (etag = '"other"'),
      1000,
      0,
      /fetched from the beginning/,
      BODY.length,
    ],
    'begins again when the server sends no parts': [
      () => (mode = 'no ranges'),
      1000,
      0,
      /fetched from the beginning/,
      BODY.length,
    ],
    'leaves the part when the answer is an error': [
      () => (mode = 'fails'),
      1000,
      3,
      /status 503: the file is left/,
      1000,
    ],
    'is done when nothing is missing': [() => undefined, BODY.length, 0, /whole already/, BODY.length],
    'leaves what is longer than the file': [
      () => undefined,
      BODY.length + 1,
      1,
      /longer than what is there/,
      BODY.length + 1,
    ],
  }
  for (const [what, [set, size, code, told, left]] of Object.entries(parts)) {
    it(`${what}`, async () => {
      const file = join(folder, 'part')
      mode = 'stalls'
      const url = `${base}/${size}`
      writeFileSync(file, Buffer.concat([BODY, BODY]).subarray(0, size))
      const { notePart } = await import('../../lib/cli/fetch/partial-download.ts')
      await notePart(file, new URL(url), '"first"')
      mode = 'ranges'
      set()
      const [got, stderr] = await run('fetch', '--embedded', url, '-c', '-o', file)
      expect(got, stderr).to.equal(code)
      expect(stderr).to.match(told)
      expect(readFileSync(file).length).to.equal(left)
    })
  }

  it('says at once that a port is taken', async () => {
    const taken = createServer()
    servers.push(taken)
    await once(taken.listen(0, '127.0.0.1'), 'listening')
    const { port } = taken.address() as AddressInfo
    expect(await run('proxy', '--embedded', '--socks', String(port))).to.deep.equal([
      1,
      `tor-streams: Port ${port} is taken: another program listens there, perhaps tor. --socks PORT chooses another\n`,
      '',
    ])
  })

  it('gives a running proxy a new identity by a signal, and writes lines where there is no terminal', async () => {
    const proxy = start('proxy', '--embedded', '--socks', '0')
    await proxy.told(/SOCKS on 127\.0\.0\.1:\d+\n/)
    proxy.child.kill('SIGUSR2')
    await proxy.told(/^\S+Z notice: New identity: what begins now shares no circuit/m)
    proxy.child.kill('SIGHUP')
    expect(await proxy.ended).to.equal(130)
    expect(proxy.stderr).to.match(/^\S+Z notice: Ready\n/)
    expect(proxy.stderr).to.not.include('\x1b')
  })

  it('waits for a network, and tells its clients meanwhile that there is none', async () => {
    const torrc = join(folder, 'torrc')
    const free = createServer()
    await once(free.listen(0, '127.0.0.1'), 'listening')
    const dead = (free.address() as AddressInfo).port
    // The proxy's own port is one that was free a moment ago; the authority's is one where nobody listens.
    const other = createServer()
    await once(other.listen(0, '127.0.0.1'), 'listening')
    const port = (other.address() as AddressInfo).port
    await Promise.all([free, other].map((each) => new Promise((resolve) => each.close(resolve))))
    writeFileSync(
      torrc,
      `DirAuthority a orport=${dead} v3ident=${'A'.repeat(40)} 127.0.0.1:${dead} ${'B'.repeat(40)}\n`,
    )
    const proxy = start('proxy', '--network', torrc, '--socks', String(port))
    await proxy.told(/notice: Waiting for a network; the next try is in 2 s\. [^\n]*\(DIRECTORY_UNAVAILABLE\)\n/)
    const client = connect(port, '127.0.0.1')
    client.write(Uint8Array.of(5, 1, 0))
    await once(client, 'data')
    client.write(Uint8Array.of(5, 1, 0, 1, 127, 0, 0, 1, 0, 80))
    const [reply] = (await once(client, 'data')) as [Buffer]
    expect([...reply.subarray(0, 2)]).to.deep.equal([5, 3])
    client.destroy()
    proxy.child.kill('SIGTERM')
    expect(await proxy.ended).to.equal(130)
  })
})
