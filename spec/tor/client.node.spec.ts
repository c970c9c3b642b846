import { expect } from 'chai'
import { TorClient } from '../../lib/client/tor-client.ts'
import type { NetworkConfig } from '../../lib/directory/network/network-config.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { encodeHex } from '../../lib/directory/text/encoding.ts'
import { SocketError } from '../../lib/base/errors.ts'
import { requireProgram } from '../support/programs.ts'
import { download, failure, get, request } from './support/client.ts'
import { LinkTap } from './support/link-tap.ts'
import { TorNetwork } from './support/network.ts'
import { Outgoing } from './support/outgoing.ts'
import { testBytesSha256 } from './support/test-bytes.ts'

const MB = 1_000_000

/** What ends a reader, if not the end. */
async function readToTheEnd(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<unknown> {
  try {
    while (!(await reader.read()).done);
    return 'the end'
  } catch (error) {
    return error
  }
}

describe('A client of a network of real tor', function () {
  let network: TorNetwork
  let config: NetworkConfig
  const storage = new MemoryStorage()
  const tap = new LinkTap()
  const outgoing = new Outgoing()

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    network = await TorNetwork.start({ authorities: 3, relays: 3, exits: 2, exitOptions: ['IPv6Exit 1'] })
    config = { authorities: parseDirAuthorityLines(network.dirAuthorityLines), fallbacks: [], testing: true }
    outgoing.start()
  })

  after(async () => {
    outgoing.stop()
    await network?.stop()
  })

  const open = (): Promise<TorClient> => TorClient.open({ network: config, transport: tap, storage, timeout: 30_000 })
  const target = (): string => `some.name.test:${network.httpPort}`

  it('knows nothing but the DirAuthority lines, and gets to a first byte', async () => {
    const phases: string[] = []
    const tor = await TorClient.open({
      network: config,
      transport: tap,
      storage,
      onProgress: ({ phase }) => phases.push(phase),
    })
    expect([...new Set(phases)]).to.deep.equal([
      'connecting',
      'consensus',
      'certificates',
      'microdescriptors',
      'circuit',
      'ready',
    ])
    expect(tor.status).to.include({ phase: 'ready', percent: 100 })
    expect((await get(tor.connect(target()), '/')).text()).to.contain('ok')
    await tor.close()
  })

  it('starts again with what it kept, without fetching a directory', async () => {
    const phases: string[] = []
    const tor = await TorClient.open({
      network: config,
      transport: tap,
      storage,
      onProgress: ({ phase }) => phases.push(phase),
    })
    expect(phases).to.deep.equal(['connecting', 'circuit', 'ready'])
    expect((await get(tor.connect(target()), '/')).text()).to.contain('ok')
    await tor.close()
  })

  it('resolves A, AAAA and PTR with their TTLs', async () => {
    await using tor = await open()
    expect(await tor.resolve('some.name.test')).to.deep.include({ type: 'ipv4', address: '127.0.0.1', ttl: 60 })
    expect(await tor.resolve('v6.name.test')).to.deep.include({ type: 'ipv6', address: '::1', ttl: 60 })
    expect(await tor.resolve('192.0.2.7')).to.deep.equal([{ type: 'hostname', hostname: 'localhost.test', ttl: 60 }])
  })

  it('opens 100 streams at once', async () => {
    await using tor = await open()
    const answers = await Promise.all(Array.from({ length: 100 }, () => get(tor.connect(target()), '/')))
    expect(answers.filter((answer) => answer.text().includes('ok'))).to.have.length(100)
  })

  it('moves 5 MB, every byte right', async () => {
    await using tor = await open()
    expect((await download(tor.connect(target()), 5 * MB)).sha256).to.equal(testBytesSha256(5 * MB))
  })

  it('tells every attempt when a name does not exist, with relays by fingerprint', async () => {
    await using tor = await open()
    const socket = tor.connect('nx.name.test:80')
    const error = await failure(socket.opened)
    expect(error).to.have.property('code', 'END_RESOLVEFAILED')
    const { attempts } = error as SocketError
    expect(attempts).to.have.length(3)
    for (const { code, fingerprints } of attempts) {
      expect(code).to.equal('END_RESOLVEFAILED')
      expect(fingerprints).to.have.length(3)
      for (const fingerprint of fingerprints) expect(fingerprint).to.match(/^[0-9A-F]{40}$/)
    }
  })

  it('survives the death of an exit: its streams error, the next connect works', async () => {
    await using tor = await open()
    const [exit] = network.relays.filter(({ isExit }) => isExit)
    if (exit === undefined) throw new Error('the network has no exit')
    const fingerprint = encodeHex(exit.relay.rsaIdentity)
    const socket = tor.connect(target(), { exit: (relay) => relay.fingerprint === fingerprint })
    await request(socket, `/${50 * MB}`)
    const reader = socket.readable.getReader()
    await reader.read()
    await exit.kill()
    const broken = await readToTheEnd(reader)
    expect(broken).to.be.instanceOf(SocketError)
    expect((broken as SocketError).code).to.match(/^(CIRCUIT_DESTROYED|CIRCUIT_TRUNCATED|END_\w+)$/)
    expect((await get(tor.connect(target()), '/')).text()).to.contain('ok')
  })

  it('dials nothing but the relays and looks up no name', () => {
    const relays = new Set(network.relays.map(({ relay }) => `127.0.0.1:${relay.addresses[0]?.port}`))
    expect(tap.dialled).not.to.deep.equal([])
    expect(outgoing.connections).to.deep.equal(tap.dialled)
    for (const address of outgoing.connections) expect(relays.has(address), address).to.equal(true)
    expect(outgoing.otherWays).to.deep.equal([])
  })
})
