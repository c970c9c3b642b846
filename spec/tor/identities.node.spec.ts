import { expect } from 'chai'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { Channel } from '../../lib/channel/channel.ts'
import type { Relay } from '../../lib/relay.ts'
import { tlsCertificate, tlsKey } from '../platform/links/tls-certificate.ts'
import { requireProgram } from '../support/programs.ts'
import { failure, get, openCircuit } from './support/client.ts'
import type { TorNetwork } from './support/network.ts'
import { freePorts } from './support/ports.ts'
import { RawServer } from './support/raw-server.ts'
import { sharedNetwork } from './support/shared.ts'

/** How long a server may stay silent here, in ms. */
const patience = 200

describe('Relays that are not who they should be', function () {
  let network: TorNetwork
  let path: [Relay, Relay, Relay]

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    network = await sharedNetwork()
    path = network.path()
  })

  /** What a circuit fails with whose relay at `index` is taken for one with other keys. */
  async function mistaken(
    index: number,
    changes: Partial<Relay>,
  ): Promise<{ code: string; reason: number | undefined }> {
    const circuit = openCircuit(path.map((relay, at) => (at === index ? { ...relay, ...changes } : relay)))
    const socket = circuit.connect({ hostname: '127.0.0.1', port: network.httpPort })
    const [error, ...others] = await Promise.all(
      [circuit.opened, circuit.closed, socket.opened, get(socket, '/')].map(failure),
    )
    expect(others.map(({ code }) => code)).to.deep.equal(others.map(() => error?.code))
    return { code: error?.code ?? '', reason: error?.reason }
  }

  const other = {
    ed25519Identity: new Uint8Array(32).fill(7),
    rsaIdentity: new Uint8Array(20).fill(7),
    ntorOnionKey: new Uint8Array(32).fill(9),
  }

  it('and have another Ed25519 or RSA identity are found out at the link, as guard', async () => {
    expect(await mistaken(0, { ed25519Identity: other.ed25519Identity })).to.include({ code: 'LINK_IDENTITY' })
    expect(await mistaken(0, { rsaIdentity: other.rsaIdentity })).to.include({ code: 'LINK_IDENTITY' })
    expect(await mistaken(0, { addresses: path[1].addresses })).to.include({ code: 'LINK_IDENTITY' })
  })

  for (const [index, role] of ['guard', 'middle', 'exit'].entries()) {
    it(`cannot prove that they own another onion key, as ${role}`, async () => {
      // To ntor the relay answers with what it has; of ntor-v3 it cannot even read the request.
      const { ntorOnionKey } = other
      expect(await mistaken(index, { ntorOnionKey, protocols: undefined })).to.include({ code: 'CIRCUIT_HANDSHAKE' })
      expect(await mistaken(index, { ntorOnionKey })).to.include({ code: 'CIRCUIT_DESTROYED' })
    })
  }

  for (const [index, role] of [
    [1, 'middle'],
    [2, 'exit'],
  ] as const) {
    it(`and have another Ed25519 or RSA identity are not extended to, as ${role}`, async () => {
      for (const changes of [{ ed25519Identity: other.ed25519Identity }, { rsaIdentity: other.rsaIdentity }]) {
        const { code, reason } = await mistaken(index, changes)
        expect(code).to.be.oneOf(['CIRCUIT_DESTROYED', 'CIRCUIT_TRUNCATED'])
        expect(reason).to.be.above(0)
      }
    })
  }

  it('since nobody listens there cannot be reached', async () => {
    const [port = 0] = await freePorts(1)
    expect(await mistaken(0, { addresses: [{ hostname: '127.0.0.1', port }] })).to.include({ code: 'LINK_UNREACHABLE' })
  })

  it('at the first of two addresses are looked for at the other', async () => {
    const [port = 0] = await freePorts(1)
    const [guard, middle, exit] = path
    await using circuit = openCircuit([
      { ...guard, addresses: [{ hostname: '127.0.0.1', port }, ...guard.addresses] },
      middle,
      exit,
    ])
    await circuit.opened
  })
})

