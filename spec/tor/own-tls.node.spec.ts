import { connect as connectTcp } from 'node:net'
import { Duplex } from 'node:stream'
import { expect } from 'chai'
import { TorClient } from '../../lib/client/tor-client.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import type { LinkBytes, Transport } from '../../lib/platform/links/transport.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { requireProgram } from '../support/programs.ts'
import { download } from './support/client.ts'
import { TorNetwork } from './support/network.ts'
import { testBytesSha256 } from './support/test-bytes.ts'

const SIZE = 5_000_000

/** TCP and nothing else: the library makes TLS on top. */
const tcp: Transport = {
  connect: ({ hostname, port }, { signal }) =>
    new Promise<LinkBytes>((resolve, reject) => {
      const socket = connectTcp({ host: hostname, port, signal })
      socket.once('error', reject)
      socket.once('connect', () => {
        const { readable, writable } = Duplex.toWeb(socket)
        resolve({ readable: readable as ReadableStream<Uint8Array>, writable })
      })
    }),
}

describe('TLS of our own on links to real relays', function () {
  let network: TorNetwork

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    network = await TorNetwork.start({ authorities: 1, relays: 3, exits: 2 })
  })

  after(() => network?.stop())

  it('carries a client from nothing to a download that is whole', async () => {
    const tor = await TorClient.open({
      network: { authorities: parseDirAuthorityLines(network.dirAuthorityLines), fallbacks: [], testing: true },
      transport: tcp,
      storage: new MemoryStorage(),
      timeout: 30_000,
    })
    const socket = tor.connect(`some.name.test:${network.httpPort}`)
    expect(await download(socket, SIZE)).to.deep.equal({ bytes: SIZE, sha256: testBytesSha256(SIZE) })
    await tor.close()
  })
})
