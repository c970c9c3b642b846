import { expect } from 'chai'
import { Circuit } from '../../../lib/circuit/circuit.ts'
import { ChannelPool } from '../../../lib/client/circuits/channel-pool.ts'
import type { Relay } from '../../../lib/relay.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import { codeOf } from '../../stream/support/stream-fixture.ts'

describe('The channels of a client', () => {
  let network: TestNetwork
  let pool: ChannelPool
  let path: Relay[]

  beforeEach(async () => {
    network = await TestNetwork.start({ relays: 3 })
    pool = new ChannelPool({ transport: network.transport })
    path = [...network.path(3)]
  })

  afterEach(async () => {
    await pool.close()
    await network.close()
  })

  const guard = (): Relay => path[0] as Relay
  /** As the directory's server is known: by its RSA identity alone. */
  const server = (): { addresses: Relay['addresses']; rsaIdentity: Uint8Array } => ({
    addresses: guard().addresses,
    rsaIdentity: guard().rsaIdentity,
  })
  /** The guard by another Ed25519 identity than the one that it has. */
  const other = (): Relay => ({ ...guard(), ed25519Identity: (path[1] as Relay).ed25519Identity })

  it('that were dialled for the directory are shared with circuits whose guard has proved the identities it is known by', async () => {
    const dialled = pool.get('G', server())
    expect(pool.get('G', guard())).to.equal(dialled)
    expect((await dialled).identity).to.deep.equal({
      rsaIdentity: guard().rsaIdentity,
      ed25519Identity: guard().ed25519Identity,
    })
    expect(pool.get('G', guard())).to.equal(dialled)
    const circuit = Circuit.open(path, { channel: dialled })
    await circuit.opened
    await circuit.close()
    expect(network.dials).to.have.length(1)
  })

  it('that were dialled for the directory are no way to a guard of another Ed25519 identity', async () => {
    const dialled = pool.get('G', server())
    await dialled
    const anew = pool.get('G', other())
    expect(anew).to.not.equal(dialled)
    expect(await codeOf(anew)).to.equal('LINK_IDENTITY')
  })

  for (const kind of ['Circuit.open', 'Circuit.openToDirectory'] as const) {
    it(`carry no circuit to a relay that they have not been proved to lead to, begun while they are dialled (${kind})`, async () => {
      const dialled = pool.get('G', server())
      const shared = pool.get('G', other())
      expect(shared, 'one that is being dialled is shared').to.equal(dialled)
      const circuit =
        kind === 'Circuit.open'
          ? Circuit.open([other(), ...path.slice(1)], { channel: shared })
          : Circuit.openToDirectory(other(), { channel: shared })
      expect(await codeOf(circuit.opened)).to.equal('LINK_IDENTITY')
      expect(network.circuits).to.have.length(0)
    })
  }

  it('are refused at once where one that is open leads to another relay, by either identity', async () => {
    const channel = await pool.get('G', server())
    const [, middle] = path as [Relay, Relay]
    for (const first of [other(), { ...guard(), rsaIdentity: middle.rsaIdentity }, middle])
      expect(() => Circuit.open([first], { channel })).to.throw(TypeError, 'another relay')
  })
})
