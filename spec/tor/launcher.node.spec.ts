import { expect } from 'chai'
import { createHash } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { requireProgram } from '../support/programs.ts'
import { TorNetwork } from './support/network.ts'
import { StalledServer } from './support/stalled-server.ts'
import { testBytes, testBytesSha256 } from './support/test-bytes.ts'

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false // ESRCH: there is no such process.
  }
}

const rejection = async (promise: Promise<unknown>): Promise<Error> => {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not reject')
}

describe('the launcher of a private tor network', function () {
  let network: TorNetwork

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    network = await TorNetwork.start()
  })

  after(() => network?.stop())

  it('knows each relay by keys of the right length, all different', () => {
    expect(network.relays.map(({ isExit }) => isExit)).to.deep.equal([true, true, false])
    const keys = network.relays.flatMap(({ relay }) => [relay.rsaIdentity, relay.ed25519Identity, relay.ntorOnionKey])
    expect(keys.map(({ length }) => length)).to.deep.equal([20, 32, 32, 20, 32, 32, 20, 32, 32])
    expect(new Set(keys.map(String)).size).to.equal(9)
  })

  it('starts relays that listen on loopback', async () => {
    for (const { relay } of network.relays) {
      expect(relay.addresses[0]?.hostname).to.equal('127.0.0.1')
      const socket = connect(relay.addresses[0]?.port ?? 0, '127.0.0.1')
      await once(socket, 'connect')
      socket.destroy()
    }
  })

  it('gives a path of three distinct relays that ends at an exit', () => {
    const path = network.path()
    expect(new Set(path).size).to.equal(3)
    expect(network.relays.find(({ relay }) => relay === path[2])?.isExit).to.equal(true)
    expect(network.relays.find(({ relay }) => relay === path[0])?.isExit).to.equal(false)
  })

  it('serves known bytes over HTTP', async () => {
    const response = await fetch(`http://127.0.0.1:${network.httpPort}/3000000`)
    const bytes = new Uint8Array(await response.arrayBuffer())
    expect(bytes.length).to.equal(3_000_000)
    expect(createHash('sha256').update(bytes).digest('hex')).to.equal(testBytesSha256(3_000_000))
  })

  it('swallows a body over HTTP and says what it was', async () => {
    const response = await fetch(`http://127.0.0.1:${network.httpPort}/`, { method: 'PUT', body: testBytes(1_500_000) })
    expect(await response.json()).to.deep.equal({ bytes: 1_500_000, sha256: testBytesSha256(1_500_000) })
  })

  it('answers DNS questions, whatever their case', async () => {
    const resolver = new Resolver()
    resolver.setServers([`127.0.0.1:${network.dnsPort}`])
    expect(await resolver.resolve4('Some.Name.Test', { ttl: true })).to.deep.equal([{ address: '127.0.0.1', ttl: 60 }])
    expect(await resolver.resolve6('V6.Name.Test')).to.deep.equal(['::1'])
    expect(await resolver.reverse('192.0.2.1')).to.deep.equal(['localhost.test'])
    expect(await rejection(resolver.resolve6('some.name.test'))).to.have.property('code', 'ENODATA')
    expect(await rejection(resolver.resolve4('nx.name.test'))).to.have.property('code', 'ENOTFOUND')
  })

  it('ends a relay at once when told to, and everything when it stops', async () => {
    const other = await TorNetwork.start({ relays: 3, exits: 1 })
    const pids = other.relays.map(({ pid }) => pid)
    expect(pids.map(isRunning)).to.deep.equal([true, true, true])
    await other.relays[0]?.kill()
    expect(pids.map(isRunning)).to.deep.equal([false, true, true])
    await other.stop()
    expect(pids.map(isRunning)).to.deep.equal([false, false, false])
    expect(await rejection(fetch(`http://127.0.0.1:${other.httpPort}/`))).to.be.instanceOf(TypeError)
  })

  it('says what tor said when a relay does not start', async () => {
    const error = await rejection(TorNetwork.start({ relayOptions: ['NoSuchOption 1'] }))
    expect(error.message).to.match(/Unknown option 'NoSuchOption'/)
  })

  it('refuses options that cannot be', async () => {
    expect(await rejection(TorNetwork.start({ relays: 1, exits: 2 }))).to.be.instanceOf(RangeError)
    expect(await rejection(TorNetwork.start({ authorities: 0, params: ['cc_alg=0'] }))).to.be.instanceOf(RangeError)
  })
})

describe('the stalled server', () => {
  let server: StalledServer
  let socket: Socket
  /** More than the kernel takes. */
  const length = 16_000_000

  beforeEach(async () => {
    server = await StalledServer.start()
    socket = connect(server.port, '127.0.0.1')
    await server.connected()
  })

  afterEach(async () => {
    socket.destroy()
    await server.stop()
  })

  it('takes no more than the kernel until it is told to read, then everything', async () => {
    let written = false
    socket.end(testBytes(length), () => (written = true))
    // Whatever the kernel takes it takes well before a connection of its own could be made and ended.
    const probe = connect(server.port, '127.0.0.1')
    await once(probe, 'close')
    expect(written).to.equal(false)
    expect(await server.resume()).to.deep.equal({ bytes: length, sha256: testBytesSha256(length) })
    expect(written).to.equal(true)
  })

  it('fails to read what ends in a reset', async () => {
    const reading = server.resume()
    socket.resetAndDestroy()
    expect(await rejection(reading)).to.have.property('code', 'ECONNRESET')
  })

  it('rejects who waits for a connection when it stops', async () => {
    const other = await StalledServer.start()
    const waiting = other.connected()
    await other.stop()
    expect(await rejection(waiting)).to.have.property('name', 'AbortError')
  })
})
