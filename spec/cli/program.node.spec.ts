/** The program, run as a user runs it, on the network that is inside it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { connect, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { bundle, outputFolder } from '../../scripts/bundle.js'
import { ROOT } from '../../scripts/files.js'
import { authority, serverCertificate, serverKey } from '../support/tls-authority.ts'

const BODY = randomBytes(3_000_000)
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const outdir = outputFolder('cli')
const program = join(outdir, 'lib', 'cli', 'bin.js')

interface Ended {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

describe('The command line', function () {
  const running = new Set<ChildProcess>()
  const servers: Server[] = []
  let folder: string
  let base: string
  let secure: string

  const start = (...args: string[]): ChildProcess => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    running.add(child)
    child.on('close', () => running.delete(child))
    return child
  }
  const ended = async (child: ChildProcess): Promise<Ended> => {
    const out: Buffer[] = []
    let stderr = ''
    child.stdout?.on('data', (chunk: Buffer) => out.push(chunk))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout: Buffer.concat(out), stderr }
  }
  const run = (...args: string[]): Promise<Ended> => ended(start(...args))
  const listen = async (server: http.Server | https.Server): Promise<number> => {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    servers.push(server)
    return (server.address() as AddressInfo).port
  }

  before(async () => {
    await bundle({ entries: [join(ROOT, 'lib', 'cli', 'bin.ts')], outdir, outbase: ROOT })
    folder = mkdtempSync(join(tmpdir(), 'tor-streams-cli-'))
    const answer = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        if (request.url === '/file') response.writeHead(200, { 'content-length': BODY.length }).end(BODY)
        else if (request.url === '/missing') response.writeHead(404).end('not here')
        else if (request.url === '/cut')
          response.writeHead(200, { 'content-length': 100 }).write('half', () => request.socket.destroy())
        else if (request.url === '/raw')
          request.socket.end(
            'HTTP/1.0 200  Fine so\r\nX-Twice: 1\r\nx-tWICE:  2\r\nSet-Cookie: \xe9\r\n\r\nbody',
            'latin1',
          )
        else if (request.url === '/never') response.writeHead(200).write('a beginning\n')
        else
          response
            .setHeader('x-kind', 'echo')
            .end(`${request.method} ${String(request.headers['x-sent'] ?? '')} ${Buffer.concat(chunks).toString()}`)
      })
    }
    base = `http://127.0.0.1:${await listen(http.createServer(answer))}`
    secure = `https://127.0.0.1:${await listen(https.createServer({ key: serverKey, cert: serverCertificate }, answer))}`
  })

  after(() => {
    for (const child of running) child.kill('SIGKILL')
    for (const server of servers) server.close()
    rmSync(folder, { recursive: true, force: true })
    rmSync(outdir, { recursive: true, force: true })
  })

  it('prints its help', async () => {
    const { code, stdout, stderr } = await run('--help')
    expect([code, stderr]).to.deep.equal([0, ''])
    expect(stdout.toString()).to.match(/^tor-streams - /)
  })

  it('says what is wrong with the arguments, with code 2', async () => {
    const { code, stdout, stderr } = await run('fetch')
    expect([code, stdout.length]).to.deep.equal([2, 0])
    expect(stderr).to.equal('tor-streams: The command fetch needs a URL (see --help)\n')
  })

  it('fetches to standard output, and says nothing where there is no terminal', async () => {
    const { code, stdout, stderr } = await run('fetch', `${base}/file`, '--embedded')
    expect([code, stderr]).to.deep.equal([0, ''])
    expect(sha256(stdout)).to.equal(sha256(BODY))
  })

  it('fetches to a file', async () => {
    const file = join(folder, 'body')
    const { code, stdout, stderr } = await run('fetch', `${base}/file`, '-o', file, '--embedded')
    expect([code, stdout.length, stderr]).to.deep.equal([0, 0, ''])
    expect(sha256(readFileSync(file))).to.equal(sha256(BODY))
  })

  it("sends data and headers, and includes the answer's head", async () => {
    const { code, stdout } = await run(
      'fetch',
      base,
      '-i',
      '--data',
      'some data',
      '--header',
      'X-Sent: yes',
      '--embedded',
    )
    expect(code).to.equal(0)
    expect(stdout.toString()).to.match(
      /^HTTP\/1\.1 200 OK\r\n(.+\r\n)*x-kind: echo\r\n(.+\r\n)*\r\nPOST yes some data$/,
    )
  })

  it('includes the head byte for byte: case, order, spaces and what is no ASCII', async () => {
    const { code, stdout } = await run('fetch', `${base}/raw`, '-i', '--embedded')
    expect(code).to.equal(0)
    expect(stdout.toString('latin1')).to.equal(
      'HTTP/1.0 200  Fine so\r\nX-Twice: 1\r\nx-tWICE:  2\r\nSet-Cookie: \xe9\r\n\r\nbody',
    )
  })

  it('refuses a header with a line break in one sentence, with code 2', async () => {
    const { code, stdout, stderr } = await run('fetch', base, '--header', 'A: b\r\nEvil: c', '--embedded')
    expect([code, stdout.length]).to.deep.equal([2, 0])
    expect(stderr).to.equal('tor-streams: The header A has a line break or a NUL in it (see --help)\n')
  })

  it('sends a file, by another method', async () => {
    const file = join(folder, 'data')
    writeFileSync(file, 'from a file')
    const { stdout } = await run('fetch', base, '--method', 'PUT', '--data', `@${file}`, '--embedded')
    expect(stdout.toString()).to.equal('PUT  from a file')
  })

  it('gives code 3 when the answer is an error, and prints it', async () => {
    const { code, stdout, stderr } = await run('fetch', `${base}/missing`, '--embedded')
    expect([code, stdout.toString(), stderr]).to.deep.equal([3, 'not here', ''])
  })

  const failures: Readonly<Record<string, () => string[]>> = {
    'the body is cut short': () => ['fetch', `${base}/cut`, '--embedded'],
    'nobody listens': () => ['fetch', 'http://127.0.0.1:2/', '--embedded'],
    'the certificate is not trusted': () => ['fetch', `${secure}/`, '--embedded'],
    'the certificate is for another name': () => {
      const file = join(folder, 'authority.pem')
      writeFileSync(file, authority)
      return ['fetch', `${secure}/`, '--embedded', '--cacert', file]
    },
    'a name does not resolve': () => ['resolve', 'nowhere.example', '--embedded'],
    'there is no such file of a network': () => ['resolve', 'x.example', '--network', join(folder, 'none')],
    'a network has no authorities': () => {
      const file = join(folder, 'empty')
      writeFileSync(file, '# nobody\n')
      return ['resolve', 'x.example', '--network', file]
    },
    'a line of a network is none': () => {
      const file = join(folder, 'broken')
      writeFileSync(file, 'DirAuthority nobody\n')
      return ['resolve', 'x.example', '--network', file]
    },
  }
  for (const [what, args] of Object.entries(failures)) {
    it(`gives code 1 and one sentence when ${what}`, async () => {
      const { code, stderr } = await run(...args())
      expect(code, stderr).to.equal(1)
      expect(stderr).to.match(/^tor-streams: [A-Z][^\n]{10,200}\n$/)
    })
  }

  const nothing = (): string => join(folder, 'no', 'such')
  const unusable: Readonly<Record<string, () => string[]>> = {
    'the output is to be in a folder that is not there': () => ['-o', nothing()],
    'the output is a folder': () => ['-o', folder],
    'the data is to come from a file that is not there': () => ['--data', `@${nothing()}`],
    'the authorities are to come from a file that is not there': () => ['--cacert', nothing()],
    'the authorities are to come from a folder': () => ['--cacert', folder],
  }
  for (const [what, args] of Object.entries(unusable)) {
    it(`gives code 2 and one sentence before anything is opened or sent when ${what}`, async () => {
      // A network without authorities: whoever opens it fails in another way.
      const none = join(folder, 'no-authorities')
      writeFileSync(none, '# nobody\n')
      const { code, stderr } = await run('fetch', `${base}/file`, '--network', none, ...args())
      expect(code, stderr).to.equal(2)
      expect(stderr).to.match(/^tor-streams: --[a-z]+ needs [^\n]{10,200}\n$/)
    })
  }

  it('resolves a name, and an address', async () => {
    const { code, stdout } = await run('resolve', 'localhost', '--embedded')
    expect([code, stdout.toString()]).to.deep.equal([0, '127.0.0.1\n'])
  })

  it('serves SOCKS and HTTP until it is interrupted', async () => {
    const child = start('proxy', '--socks', '0', '--http', '0', '--embedded')
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
    const end = once(child, 'close') as Promise<[number | null]>
    while (!/HTTP on .*\n/.test(text))
      await Promise.race([
        once(child.stdout as NodeJS.ReadableStream, 'data'),
        end.then(() => {
          throw new Error(text)
        }),
      ])
    const [socks, proxy] = [...text.matchAll(/ on 127\.0\.0\.1:(\d+)\n/g)].map((match) => Number(match[1]))

    const overSocks = connect(socks as number, '127.0.0.1')
    overSocks.write(Uint8Array.of(5, 1, 0))
    await once(overSocks, 'data')
    const port = Number(new URL(base).port)
    overSocks.write(Uint8Array.of(5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 255))
    const [reply] = (await once(overSocks, 'data')) as [Buffer]
    expect(reply[1]).to.equal(0)
    overSocks.destroy()

    const request = http.request({ host: '127.0.0.1', port: proxy, method: 'CONNECT', path: `127.0.0.1:${port}` })
    request.end()
    const [response, socket] = (await once(request, 'connect')) as [http.IncomingMessage, { destroy(): void }]
    expect(response.statusCode).to.equal(200)
    socket.destroy()

    child.kill('SIGINT')
    expect((await end)[0]).to.equal(130)
  })

  it('ends with code 130 when it is interrupted amid a body', async () => {
    const child = start('fetch', `${base}/never`, '--embedded')
    const end = ended(child)
    await once(child.stdout as NodeJS.ReadableStream, 'data')
    child.kill('SIGINT')
    const { code, stderr } = await end
    expect([code, stderr]).to.deep.equal([130, ''])
  })

  it('ends quietly when nobody reads its output any more', async () => {
    const child = start('fetch', `${base}/file`, '--embedded')
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text
    })
    const end = once(child, 'close') as Promise<[number | null]>
    await once(child.stdout as NodeJS.ReadableStream, 'data')
    ;(child.stdout as unknown as { destroy(): void }).destroy()
    expect([(await end)[0], stderr]).to.deep.equal([0, ''])
  })
})