describe('Servers that are no relays', () => {
  let relay: Relay
  let server: RawServer
  /** Resolves when the connection has been ended from this side. */
  let gone: Promise<unknown>

  /** A server that does `onConnection` with its first connection. What that returns tells when the connection ends. */
  const serve = async (onConnection: (socket: Socket) => Socket): Promise<void> => {
    let onGone!: (value: unknown) => void
    gone = new Promise((resolve) => (onGone = resolve))
    server = await RawServer.start((peer) => onConnection(peer).on('end', onGone).on('close', onGone).resume())
    relay = {
      addresses: [{ hostname: '127.0.0.1', port: server.port }],
      rsaIdentity: new Uint8Array(20),
      ed25519Identity: new Uint8Array(32),
      ntorOnionKey: new Uint8Array(32).fill(9),
    }
  }

  afterEach(async () => {
    await server.stop()
  })

  it('and speak no TLS are as good as unreachable', async () => {
    await serve((peer) => {
      peer.write('220 mail.test ESMTP\r\n')
      return peer
    })
    expect(await failure(openCircuit([relay]).opened)).to.include({ code: 'LINK_UNREACHABLE' })
    await gone
  })

  it('and hang up at once are as good as unreachable', async () => {
    await serve((peer) => peer.end())
    expect(await failure(openCircuit([relay]).opened)).to.include({ code: 'LINK_UNREACHABLE' })
    await gone
  })

  it('and reset the connection are as good as unreachable', async () => {
    await serve((peer) => peer.resetAndDestroy())
    expect(await failure(openCircuit([relay]).opened)).to.include({ code: 'LINK_UNREACHABLE' })
    await gone
  })

  it('and accept and say nothing are given up in time, and the connection is closed', async () => {
    await serve((peer) => peer)
    expect(await failure(Channel.connect(relay, { timeout: patience }))).to.include({ code: 'LINK_TIMEOUT' })
    await gone
  })

  it('and say nothing leave a circuit unbuilt in time, and the connection is closed', async () => {
    await serve((peer) => peer)
    const circuit = openCircuit([relay], { timeout: patience })
    const errors = await Promise.all(
      [circuit.opened, circuit.closed, circuit.connect('some.name.test:80').opened].map(failure),
    )
    expect(errors.map(({ code }) => code)).to.deep.equal(['CIRCUIT_TIMEOUT', 'CIRCUIT_TIMEOUT', 'CIRCUIT_TIMEOUT'])
    expect(errors[0]?.cause).to.include({ code: 'LINK_TIMEOUT' })
    await gone
  })

  it('are given up when the signal says so while they say nothing, and the connection is closed', async () => {
    const giveUp = new AbortController()
    await serve((peer) => {
      giveUp.abort(new Error('enough'))
      return peer
    })
    const circuit = openCircuit([relay], { signal: giveUp.signal })
    const errors = await Promise.all(
      [circuit.opened, circuit.closed, circuit.connect('some.name.test:80').opened].map(failure),
    )
    expect(errors.map(({ code }) => code)).to.deep.equal(['ABORTED', 'ABORTED', 'ABORTED'])
    await gone
  })

  describe('but speak TLS', () => {
    const serveTls = async (onSecure: (socket: TLSSocket) => void): Promise<void> => {
      await serve((peer) => {
        const socket = new TLSSocket(peer, { isServer: true, key: tlsKey, cert: tlsCertificate })
        // The far end may vanish in the middle of anything.
        socket.on('error', () => undefined).on('secure', () => onSecure(socket))
        return socket
      })
    }

    it('and say nothing in it are given up in time', async () => {
      await serveTls(() => undefined)
      expect(await failure(Channel.connect(relay, { timeout: patience }))).to.include({ code: 'LINK_TIMEOUT' })
      await gone
    })

    it('and speak HTTP break the protocol', async () => {
      await serveTls((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
      expect(await failure(openCircuit([relay]).opened)).to.include({ code: 'LINK_PROTOCOL' })
      await gone
    })

    it('and end it lose the link', async () => {
      await serveTls((socket) => socket.end())
      expect(await failure(openCircuit([relay]).opened)).to.include({ code: 'LINK_CLOSED' })
      await gone
    })
  })
})
