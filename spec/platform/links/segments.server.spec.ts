/** What the system is told of how to cut segments, by a process of the runtime that runs this spec. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import tls from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { ROOT } from '../../../scripts/files.js'
import { engine } from '../../support/engines.ts'
import { requireProgram } from '../../support/programs.ts'
import { tlsCertificate, tlsKey } from './tls-certificate.ts'

const run = promisify(execFile)
const worker = fileURLToPath(new URL('./segments.worker.js', import.meta.url))

describe('Segments to a relay', function () {
  let directory: string
  let library: string

  before(async function () {
    const gcc = requireProgram(this, 'gcc')
    directory = await mkdtemp(join(tmpdir(), 'tor-streams-segments-'))
    library = join(directory, 'segments.so')
    const source = join(ROOT, 'spec', 'platform', 'links', 'segments.c')
    await run(gcc, ['-O2', '-Wall', '-shared', '-fPIC', '-o', library, source, '-ldl'])
  })

  after(async () => {
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  })

  /** Whether the connection had TCP_NODELAY each time that the process sent something. */
  async function recorded(how: 'link' | 'gateway', server: net.Server): Promise<string[]> {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const record = join(directory, how)
    const program = [...(engine === 'deno' ? ['run', '-A'] : []), worker, how, String(port)]
    try {
      await run(process.execPath, program, {
        env: { ...process.env, LD_PRELOAD: library, SEGMENTS_PORT: String(port), SEGMENTS_RECORD: record },
      })
    } finally {
      server.close()
    }
    return (await readFile(record, 'utf8')).trim().split('\n')
  }

  /** Answers what comes, once. */
  const answer = (socket: net.Socket): void => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write('ok'))
  }

  it('are cut as those of a tor client, which leaves small ones to wait, once there is TLS', async () => {
    const server = tls.createServer({ key: tlsKey, cert: tlsCertificate })
    server.on('secureConnection', answer)
    const seen = await recorded('link', server)
    // The ClientHello, and what ends the handshake or was written with it.
    expect(seen).to.have.length.at.least(2)
    expect(seen.at(-1)).to.equal('0')
  })

  it('are cut in the same way for pages, by the gateway', async () => {
    const seen = await recorded('gateway', net.createServer(answer))
    expect(seen.at(-1)).to.equal('0')
  })
})
