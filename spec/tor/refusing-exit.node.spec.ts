import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { TorClient } from '../../lib/client/tor-client.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import { encodeHex } from '../../lib/directory/text/encoding.ts'
import type { DirectoryRelay } from '../../lib/directory/network-directory.ts'
import type { SocketError } from '../../lib/base/errors.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { requireProgram } from '../support/programs.ts'
import { failure, get, readEach, writeTestBytes } from './support/client.ts'
import { TorNetwork } from './support/network.ts'
import { RawServer } from './support/raw-server.ts'
import { testBytesSha256 } from './support/test-bytes.ts'

/** Of what a stream writes at once; the first cells of it go with BEGIN, and are lost where that is refused. */
const LENGTH = 100_000

describe('A real exit that refuses a port of which the directory says nothing', function () {
  let network: TorNetwork
  let tor: TorClient
  /** It says back what it hears. */
  let echo: RawServer
  let refusing: string

  const onlyRefusing = { exit: ({ fingerprint }: DirectoryRelay): boolean => fingerprint === refusing }

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    echo = await RawServer.start((peer) => peer.pipe(peer))
    // The policy that the directory tells of an exit leaves out what is refused of less than a /8 (dir-spec, "p"
    // lines).
    const firstExitOptions = [`ExitPolicy reject 127.0.0.1:${echo.port}`]
    network = await TorNetwork.start({ authorities: 1, relays: 4, exits: 2, firstExitOptions })
    refusing = encodeHex(network.relays.find(({ isExit }) => isExit)?.relay.rsaIdentity as Uint8Array)
    const config = { authorities: parseDirAuthorityLines(network.dirAuthorityLines), fallbacks: [], testing: true }
    tor = await TorClient.open({ network: config, storage: new MemoryStorage(), timeout: 30_000 })
  })

  after(async () => {
    await tor?.close()
    await network?.stop()
    await echo?.stop()
  })

  /** What each attempt to open a stream through the refusing exit alone came to: code, reason and exit. */
  async function attempts(host: string): Promise<unknown[]> {
    const error = (await failure(tor.connect(`${host}:${echo.port}`, onlyRefusing).opened)) as SocketError
    expect(error.code).to.equal('NO_PATH')
    return error.attempts.map(({ code, reason, fingerprints }) => [code, reason, fingerprints[2]])
  }

  const noPath = ['NO_PATH', undefined, undefined]

  it('is left for another exit, which gets all that was written', async () => {
    // Its circuit is there, and the first choice of what shares its isolation.
    const first = tor.connect(`some.name.test:${network.httpPort}`, { ...onlyRefusing, isolation: 'shared' })
    expect((await get(first, '/')).text()).to.contain('ok')
    const socket = tor.connect(`echo.name.test:${echo.port}`, { isolation: 'shared' })
    const hash = createHash('sha256')
    let heard = 0
    const reading = readEach(socket.readable, (bytes) => {
      hash.update(bytes)
      heard += bytes.length
      // Tor cannot tell the server of an end of one direction alone.
      if (heard === LENGTH) void socket.close()
    })
    await writeTestBytes(socket.writable.getWriter(), LENGTH)
    await reading
    expect(hash.digest('hex')).to.equal(testBytesSha256(LENGTH))
    // It was asked indeed.
    expect(await attempts('echo.name.test')).to.deep.equal([noPath])
  })

  it('is told where no other may be used, and remembered', async () => {
    expect(await attempts('other.name.test')).to.deep.equal([['END_EXITPOLICY', 4, refusing], noPath])
    expect(await attempts('other.name.test')).to.deep.equal([noPath])
  })

  it('serves other ports, and other names are asked of it', async () => {
    const socket = tor.connect(`other.name.test:${network.httpPort}`, onlyRefusing)
    expect((await get(socket, '/')).text()).to.contain('ok')
    expect(await attempts('third.name.test')).to.deep.equal([['END_EXITPOLICY', 4, refusing], noPath])
  })
})
