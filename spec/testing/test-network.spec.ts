import { expect } from 'chai'
import { CellCommand, RelayCommand } from '../../lib/cell/commands.ts'
import { encodeCreate2, HandshakeType } from '../../lib/cell/create2.ts'
import { encodeExtend2 } from '../../lib/cell/relay/extend2.ts'
import { decodeNetinfo, encodeNetinfo } from '../../lib/cell/channel/netinfo.ts'
import { DestroyReason } from '../../lib/cell/reasons.ts'
import { decodeVersions, encodeCell, encodeVersions } from '../../lib/cell/channel/channel-cell.ts'
import type { Relay } from '../../lib/relay.ts'
import { createRelayIdentity } from '../../lib/testing/identity/relay-identity.ts'
import type { TestCircuit } from '../../lib/testing/relay/test-circuit.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { ManualClock } from './support/manual-clock.ts'
import { begin, CIRCUIT_ID, MinimalClient } from './support/minimal-client.ts'
import { torCodeOf as codeOf } from '../support/failures.ts'

async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('The promise did not reject')
}

describe('TestNetwork', () => {
  let network: TestNetwork
  let guard: TestRelay
  let middle: TestRelay
  let exit: TestRelay

  beforeEach(async () => {
    network = await TestNetwork.start({ relays: 3 })
    ;[guard, middle, exit] = network.relays as [TestRelay, TestRelay, TestRelay]
  })

  afterEach(async () => {
    await network.close()
  })

  /** A link to the guard on which nothing has been sent. */
  async function dial(): Promise<MinimalClient> {
    return new MinimalClient(await network.transport.connect(guard.address, { signal: new AbortController().signal }))
  }

  /** What the relay makes of these bytes: all cells it answers up to the end of the link. */
  async function untilEnd(client: MinimalClient): Promise<number> {
    const reader = client.link.readable.getReader()
    for (let bytes = 0; ;) {
      const { done, value } = await reader.read()
      if (done) return bytes
      bytes += value.length
    }
  }

  describe('as a whole', () => {
    it('has as many relays as asked for, each with keys and an address of its own', () => {
      const path = network.path()
      expect(path).to.have.length(3)
      expect(new Set(path.map(({ addresses }) => addresses[0]?.hostname)).size).to.equal(3)
      expect(new Set(path.map(({ rsaIdentity }) => rsaIdentity.join())).size).to.equal(3)
      expect(new Set(path.map(({ ntorOnionKey }) => ntorOnionKey.join())).size).to.equal(3)
    })

    it('refuses numbers of relays that cannot be', async () => {
      expect(await failure(TestNetwork.start({ relays: 0 }))).to.be.instanceOf(RangeError)
      expect(await failure(TestNetwork.start({ relays: 1.5 }))).to.be.instanceOf(RangeError)
      expect(() => network.path(4)).to.throw(RangeError, 'length')
    })

    it('makes the same keys from the same random bytes, RSA aside', async () => {
      const random = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(7)
      const [one, two] = [await createRelayIdentity(random), await createRelayIdentity(random)]
      expect(one.ed25519).to.deep.equal(two.ed25519)
      expect(one.onion).to.deep.equal(two.onion)
      expect(one.rsa.fingerprint).not.to.deep.equal(two.rsa.fingerprint)
    })

    it('records every address that is dialled, and refuses those where no relay is', async () => {
      const nowhere = { hostname: '127.0.0.1', port: 9001 }
      expect(await failure(network.transport.connect(nowhere, { signal: new AbortController().signal }))).to.match(
        /refused/,
      )
      await MinimalClient.connect(network)
      expect(network.dials).to.deep.equal([nowhere, guard.address])
    })

    it('refuses to be dialled when told to, and can leave the caller waiting until it gives up', async () => {
      const giveUp = new AbortController()
      guard.reachable = 'no'
      expect(await failure(network.transport.connect(guard.address, { signal: giveUp.signal }))).to.match(/refused/)
      guard.reachable = 'never'
      const dialling = failure(network.transport.connect(guard.address, { signal: giveUp.signal }))
      giveUp.abort(new Error('enough'))
      expect(await dialling).to.have.property('message', 'enough')
      expect(guard.links).to.have.length(0)
    })

    it('breaks every link when it closes, and lets nobody wait', async () => {
      const client = await MinimalClient.build(network)
      guard.reachable = 'never'
      const dialling = failure(network.transport.connect(guard.address, { signal: new AbortController().signal }))
      const waiting = failure(guard.when(() => false))
      await network.close()
      await network.close()
      expect(await dialling).to.match(/closed/)
      expect(await waiting).to.match(/closed/)
      await client.until(() => client.ended !== undefined)
      expect(network.relays.flatMap(({ links }) => links).every(({ closed }) => closed)).to.equal(true)
      expect(network.circuits[0]?.closed).to.equal(true)
      expect(
        await failure(network.transport.connect(guard.address, { signal: new AbortController().signal })),
      ).to.match(/closed/)
    })

    it('leaves no timer behind when it closes while bytes are under way', async () => {
      const clock = new ManualClock()
      const late = await TestNetwork.start({ relays: 1, clock })
      const relay = late.relays[0] as TestRelay
      relay.onLink = ({ memory }) => {
        memory.delay = 1_000
        return 'handle'
      }
      const { writable } = await late.transport.connect(relay.address, { signal: new AbortController().signal })
      await writable.getWriter().write(encodeVersions([5]))
      expect(clock.pending).to.equal(1)
      await late.close()
      expect(clock.pending).to.equal(0)
    })

    it('hands on what a predicate throws', async () => {
      const error = new Error('wrong')
      const waiting = failure(
        guard.when(({ links }) => {
          if (links.length > 0) throw error
          return false
        }),
      )
      await MinimalClient.connect(network)
      expect(await waiting).to.equal(error)
    })
  })

  describe('at the link', () => {
    it('answers VERSIONS with VERSIONS, CERTS, AUTH_CHALLENGE and NETINFO', async () => {
      const client = await MinimalClient.connect(network)
      expect(client.cells.map(({ command }) => command)).to.deep.equal([
        CellCommand.VERSIONS,
        CellCommand.CERTS,
        CellCommand.AUTH_CHALLENGE,
        CellCommand.NETINFO,
      ])
      const [versions, , challenge, netinfo] = client.cells
      expect(decodeVersions(versions?.body ?? new Uint8Array())).to.deep.equal([3, 4, 5])
      expect(challenge?.body).to.have.length(36)
      expect(decodeNetinfo(netinfo?.body ?? new Uint8Array()).myAddresses).to.deep.equal([guard.address.hostname])
    })

    it('logs the cells of the initiator', async () => {
      await MinimalClient.connect(network)
      await guard.when(({ links }) => links[0]?.netinfo !== undefined)
      expect(guard.links[0]?.versions).to.deep.equal([3, 4, 5])
      expect(guard.links[0]?.log.slice(0, 2).map(({ command }) => command)).to.deep.equal([
        CellCommand.VERSIONS,
        CellCommand.NETINFO,
      ])
    })

    for (const readSize of [1, 7, 513, 515, Infinity]) {
      it(`works when every read yields ${readSize} bytes`, async () => {
        for (const relay of network.relays) {
          relay.onLink = ({ memory }) => {
            memory.readSize = readSize
            return 'handle'
          }
        }
        const client = await MinimalClient.build(network)
        await begin(client, 3)
        await client.message({ command: RelayCommand.DATA, streamId: 3, body: Uint8Array.of(1, 2, 3) })
        await client.answer(RelayCommand.DATA, 3)
        expect(client.dataOf(3)).to.deep.equal(Uint8Array.of(1, 2, 3))
      })
    }

    it('ends the link when there is no version in common', async () => {
      const client = await dial()
      client.send(encodeVersions([1, 2, 3]))
      expect(await untilEnd(client)).to.equal(11)
      expect(guard.links[0]?.violation).to.match(/version/)
    })

    it('offers the versions that it is told to', async () => {
      guard.linkVersions = [6, 7]
      expect(await codeOf(MinimalClient.connect(network))).to.equal('LINK_VERSION')
    })

    it('ends the link when a cell is malformed or comes too early', async () => {
      const early = await dial()
      early.send(encodeVersions([5]))
      early.sendCell(CellCommand.CREATE2, encodeCreate2(HandshakeType.NTOR, new Uint8Array(84)))
      await untilEnd(early)
      expect(guard.links[0]?.violation).to.match(/NETINFO/)

      const malformed = await dial()
      malformed.send(encodeVersions([5]))
      malformed.send(
        encodeCell(0, CellCommand.NETINFO, encodeNetinfo({ timestamp: 0, otherAddress: undefined, myAddresses: [] })),
      )
      malformed.sendCell(CellCommand.CREATE2, Uint8Array.of(0, 2, 255, 255))
      await untilEnd(malformed)
      expect(guard.links[1]?.violation).to.match(/CREATE2/)
    })

    it('is found out when it forges a certificate, and not any more when it stops', async () => {
      guard.certificateFaults = { 5: 'other-subject' }
      expect(await codeOf(MinimalClient.connect(network))).to.equal('LINK_CERTS')
      guard.certificateFaults = {}
      expect((await MinimalClient.connect(network)).cells).to.have.length(4)
    })

    it('is found out when it has the keys of another relay', async () => {
      guard.identity = middle.identity
      expect(await codeOf(MinimalClient.connect(network))).to.equal('LINK_IDENTITY')
    })

    it('tells a wrong time when its clock is off', async () => {
      const before = Math.floor(Date.now() / 1000)
      guard.clockSkew = 7_200_000
      const client = await MinimalClient.connect(network)
      const { timestamp } = decodeNetinfo((await client.cell(CellCommand.NETINFO)).body)
      expect(timestamp).to.be.within(before + 7_200, before + 7_260)
    })

    it('leaves the handshake to the test when asked to', async () => {
      guard.onLink = () => 'ignore'
      const connecting = MinimalClient.connect(network)
      await guard.when(({ links }) => links[0]?.versions !== undefined)
      const link = guard.links[0]
      link?.sendVersions([4])
      link?.sendCell(0, CellCommand.VPADDING, new Uint8Array(300))
      await link?.sendCerts()
      link?.sendAuthChallenge()
      link?.sendNetinfo({ timestamp: 0 })
      const client = await connecting
      expect(client.cells.map(({ command }) => command)).to.include(CellCommand.VPADDING)
      await client.create(guard.description)
      expect(guard.circuits).to.have.length(1)
    })

    it('sends any bytes', async () => {
      guard.onLink = () => 'ignore'
      const client = await dial()
      guard.links[0]?.sendBytes(Uint8Array.of(1, 2, 3))
      guard.links[0]?.end()
      expect(await untilEnd(client)).to.equal(3)
    })
  })

  describe('creating circuits', () => {
    it('answers CREATE2 with the reply of ntor', async () => {
      const client = await MinimalClient.connect(network)
      await client.create(guard.description)
      expect(client.hops).to.have.length(1)
      expect(network.circuits).to.have.length(1)
      expect(network.circuits[0]?.relay).to.equal(guard)
    })

    it('answers CREATE with DESTROY', async () => {
      const client = await MinimalClient.connect(network)
      client.sendCell(CellCommand.CREATE)
      expect((await client.cell(CellCommand.DESTROY)).body[0]).to.equal(DestroyReason.PROTOCOL)
    })

    it('answers CREATE_FAST, and has a circuit from then on', async () => {
      const client = await MinimalClient.connect(network)
      await client.createFast()
      expect(guard.circuits).to.have.length(1)
      await begin(client, 1)
      expect((await client.answer(RelayCommand.CONNECTED, 1)).hop).to.equal(0)
    })

    it('goes on from a circuit of CREATE_FAST as from any other', async () => {
      const client = await MinimalClient.connect(network)
      await client.createFast()
      await client.extend(middle.description)
      expect(network.circuits[0]?.hops.map(({ relay }) => relay)).to.deep.equal([guard, middle])
    })

    it('does as answerCreate says about CREATE_FAST too', async () => {
      const types: number[] = []
      guard.answerCreate = ({ handshakeType, data }) => {
        types.push(handshakeType, data.length)
        return 'wrong-auth'
      }
      const wrong = await MinimalClient.connect(network)
      expect(await codeOf(wrong.createFast())).to.equal('CIRCUIT_HANDSHAKE')
      expect(types).to.deep.equal([1, 509])
      guard.answerCreate = () => ({ destroy: DestroyReason.RESOURCELIMIT })
      const refused = await MinimalClient.connect(network)
      refused.sendCell(CellCommand.CREATE_FAST, new Uint8Array(20))
      expect((await refused.cell(CellCommand.DESTROY)).body[0]).to.equal(DestroyReason.RESOURCELIMIT)
    })

    it('takes no CREATE2 of type 1 for a CREATE_FAST', async () => {
      const client = await MinimalClient.connect(network)
      client.sendCell(CellCommand.CREATE2, encodeCreate2(1, new Uint8Array(20)))
      expect((await client.cell(CellCommand.DESTROY)).body[0]).to.equal(DestroyReason.PROTOCOL)
    })

    it('answers with DESTROY what is no ntor, is for another relay, or has an id that an initiator may not choose', async () => {
      const client = await MinimalClient.connect(network)
      client.sendCell(CellCommand.CREATE2, encodeCreate2(HandshakeType.NTOR_V3, new Uint8Array(84)), CIRCUIT_ID + 1)
      client.sendCell(CellCommand.CREATE2, encodeCreate2(HandshakeType.NTOR, new Uint8Array(84)), CIRCUIT_ID + 2)
      client.sendCell(CellCommand.CREATE2, encodeCreate2(HandshakeType.NTOR, new Uint8Array(3)), CIRCUIT_ID + 3)
      client.sendCell(CellCommand.CREATE2, encodeCreate2(HandshakeType.NTOR, new Uint8Array(84)), 5)
      await client.until(() => client.cells.filter(({ command }) => command === CellCommand.DESTROY).length === 4)
      expect(guard.circuits).to.have.length(0)
    })

    it('does as answerCreate says', async () => {
      guard.answerCreate = () => 'wrong-auth'
      const wrong = await MinimalClient.connect(network)
      expect(await codeOf(wrong.create(guard.description))).to.equal('CIRCUIT_HANDSHAKE')

      guard.answerCreate = () => ({ destroy: DestroyReason.HIBERNATING })
      const refused = await MinimalClient.connect(network)
      refused.sendCell(CellCommand.CREATE2, encodeCreate2(HandshakeType.NTOR, new Uint8Array(84)))
      expect((await refused.cell(CellCommand.DESTROY)).body[0]).to.equal(DestroyReason.HIBERNATING)

      guard.answerCreate = () => ({ created2: Uint8Array.of(0xff, 0xff) })
      const lying = await MinimalClient.connect(network)
      expect(await codeOf(lying.create(guard.description))).to.equal('CELL_MALFORMED')
    })

    it('answers late when answerCreate gives a promise, and not at all when the client has given up', async () => {
      let answer: (decision: 'answer' | 'ignore') => void = () => undefined
      guard.answerCreate = () => new Promise((resolve) => (answer = resolve))
      const client = await MinimalClient.connect(network)
      const creating = client.create(guard.description)
      await guard.when(({ links }) => links[0]?.log.some(({ command }) => command === CellCommand.CREATE2) === true)
      answer('answer')
      await creating
      expect(guard.circuits).to.have.length(1)

      client.sendCell(CellCommand.CREATE2, encodeCreate2(HandshakeType.NTOR, new Uint8Array(84)), CIRCUIT_ID + 1)
      client.sendCell(CellCommand.DESTROY, Uint8Array.of(0), CIRCUIT_ID + 1)
      await guard.when(({ links }) => links[0]?.log.some(({ command }) => command === CellCommand.DESTROY) === true)
      answer('answer')
      guard.answerCreate = undefined
      client.sendCell(CellCommand.CREATE, new Uint8Array(), CIRCUIT_ID + 2)
      await client.cell(CellCommand.DESTROY)
      expect(guard.circuits).to.have.length(1)
    })

    it('closes the link when a hook throws', async () => {
      guard.answerCreate = () => {
        throw new Error('the hook is wrong')
      }
      const client = await MinimalClient.connect(network)
      client.sendCell(CellCommand.CREATE2, encodeCreate2(HandshakeType.NTOR, new Uint8Array(84)))
      await client.until(() => client.ended !== undefined)
      expect(guard.links[0]?.violation).to.match(/the hook is wrong/)
    })
  })

  describe('extending circuits', () => {
    it('makes a path through all relays, each of which knows the same circuit', async () => {
      await MinimalClient.build(network)
      const hops = network.circuits[0]?.hops ?? []
      expect(hops.map(({ relay }) => relay)).to.deep.equal([guard, middle, exit])
      expect(hops.map(({ next }) => next)).to.deep.equal([hops[1], hops[2], undefined])
      expect(guard.links[0]?.fromClient).to.equal(true)
      expect(middle.links[0]?.fromClient).to.equal(false)
      expect(network.dials).to.have.length(1)
    })

    it('drops an EXTEND2 that comes in a RELAY cell', async () => {
      const client = await MinimalClient.connect(network)
      await client.create(guard.description)
      void client.extend(middle.description, false).catch(() => undefined)
      await guard.when(({ circuits }) => circuits[0]?.messages.length === 1)
      expect(guard.circuits[0]?.messages[0]).to.include({ command: RelayCommand.EXTEND2, early: false })
      expect(guard.circuits[0]?.onward).to.equal(undefined)
      expect(middle.links).to.have.length(0)
    })

    it('allows eight RELAY_EARLY cells and closes the circuit at the ninth', async () => {
      const client = await MinimalClient.connect(network)
      await client.create(guard.description)
      const circuit = guard.circuits[0] as TestCircuit
      for (let cell = 0; cell < 8; cell += 1) await client.message({ command: RelayCommand.DROP, early: true })
      await circuit.when(({ relayEarlyReceived }) => relayEarlyReceived === 8)
      expect(circuit.closed).to.equal(false)
      await client.message({ command: RelayCommand.DROP, early: true })
      expect((await client.cell(CellCommand.DESTROY)).body[0]).to.equal(DestroyReason.PROTOCOL)
      expect(circuit.violation).to.match(/RELAY_EARLY/)
    })

    /** Sends an EXTEND2 from the guard on, whose onion skin nobody will answer. */
    async function extendTo(relay: Relay, changes: Partial<Relay> = {}): Promise<MinimalClient> {
      const client = await MinimalClient.connect(network)
      await client.create(guard.description)
      const { addresses, rsaIdentity, ed25519Identity } = { ...relay, ...changes }
      const { hostname, port } = addresses[0] as Relay['addresses'][0]
      const specifiers = [
        { type: 'ipv4', address: hostname, port },
        { type: 'rsa', identity: rsaIdentity },
        { type: 'ed25519', identity: ed25519Identity },
      ] as const
      const body = encodeExtend2(specifiers, HandshakeType.NTOR, new Uint8Array(84))
      await client.message({ command: RelayCommand.EXTEND2, body, early: true })
      return client
    }

    const failures: readonly (readonly [string, () => Partial<Relay>, number])[] = [
      [
        'nobody listens there',
        () => ({ addresses: [{ hostname: '192.0.2.99', port: 9001 }] }),
        DestroyReason.CHANNEL_CLOSED,
      ],
      ['the RSA identity is another', () => ({ rsaIdentity: exit.description.rsaIdentity }), DestroyReason.OR_IDENTITY],
      [
        'the Ed25519 identity is another',
        () => ({ ed25519Identity: exit.description.ed25519Identity }),
        DestroyReason.OR_IDENTITY,
      ],
    ]
    for (const [name, changes, reason] of failures) {
      it(`closes the circuit when ${name}`, async () => {
        const client = await extendTo(middle.description, changes())
        expect((await client.cell(CellCommand.DESTROY)).body[0]).to.equal(reason)
      })
    }

    it('answers TRUNCATED when the next relay refuses the onion skin', async () => {
      const client = await extendTo(middle.description)
      const truncated = await client.answer(RelayCommand.TRUNCATED, 0)
      expect([truncated.hop, truncated.body[0]]).to.deep.equal([0, DestroyReason.PROTOCOL])
      expect(guard.circuits[0]?.closed).to.equal(false)
    })

    it('closes the circuit for a malformed EXTEND2, and for one that is one too many', async () => {
      const malformed = await MinimalClient.build(network, network.path(1))
      await malformed.message({ command: RelayCommand.EXTEND2, body: Uint8Array.of(9), early: true })
      expect((await malformed.cell(CellCommand.DESTROY)).body[0]).to.equal(DestroyReason.PROTOCOL)
      const twice = await MinimalClient.build(network, network.path(2))
      const body = encodeExtend2(
        [{ type: 'ipv4', address: exit.address.hostname, port: 9001 }],
        HandshakeType.NTOR,
        new Uint8Array(84),
      )
      await twice.message({ command: RelayCommand.EXTEND2, body, early: true }, 0)
      expect((await twice.cell(CellCommand.DESTROY)).body[0]).to.equal(DestroyReason.PROTOCOL)
    })
  })

  describe('closing circuits', () => {
    let client: MinimalClient
    let hops: readonly [TestCircuit, TestCircuit, TestCircuit]

    beforeEach(async () => {
      client = await MinimalClient.build(network)
      hops = network.circuits[0]?.hops as readonly [TestCircuit, TestCircuit, TestCircuit]
    })

    it('passes the DESTROY of the client on to every relay', async () => {
      client.sendCell(CellCommand.DESTROY, Uint8Array.of(DestroyReason.NONE))
      await network.when(() => hops.every(({ closed }) => closed))
      expect(hops.map(({ destroyReceived }) => destroyReceived)).to.deep.equal([0, 0, 0])
    })

    it('turns the DESTROY of a later relay into TRUNCATED', async () => {
      hops[2].destroy(DestroyReason.HIBERNATING)
      const truncated = await client.answer(RelayCommand.TRUNCATED, 0)
      expect([truncated.hop, truncated.body[0]]).to.deep.equal([1, DestroyReason.HIBERNATING])
      expect(hops.map(({ closed }) => closed)).to.deep.equal([false, false, true])
    })

    it('sends DESTROY to the client when the guard closes the circuit, and to the relays behind it', async () => {
      hops[0].destroy(DestroyReason.RESOURCELIMIT)
      expect((await client.cell(CellCommand.DESTROY)).body[0]).to.equal(DestroyReason.RESOURCELIMIT)
      await network.when(() => hops.every(({ closed }) => closed))
    })

    it('closes the circuit in both directions when a link between two relays breaks', async () => {
      hops[1].link.die()
      expect((await client.cell(CellCommand.DESTROY)).body[0]).to.equal(DestroyReason.CHANNEL_CLOSED)
      await network.when(() => hops.every(({ closed }) => closed))
    })

    it('closes the circuit at every relay when the link of the client breaks', async () => {
      hops[0].link.die(new Error('cut'))
      await network.when(() => hops.every(({ closed }) => closed))
      await client.until(() => client.ended !== undefined)
      expect(client.ended?.error).to.have.property('message', 'cut')
    })

    it('answers TRUNCATE by cutting off the rest', async () => {
      await client.message({ command: RelayCommand.TRUNCATE }, 0)
      expect((await client.answer(RelayCommand.TRUNCATED, 0)).hop).to.equal(0)
      await network.when(() => hops[1].closed && hops[2].closed)
      expect(hops[0].hops).to.deep.equal([hops[0]])
    })

    it('closes the circuit for a cell that nobody recognises', async () => {
      await client.message({ command: RelayCommand.DATA, streamId: 1, digest: Uint8Array.of(1, 2, 3, 4) })
      expect((await client.answer(RelayCommand.TRUNCATED, 0)).body[0]).to.equal(DestroyReason.PROTOCOL)
      expect(hops[2].violation).to.match(/recognises/)
    })

    it('closes the circuit for a message that is longer than its cell', async () => {
      await client.message({ command: RelayCommand.DATA, streamId: 1, length: 499 })
      await hops[2].when(({ closed }) => closed)
      expect(hops[2].violation).to.match(/longer/)
    })
  })
})
