import { expect } from 'chai'
import { WebSocket as NodeWebSocket } from 'ws'
import { TorClient } from '../../lib/client/tor-client.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import type { NetworkConfig } from '../../lib/directory/network/network-config.ts'
import { listenGateway, type Gateway } from '../../lib/node/gateway/listen-gateway.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { webSocketTransport, type WebSocketConstructor } from '../../lib/websocket.ts'
import { requireProgram } from '../support/programs.ts'
import { download, upload } from './support/client.ts'
import { TorNetwork } from './support/network.ts'
import { testBytesSha256 } from './support/test-bytes.ts'

const SIZE = 20_000_000
const WebSocket = NodeWebSocket as unknown as WebSocketConstructor

describe('A gateway to real relays', function () {
  this.timeout(60_000)
  let network: TorNetwork
  let config: NetworkConfig
  let gateway: Gateway

  before(async function () {
    this.timeout(90_000)
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    network = await TorNetwork.start({ authorities: 1, relays: 3, exits: 2 })
    config = { authorities: parseDirAuthorityLines(network.dirAuthorityLines), fallbacks: [], testing: true }
  })

  beforeEach(async () => {
    gateway = await listenGateway({ port: 0, network: config, storage: new MemoryStorage(), allowPrivate: true })
  })

  afterEach(() => gateway.close())

  after(() => network?.stop())

  const open = (): Promise<TorClient> =>
    TorClient.open({
      network: config,
      transport: webSocketTransport({ url: `ws://127.0.0.1:${gateway.port}`, WebSocket }),
      storage: new MemoryStorage(),
      timeout: 30_000,
    })

  it('carries a client from nothing to 20 MB down and 20 MB up that are whole', async () => {
    const tor = await open()
    const whole = { bytes: SIZE, sha256: testBytesSha256(SIZE) }
    expect(await download(tor.connect(`some.name.test:${network.httpPort}`), SIZE)).to.deep.equal(whole)
    expect(await upload(tor.connect(`some.name.test:${network.httpPort}`), SIZE)).to.deep.equal(whole)
    await tor.close()
    const { bytesFromRelays, bytesToRelays, refused } = gateway.counters
    expect(bytesFromRelays).to.be.greaterThan(SIZE)
    expect(bytesToRelays).to.be.greaterThan(SIZE)
    expect(refused).to.deep.equal({})
  })
})
