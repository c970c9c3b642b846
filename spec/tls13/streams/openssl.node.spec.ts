import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { nobleX25519 } from '../../../lib/platform/crypto/curves/noble-x25519.ts'
import { secureLink } from '../../../lib/tls13/streams/link-tls.ts'
import { requireProgram } from '../../support/programs.ts'
import { identityOf } from '../support/identity.ts'
import { bytesOf, secured, tcp } from '../support/live.ts'

const SIZE = 300_000
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

describe('TLS 1.3 to openssl s_server', function () {
  let openssl: string
  let folder: string
  let file: Buffer
  let running: ChildProcessWithoutNullStreams[] = []

  before(async function () {
    openssl = requireProgram(this, 'openssl')
    folder = await mkdtemp(join(tmpdir(), 'tor-streams-openssl-'))
    const { certificatePem, keyPem } = await identityOf('rsa')
    await writeFile(join(folder, 'cert.pem'), certificatePem)
    await writeFile(join(folder, 'key.pem'), keyPem)
    file = Buffer.from(Array.from({ length: SIZE }, (_, at) => (at * 7 + (at >>> 8)) & 0xff))
    await writeFile(join(folder, 'file'), file)
  })

  afterEach(async () => {
    for (const child of running) {
      const over = once(child, 'close')
      child.kill('SIGKILL')
      await over
    }
    running = []
  })

  after(() => (folder === undefined ? undefined : rm(folder, { recursive: true, force: true })))

  /** Starts a server with these arguments; its process, and the port that it chose. */
  async function serve(...args: readonly string[]): Promise<{ child: ChildProcessWithoutNullStreams; port: number }> {
    const basic = ['s_server', '-tls1_3', '-accept', '127.0.0.1:0', '-cert', 'cert.pem', '-key', 'key.pem', '-naccept', '9'] // prettier-ignore
    const child = spawn(openssl, [...basic, ...args], { cwd: folder })
    running.push(child)
    let said = ''
    for await (const chunk of child.stdout.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      said += chunk.toString()
      const port = /ACCEPT \S*:(\d+)/.exec(said)?.[1]
      if (port !== undefined) return { child, port: Number(port) }
    }
    throw new Error(`s_server has ended: ${said}`)
  }

  const shapes: readonly (readonly string[])[] = [
    ['-num_tickets', '0'],
    ['-num_tickets', '2'],
    ['-num_tickets', '5'],
    ['-split_send_frag', '512'],
    ['-split_send_frag', '1028', '-num_tickets', '0'],
    ['-max_send_frag', '4112'],
    ['-record_padding', '512'],
    ['-record_padding', '4096'],
    ['-record_padding', '16384'],
    ['-groups', 'P-256'],
    ['-ciphersuites', 'TLS_AES_256_GCM_SHA384'],
    ['-ciphersuites', 'TLS_AES_128_GCM_SHA256', '-groups', 'P-256:X25519'],
    ['-no_middlebox'],
    ['-verify', '1'],
  ]
  for (const args of shapes) {
    it(`reads a file that is served with ${args.join(' ')}`, async () => {
      const { port } = await serve('-WWW', ...args)
      const { readable, writable } = await secured(port)
      await writable.getWriter().write(new TextEncoder().encode('GET /file HTTP/1.0\r\n\r\n'))
      const answer = Buffer.from(await bytesOf(readable))
      const body = answer.subarray(answer.indexOf('\r\n\r\n') + 4)
      expect(body.equals(file)).to.equal(true)
    })
  }

  for (const group of ['P-256', 'X25519']) {
    it(`is a link to a server that has ${group} only`, async () => {
      const { port } = await serve('-WWW', '-groups', group)
      const link = await secureLink(tcp(port), nobleX25519, new AbortController().signal)
      await link.writable.getWriter().write(new TextEncoder().encode('GET /file HTTP/1.0\r\n\r\n'))
      const answer = Buffer.from(await bytesOf(link.readable))
      expect(answer.subarray(answer.indexOf('\r\n\r\n') + 4).equals(file)).to.equal(true)
      const { certificate } = await identityOf('rsa')
      expect(link.peerCertificate).to.deep.equal(certificate)
    })
  }

  it('goes on under new keys after KeyUpdates, with and without a request for ours', async () => {
    const { child, port } = await serve()
    let onChunk = (): void => undefined
    const { readable, writable } = await secured(port, { onChunk: () => onChunk() })
    const reader = readable.getReader()
    const writer = writable.getWriter()
    let heard = ''
    child.stdout.on('data', (chunk: Buffer) => (heard += chunk.toString()))
    for (const [round, command] of [...' kKkKKk'].entries()) {
      const first = reader.read()
      if (command !== ' ') {
        // What follows a command in the same piece of its input is lost.
        const chunk = new Promise<void>((resolve) => (onChunk = resolve))
        child.stdin.write(`${command}\n`)
        await chunk
      }
      child.stdin.write(`server ${round}\n`)
      let said = text((await first).value)
      while (!said.endsWith('\n')) said += text((await reader.read()).value)
      expect(said).to.equal(`server ${round}\n`)
      await writer.write(new TextEncoder().encode(`client ${round}\n`))
      while (!heard.includes(`client ${round}\n`)) await once(child.stdout, 'data')
    }
    await writer.close()
  })

  it('is refused by a server that has P-384 only', async () => {
    const { port } = await serve('-groups', 'P-384')
    const failure = await secured(port).catch((error: unknown) => error)
    expect(failure).to.have.property('code', 'TLS_FAILED')
    expect(String(failure)).to.contain('handshake_failure')
  })
})
