import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { deferred } from '../../lib/base/waiting/deferred.ts'
import { decodeBase64 } from '../../lib/directory/text/encoding.ts'
import { helloShape, isWholeRecord, OF_THE_BUILD } from '../support/client-hello.ts'
import { requireProgram } from '../support/programs.ts'
import { OPENSSL_3_0, OPENSSL_3_5 } from '../support/tor-hellos.ts'
import { TorProcess } from './support/process.ts'

describe('the ClientHello of the tor client', function () {
  let directory: string
  let server: Server
  let tor: TorProcess | undefined

  before(async function () {
    requireProgram(this, 'tor')
    directory = await mkdtemp(join(tmpdir(), 'tor-streams-hello-'))
  })

  after(async () => {
    await tor?.stop()
    server?.close()
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  })

  it('is still the one that this library sends: the same JA3, the same length', async () => {
    const hello = deferred<Buffer>()
    server = createServer((socket) => {
      let bytes = Buffer.alloc(0)
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk])
        if (!isWholeRecord(bytes)) return
        hello.resolve(bytes)
        socket.destroy()
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const torrc = [
      'TestingTorNetwork 1',
      `DirAuthority nobody orport=${port} no-v2 v3ident=${'A'.repeat(40)} 127.0.0.1:1 ${'B'.repeat(40)}`,
      `FallbackDir 127.0.0.1:${port} orport=${port} id=${'C'.repeat(40)}`,
      `DataDirectory ${directory}`,
      `__OwningControllerProcess ${process.pid}`,
      'SocksPort 0',
      'OutboundBindAddress 127.0.0.1',
      'OutboundBindAddress [::1]',
      'Log notice stdout',
    ]
    tor = await TorProcess.start('client', directory, `${torrc.join('\n')}\n`, {})
    const theirs = helloShape(await hello.promise, OF_THE_BUILD)
    const [, major, minor] = /OpenSSL (\d+)\.(\d+)/.exec(tor.log()) ?? []
    const isNew = Number(major) > 3 || Number(minor) >= 5
    const ours = decodeBase64((isNew ? OPENSSL_3_5 : OPENSSL_3_0).replace(/\s/g, '')) as Uint8Array
    expect(helloShape(ours, OF_THE_BUILD)).to.deep.equal(theirs)
    expect(createHash('md5').update(theirs.ja3).digest('hex')).to.equal(
      isNew ? '9037f3da26d21e802a6c324394599f83' : '5e6627dc19afa982e6b46b97808cb718',
    )
  })
})
