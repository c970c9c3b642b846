import { expect } from 'chai'
import { systemClock } from '../../lib/base/waiting/clock.ts'
import { EndReason } from '../../lib/cell/reasons.ts'
import type { AttachableCircuit } from '../../lib/client/attach/attachable-circuit.ts'
import { Attachment } from '../../lib/client/attach/attachment.ts'
import { TorClient } from '../../lib/client/tor-client.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { serveSocks } from '../../lib/socks/serve-socks.ts'
import { TorStream } from '../../lib/stream/tor-stream.ts'
import { ExitRefusal, type ExitHandler } from '../../lib/testing/exit/exit.ts'
import { echo } from '../../lib/testing/exit/exits.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import { CircuitFixture, roundTrip } from '../circuit/support/circuit-fixture.ts'
import { FakeClient } from '../proxy/support/fakes.ts'
import { hex } from '../proxy/support/handshakes.ts'
import { flowControls } from '../support/flow-controls.ts'
import { settledMemory } from '../support/memory.ts'
import { exit, guard } from './support/client-fixture.ts'

/** How many of each are made at a time. */
const ROUND = 200

/** The streams of the soak. */
const SOAK = 20_000

/** What an entry may take, in bytes. */
const ENTRY = 300

/** So much may one of a few hundred seem to take: what is compiled meanwhile is counted too. */
const NOISE = 2000

for (const { kind } of flowControls) {
  describe(`The memory of a client that goes on (${kind}) after`, function () {
    let network: TestNetwork
    let tor: TorClient
    let handler: ExitHandler = echo()
    /** What the user's own signal costs is counted too: it lives as long as the client. */
    const abort = new AbortController()
    before(async () => {
      network = await TestNetwork.start({
        authorities: 1,
        relays: [guard('guard1'), guard('guard2'), exit('exit1')],
        congestionControl: kind === 'congestion-control',
        exit: (request) => handler(request),
      })
      tor = await TorClient.open({
        network: network.config,
        transport: network.transport,
        storage: new MemoryStorage(),
      })
    })
    beforeEach(() => {
      handler = echo()
    })
    after(async () => {
      await tor.close()
      await network.close()
    })

    /** What the test network remembers of streams is not the client's. */
    async function forgetStreams(): Promise<void> {
      const streams = network.circuits.flatMap(({ hops }) => hops.map((hop) => hop.streams))
      await network.when(() =>
        streams.every((each) =>
          [...each.values()].every(({ endReceived, endSent }) => endReceived !== undefined || endSent !== undefined),
        ),
      )
      for (const each of streams) each.clear()
    }

    /** How many bytes one of them leaves behind, in the median round; all of a round are made at once. */
    async function bytesEach(make: () => Promise<unknown>): Promise<number> {
      const grown: number[] = []
      for (let round = 0, before = 0; round < 7; round++) {
        await Promise.all(Array.from({ length: ROUND }, make))
        await forgetStreams()
        const now = (await settledMemory()).held
        if (round > 1) grown.push(now - before) // what is compiled, pooled and grown once does not count
        before = now
      }
      return Math.round((grown.sort((one, other) => one - other)[2] as number) / ROUND)
    }

    const cases: Readonly<Record<string, () => Promise<unknown>>> = {
      'a stream that was closed': async () => {
        const socket = tor.connect('example.com:80', { signal: abort.signal })
        await socket.opened
        await socket.close()
      },
      'a stream that was closed while it was being connected': async () => {
        const socket = tor.connect('example.com:80', { signal: abort.signal })
        await Promise.resolve()
        await socket.close()
      },
      'a connect that was refused': async () => {
        handler = () => Promise.reject(new ExitRefusal(EndReason.CONNECTREFUSED))
        await tor.connect('example.com:80', { signal: abort.signal }).opened.catch(() => undefined)
      },
      'a fetch that was aborted': async () => {
        const giveUp = new AbortController()
        const fetching = tor.fetch('http://example.com/', { signal: giveUp.signal })
        setTimeout(() => giveUp.abort(), 5)
        await fetching.catch(() => undefined)
      },
      'a SOCKS client that has finished': async () => {
        const client = new FakeClient()
        const serving = serveSocks(client.connection, { connect: tor.connect, signal: abort.signal })
        await client.send(`${hex('05 01 00')}${hex('05 01 00 03')}\u0006a.test${hex('0050')}hello`)
        await client.read(17)
        client.die()
        await serving
      },
    }
    for (const [what, make] of Object.entries(cases)) {
      it(`${what}: less than ${ENTRY + NOISE} bytes each, and says how many`, async () => {
        const bytes = await bytesEach(make)
        console.log(`      ${kind}: ${bytes} bytes after ${what}`)
        expect(bytes).to.be.below(ENTRY + NOISE)
      })
    }
  })
}

describe('The memory of a circuit that goes on', function () {
  this.timeout(300_000)

  it(`stays flat over ${SOAK} streams of a client, but for an entry each`, async () => {
    const fixture = await CircuitFixture.start()
    const built = await fixture.open({}, 1)
    const { circuit, exit: relay } = built
    relay.relay.exit = () => ({ readable: new ReadableStream(), writable: new WritableStream() })
    const attachable: AttachableCircuit = {
      carrier: circuit.carrier,
      fingerprints: [],
      failed: () => undefined,
      released: () => undefined,
    }
    const stream = async (): Promise<void> => {
      const attachment = new Attachment({
        requirements: { ports: [80] },
        nextCircuit: () => Promise.resolve(attachable),
        attemptTimeout: () => 10_000,
        timeout: 60_000,
        clock: systemClock,
      })
      const socket = new TorStream(attachment, 'example.com:80')
      await socket.opened
      await socket.close()
    }
    const samples: number[] = []
    for (let made = 0; made < SOAK; made += ROUND) {
      await Promise.all(Array.from({ length: ROUND }, stream))
      await roundTrip(built)
      relay.streams.clear() // what the test network remembers is not the client's
      if ((made + ROUND) % (SOAK / 4) === 0) samples.push((await settledMemory()).held)
    }
    const growth = (samples.at(-1) as number) - (samples[0] as number)
    const each = Math.round(growth / ((SOAK * 3) / 4))
    console.log(`      ${samples.map((bytes) => (bytes / 1e6).toFixed(1)).join(', ')} MB held: ${each} bytes a stream`)
    expect(each).to.be.below(ENTRY)
    await circuit.close()
    await fixture.close()
  })
})
