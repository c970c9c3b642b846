import { expect } from 'chai'
import { Circuit } from '../../lib/circuit.ts'
import { EndReason } from '../../lib/cell/reasons.ts'
import { serveSocks } from '../../lib/socks.ts'
import { ExitRefusal, type ExitHandler } from '../../lib/testing/exit/exit.ts'
import { pattern, sink, source } from '../../lib/testing/exit/exits.ts'
import type { TestCircuit } from '../../lib/testing/relay/test-circuit.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import { latin1Text } from '../../lib/proxy/text.ts'
import { FakeClient } from '../proxy/support/fakes.ts'
import { hex } from '../proxy/support/handshakes.ts'
import { turn } from '../support/turn.ts'

const GRANTED = hex('05 00 05 00 00 01 00000000 0000')
const ASK = `${hex('05 01 00 05 01 00 03 06')}a.test${hex('0050')}`

describe('The SOCKS front over a circuit', () => {
  let network: TestNetwork
  let circuit: Circuit
  let client: FakeClient
  let served: Promise<void>

  beforeEach(async () => {
    network = await TestNetwork.start({ relays: 3 })
    circuit = Circuit.open(network.path(), { transport: network.transport })
    client = new FakeClient()
    const { resolve } = circuit
    served = serveSocks(client.connection, {
      allowHalfOpen: true,
      connect: (address) => circuit.connect(address),
      resolve: (name, options) => resolve.call(circuit, name, options),
    })
  })

  afterEach(async () => {
    client.die()
    await served
    await circuit.close().catch(() => undefined) // some specs break it
    await network.close()
  })

  const exitDoes = (handler: ExitHandler): void => {
    for (const relay of network.relays) relay.exit = handler
  }
  const exit = (): TestCircuit => network.circuits[0]?.hops[2] as TestCircuit
  const onlyStream = (): { readonly endReceived: number | undefined } => [...exit().streams.values()][0] as never

  it('carries a megabyte each way, every byte right', async () => {
    exitDoes(() => {
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
      return { readable, writable }
    })
    const bytes = latin1Text(pattern(0, 1_000_000))
    const sending = (async () => {
      await client.send(ASK)
      for (let at = 0; at < bytes.length; at += 50_000) await client.send(bytes.slice(at, at + 50_000))
    })()
    expect(await client.read(GRANTED.length)).to.equal(GRANTED)
    expect((await client.read(bytes.length)) === bytes).to.equal(true)
    await sending
  })

  it('does not cut off the answer when the client ends its side, and ends the client when the answer is complete', async () => {
    exitDoes(() => {
      // Answers as soon as it has the whole question, which it knows by its length.
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
        async transform(_chunk, controller) {
          await turn(5)
          controller.enqueue(pattern(0, 300_000))
          controller.terminate()
        },
      })
      return { readable, writable }
    })
    await client.send(`${ASK}question`)
    await client.end()
    expect(await client.readAll()).to.equal(GRANTED + latin1Text(pattern(0, 300_000)))
  })

  it('stops the exit while the client does not read', async () => {
    let produced = 0
    const { readable, writable } = await source({ length: Infinity })({} as never)
    const count = new TransformStream<Uint8Array, Uint8Array>(
      {
        transform(chunk, controller) {
          produced += chunk.length
          controller.enqueue(chunk)
        },
      },
      undefined,
      { highWaterMark: 0 },
    )
    exitDoes(() => ({ readable: readable.pipeThrough(count), writable }))
    client.down.stall()
    await circuit.opened
    await client.send(ASK)
    for (let before = -1; produced === 0 || produced > before; await turn(20)) before = produced
    // It has come to rest: what the circuit's flow control lets through waits in the stream, and next to nothing behind
    // it.
    expect(client.down.bytesWritten).to.be.within(65_536, 4 * 65_536)
  })

  it('fails the client when the stream ends with another reason than DONE', async () => {
    exitDoes(() => ({
      readable: new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(pattern(0, 1000)),
        pull: (controller) => controller.error(new ExitRefusal(EndReason.CONNRESET)),
      }),
      writable: new WritableStream<Uint8Array>(),
    }))
    await client.send(ASK)
    expect(await client.readAll().catch((error: unknown) => error)).to.have.property('code', 'END_CONNRESET')
  })

  it('says why the exit refused', async () => {
    exitDoes(() => {
      throw new ExitRefusal(EndReason.EXITPOLICY)
    })
    await client.send(ASK)
    expect(await client.readAll()).to.equal(hex('05 00 05 02 00 01 00000000 0000'))
  })

  it('says so when the circuit dies', async () => {
    exitDoes(() => new Promise(() => undefined))
    await circuit.opened
    await client.send(ASK)
    await exit().when(() => exit().streams.size === 1)
    network.circuits[0]?.link.die()
    expect(await client.readAll()).to.equal(hex('05 00 05 01 00 01 00000000 0000'))
  })

  it('ends the stream when the client dies', async () => {
    const target = sink()
    exitDoes(() => target())
    await client.send(`${ASK}data`)
    expect(await client.read(GRANTED.length)).to.equal(GRANTED)
    client.die()
    await served
    await exit().when(() => onlyStream().endReceived !== undefined)
    expect(onlyStream().endReceived).to.equal(EndReason.MISC)
  })

  it('resolves a name', async () => {
    for (const relay of network.relays) relay.resolve = () => [{ type: 'ipv4', address: '203.0.113.7', ttl: 60 }]
    await client.send(`${hex('05 01 00 05 f0 00 03 06')}a.test${hex('0000')}`)
    expect(await client.readAll()).to.equal(hex('05 00 05 00 00 01 cb007107 0000'))
  })
})
