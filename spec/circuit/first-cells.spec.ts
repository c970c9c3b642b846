import { expect } from 'chai'
import { Channel } from '../../lib/channel/channel.ts'
import { Circuit } from '../../lib/circuit/circuit.ts'
import type { Link, LinkAddress, Transport } from '../../lib/platform/links/transport.ts'
import type { Relay } from '../../lib/relay.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import { quiet } from '../support/turn.ts'

const CELL = 514

/**
 * A transport that notes how long each write is. As a real one it takes longer than a key agreement, whose threads are done when
 * there is a link.
 */
class Measured implements Transport {
  readonly writes: number[] = []
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  async connect(address: LinkAddress, options: { readonly signal: AbortSignal }): Promise<Link> {
    await quiet(5)
    const link = (await this.#transport.connect(address, options)) as Link
    const writer = link.writable.getWriter()
    const writable = new WritableStream<Uint8Array>({
      write: (bytes) => {
        this.writes.push(bytes.length)
        return writer.write(bytes)
      },
      close: () => writer.close(),
      abort: (reason) => writer.abort(reason),
    })
    return { readable: link.readable, writable, peerCertificate: link.peerCertificate }
  }
}

describe('The first cells of a link', () => {
  let network: TestNetwork
  let transport: Measured

  before(async () => {
    network = await TestNetwork.start({ relays: 3, authorities: 0 })
  })
  beforeEach(() => {
    transport = new Measured(network.transport)
  })
  after(() => network.close())

  it('are VERSIONS, then NETINFO and the CREATE2 of a circuit that waits in one write', async () => {
    const circuit = Circuit.open(network.path(), { transport })
    await circuit.opened
    expect(transport.writes.slice(0, 2)).to.deep.equal([11, 2 * CELL])
    await circuit.close()
  })

  it('take the CREATE2s of all circuits that wait along', async () => {
    const channel = Channel.connect(network.path()[0] as Relay, { transport })
    const circuits = [1, 2].map(() => Circuit.open(network.path(), { channel }))
    const directory = Circuit.openToDirectory(network.path()[0] as Relay, { channel })
    await Promise.all([...circuits, directory].map((circuit) => circuit.opened))
    expect(transport.writes.slice(0, 2)).to.deep.equal([11, 4 * CELL])
    await (await channel).close()
  })

  it('are sent without a circuit too, and when the channel is closed at once', async () => {
    const channel = await Channel.connect(network.path()[0] as Relay, { transport })
    await channel.close()
    expect(transport.writes).to.deep.equal([11, CELL])
  })

  it('tell the relay to send no padding where less is wanted, before any circuit', async () => {
    for (const linkPadding of ['reduced', 'off'] as const) {
      const channel = Channel.connect(network.path()[0] as Relay, { transport, linkPadding })
      const circuit = Circuit.open(network.path(), { channel })
      await circuit.opened
      expect(transport.writes.slice(0, 2), linkPadding).to.deep.equal([11, 3 * CELL])
      transport.writes.length = 0
      await (await channel).close()
    }
  })

  it('go only to who names a mode of padding that there is', async () => {
    const options = { transport, linkPadding: 'none' as 'off' }
    const failure = await Channel.connect(network.path()[0] as Relay, options).catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(TypeError).and.to.have.property('message').that.includes('linkPadding')
    expect(transport.writes).to.deep.equal([])
  })
})
