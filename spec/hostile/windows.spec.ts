import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { encodeSendme } from '../../lib/cell/relay/sendme.ts'
import { Circuit } from '../../lib/circuit/circuit.ts'
import type { TorStream } from '../../lib/stream/tor-stream.ts'
import { sink } from '../../lib/testing/exit/exits.ts'
import {
  endOfTurn,
  expectToEcho,
  CircuitFixture,
  roundTrip,
  seenBy,
  settled,
  stateOf,
  type Built,
} from '../circuit/support/circuit-fixture.ts'
import { codeOf } from '../support/failures.ts'

const { DATA, SENDME } = RelayCommand

/** A circuit with an open stream on it, the exit of which sends only what the spec says. */
interface StreamFixture extends Built {
  readonly stream: TorStream
  readonly id: number
}

describe('A relay that breaks the rules of the windows', () => {
  let circuitFixture: CircuitFixture
  let bystander: TorStream
  before(async () => {
    circuitFixture = await CircuitFixture.start()
    const { circuit } = await circuitFixture.open()
    bystander = circuit.connect('bystander.example:80')
    await bystander.opened
  })
  after(() => circuitFixture.close())
  afterEach(async () => {
    const relay = circuitFixture.network.relays[2]
    if (relay) Object.assign(relay.withhold, { streamSendmes: false, circuitSendmes: false })
    await expectToEcho(bystander)
  })

  async function addStream(built: Built): Promise<StreamFixture> {
    const { exit, circuit } = built
    exit.relay.exit = sink()
    const stream = circuit.connect('example.com:80', { linger: Infinity })
    await stream.opened
    return { ...built, stream, id: [...exit.streams.keys()].at(-1) as number }
  }

  const open = async (): Promise<StreamFixture> => addStream(await circuitFixture.open())

  /** Uploads until the exit has got `cells` DATA cells, the last of which is as long as need be. */
  async function upload({ stream, exit }: StreamFixture, cells: number): Promise<void> {
    const writer = stream.writable.getWriter()
    const before = exit.flow.dataReceived
    // One at a time, each in a cell of its own: a write resolves within its turn, and another turn begins with the
    // cell's arrival.
    for (let cell = 1; cell <= cells; cell++) {
      await writer.write(Uint8Array.of(cell))
      await exit.when(() => exit.flow.dataReceived === before + cell)
    }
    writer.releaseLock()
  }

  /** Lets the exit send `cells` DATA cells of `size` bytes, without a thought for windows. */
  function send({ exit, id }: StreamFixture, cells: number, size = 1): void {
    for (let cell = 0; cell < cells; cell++)
      exit.send({ command: DATA, streamId: id, body: new Uint8Array(size).fill(cell) })
  }

  async function read(stream: TorStream, bytes: number): Promise<number> {
    const reader = stream.readable.getReader()
    let count = 0
    while (count < bytes) {
      const { done, value } = await reader.read()
      if (done) break
      count += value.length
    }
    reader.releaseLock()
    return count
  }

  async function expectToClose({ circuit, guard, stream }: StreamFixture): Promise<void> {
    expect(await codeOf(circuit.closed)).to.equal('CIRCUIT_PROTOCOL')
    await guard.when(() => guard.destroyReceived !== undefined)
    expect(guard.destroyReceived).to.equal(0)
    expect(await stateOf(stream.closed)).to.not.equal('pending')
  }

  const expectToGoOn = async (fixture: StreamFixture): Promise<void> => {
    await roundTrip(fixture)
    expect(fixture.guard.closed).to.equal(false)
    expect(fixture.exit.violation).to.equal(undefined)
  }

  describe('with SENDMEs of the circuit', () => {
    /** Uploads while the exit keeps its SENDMEs to itself, and gives the tags that they would have. */
    async function due(cells: number): Promise<StreamFixture & { readonly tags: readonly Uint8Array[] }> {
      const fixture = await open()
      fixture.exit.relay.withhold.circuitSendmes = true
      await upload(fixture, cells)
      return { ...fixture, tags: fixture.exit.flow.withheld }
    }

    const tag = (tags: readonly Uint8Array[], index: number): Uint8Array => tags[index] as Uint8Array
    const shorten = (bytes: Uint8Array): Uint8Array => bytes.subarray(0, 19)

    it('is believed when the tag is that of the hundredth cell', async () => {
      const fixture = await due(101)
      expect(fixture.circuit.windows.package).to.equal(899)
      fixture.exit.send({ command: SENDME, body: encodeSendme(tag(fixture.tags, 0)) })
      await expectToGoOn(fixture)
      expect(fixture.circuit.windows.package).to.equal(999)
    })

    it('is believed when bytes follow the tag', async () => {
      const fixture = await due(100)
      fixture.exit.send({ command: SENDME, body: encodeSendme(Uint8Array.of(...tag(fixture.tags, 0), 1, 2, 3)) })
      await expectToGoOn(fixture)
      expect(fixture.circuit.windows.package).to.equal(1000)
    })

    const refused: readonly (readonly [
      what: string,
      cells: number,
      bodies: (tags: readonly Uint8Array[]) => readonly Uint8Array[],
    ])[] = [
      ['before anything was sent', 0, () => [encodeSendme(new Uint8Array(20))]],
      ['a cell too early', 99, () => [encodeSendme(new Uint8Array(20))]],
      [
        'with a wrong tag',
        100,
        (tags) => [encodeSendme(tag(tags, 0).map((byte, at) => (at === 19 ? byte ^ 1 : byte)))],
      ],
      ['with a tag that is due later', 200, (tags) => [encodeSendme(tag(tags, 1))]],
      ['with a tag that was used already', 200, (tags) => [encodeSendme(tag(tags, 0)), encodeSendme(tag(tags, 0))]],
      ['once more than is due', 100, (tags) => [encodeSendme(tag(tags, 0)), encodeSendme(tag(tags, 0))]],
      ['of version 0', 100, () => [new Uint8Array(0)]],
      ['of version 0 with a body', 100, (tags) => [Uint8Array.of(0, 0, 20, ...tag(tags, 0))]],
      ['of a version that does not exist', 100, (tags) => [Uint8Array.of(2, 0, 20, ...tag(tags, 0))]],
      ['with a tag of 19 bytes', 100, (tags) => [encodeSendme(shorten(tag(tags, 0)))]],
      ['that ends before its tag does', 100, (tags) => [shorten(encodeSendme(tag(tags, 0)))]],
      ['that is a version and nothing else', 100, () => [Uint8Array.of(1)]],
    ]
    for (const [what, cells, bodies] of refused) {
      it(`loses the circuit by one ${what}`, async () => {
        const fixture = await due(cells)
        for (const body of bodies(fixture.tags)) fixture.exit.send({ command: SENDME, body })
        await expectToClose(fixture)
      })
    }

    for (const [hop, name] of ['guard', 'middle'].entries()) {
      it(`loses the circuit when the ${name} sends what the exit was to send`, async () => {
        const fixture = await due(100)
        fixture.hops[hop]?.send({ command: SENDME, body: encodeSendme(tag(fixture.tags, 0)) })
        await expectToClose(fixture)
      })
    }
  })

  describe('with SENDMEs of a stream', () => {
    for (const [cells, allowed] of [
      [0, 0],
      [49, 0],
      [50, 1],
      [99, 1],
      [120, 2],
    ] as const) {
      it(`after ${cells} cells loses the circuit by the SENDME after ${allowed}`, async () => {
        circuitFixture.network.relays[2]!.withhold.streamSendmes = true
        const fixture = await open()
        await upload(fixture, cells)
        for (let count = 0; count < allowed; count++) fixture.exit.send({ command: SENDME, streamId: fixture.id })
        await expectToGoOn(fixture)
        expect(fixture.stream.windows.package).to.equal(500 - cells + 50 * allowed)
        fixture.exit.send({ command: SENDME, streamId: fixture.id })
        await expectToClose(fixture)
      })

      it(`after ${cells} cells and the client's END loses the circuit by the SENDME after ${allowed}`, async () => {
        circuitFixture.network.relays[2]!.withhold.streamSendmes = true
        const fixture = await open()
        await upload(fixture, cells)
        await fixture.stream.close()
        for (let count = 0; count < allowed; count++) fixture.exit.send({ command: SENDME, streamId: fixture.id })
        await expectToGoOn(fixture)
        fixture.exit.send({ command: SENDME, streamId: fixture.id })
        await expectToClose(fixture)
      })
    }
  })

  describe('with DATA', () => {
    it('loses the circuit by the 501st cell of a stream that nobody reads, and what came before is still read', async () => {
      const fixture = await open()
      send(fixture, 500, 498)
      await expectToGoOn(fixture)
      expect(fixture.stream.windows.deliver).to.equal(0)
      send(fixture, 1)
      await expectToClose(fixture)
      expect(await read(fixture.stream, 249_000)).to.equal(249_000)
      expect(await codeOf(fixture.stream.readable.getReader().read())).to.equal('CIRCUIT_PROTOCOL')
    })

    it('may send 50 cells more for each 50 that were read, and not one more', async () => {
      const fixture = await open()
      send(fixture, 500)
      expect(await read(fixture.stream, 149)).to.be.within(149, 500)
      const sendmesReceived = await sendmesOf(fixture)
      const more = 50 * sendmesReceived
      expect(fixture.stream.windows.deliver).to.equal(more)
      send(fixture, more)
      await expectToGoOn(fixture)
      send(fixture, 1)
      await expectToClose(fixture)
    })

    /** How many SENDMEs the client has sent for the stream by now. */
    async function sendmesOf(fixture: StreamFixture): Promise<number> {
      await settled(fixture)
      return fixture.exit.messages.filter(({ command, streamId }) => command === SENDME && streamId === fixture.id)
        .length
    }

    it('gets a SENDME of the circuit for each hundredth cell when it comes, also if nobody reads', async () => {
      const first = await open()
      const second = await addStream(first)
      const third = await addStream(first)
      for (const fixture of [first, second, third]) send(fixture, 334)
      expect(await sendmesOf(first)).to.equal(0)
      expect(first.exit.flow).to.include({ dataSent: 1002, sendmesReceived: 10 })
      expect(first.circuit.windows.deliver).to.equal(998)
    })

    it('gets as many SENDMEs for cells without bytes as for any other', async () => {
      const fixture = await open()
      const reading = fixture.stream.readable.getReader().read()
      for (const sendmes of [10, 20]) {
        send(fixture, 500, 0)
        expect(await sendmesOf(fixture)).to.equal(sendmes)
      }
      expect(fixture.exit.flow.sendmesReceived).to.equal(10)
      expect(await stateOf(reading), 'a read, with nothing to read').to.equal('pending')
      send(fixture, 1)
      expect((await reading).value).to.deep.equal(Uint8Array.of(0))
    })

    it('loses the circuit by the 501st cell also if all but the first are without bytes', async () => {
      const fixture = await open()
      send(fixture, 1)
      send(fixture, 499, 0)
      await expectToGoOn(fixture)
      expect(fixture.stream.windows.deliver).to.equal(0)
      send(fixture, 1, 0)
      await expectToClose(fixture)
    })
  })

  describe('and does not read', () => {
    it("loses the circuit before the answers that it does not take fill the client's memory", async () => {
      const circuit = Circuit.open(circuitFixture.network.path(), { transport: circuitFixture.network.transport })
      await circuit.opened
      const fixture = await addStream(seenBy(circuitFixture.network, circuit))
      const { toRelay } = fixture.guard.link.memory
      toRelay.stall()
      const closed = codeOf(circuit.closed)
      while ((await stateOf(closed)) === 'pending') {
        send(fixture, 100, 0)
        expect(fixture.exit.flow.dataSent).to.be.lessThan(30_000)
      }
      expect(await closed).to.equal('CIRCUIT_PROTOCOL')
      expect(fixture.exit.flow.dataSent).to.be.greaterThan(1000)
      toRelay.resume()
      await fixture.guard.when(({ link }) => link.closed)
    })

    it('keeps the circuit when it only sends what it may, however long it takes to read', async () => {
      const fixture = await open()
      const other = await addStream(fixture)
      const { toRelay } = fixture.guard.link.memory
      toRelay.stall()
      for (let cells = 0; cells < 500; cells += 50) {
        send(fixture, 50)
        send(other, 50)
        await endOfTurn()
      }
      toRelay.resume()
      await settled(fixture)
      expect(fixture.exit.flow).to.include({ dataSent: 1000, sendmesReceived: 10 })
      await expectToGoOn(fixture)
    })
  })

  describe("with DATA after the client's END", () => {
    const ways: readonly (readonly [what: string, give: (fixture: StreamFixture) => Promise<unknown>, left: number])[] =
      [
        ['nothing had come', ({ stream }) => stream.close(), 500],
        [
          '120 cells lay unread',
          async (fixture) => {
            send(fixture, 120)
            await roundTrip(fixture)
            await fixture.stream.close()
          },
          380,
        ],
        [
          '120 cells had been read',
          async (fixture) => {
            send(fixture, 120)
            await read(fixture.stream, 120)
            await fixture.stream.close()
          },
          480,
        ],
        [
          '120 cells lay unread as the readable was cancelled',
          async (fixture) => {
            send(fixture, 120)
            await roundTrip(fixture)
            await fixture.stream.readable.cancel()
            await fixture.stream.writable.close()
          },
          480,
        ],
        [
          '100 cells came before the readable was cancelled, and 120 after',
          async (fixture) => {
            send(fixture, 100)
            await roundTrip(fixture)
            await fixture.stream.readable.cancel()
            send(fixture, 120)
            await roundTrip(fixture)
            await fixture.stream.writable.abort()
          },
          480,
        ],
        [
          '500 cells lay unread',
          async (fixture) => {
            send(fixture, 500)
            await roundTrip(fixture)
            await fixture.stream.writable.abort()
          },
          0,
        ],
      ]
    for (const [what, giveUp, left] of ways) {
      it(`may send what was left of the window when ${what}: ${left} cells, and not one more`, async () => {
        const fixture = await open()
        await giveUp(fixture)
        await settled(fixture)
        const sendmes = (): number => fixture.exit.messages.filter(({ command }) => command === SENDME).length
        const before = sendmes() - fixture.exit.flow.sendmesReceived
        send(fixture, left, 0)
        await settled(fixture)
        expect(sendmes() - fixture.exit.flow.sendmesReceived, 'SENDMEs of the stream').to.equal(before)
        send(fixture, 1)
        await expectToClose(fixture)
      })
    }

    it('may send a CONNECTED and 500 cells when the stream was not connected, and not one more', async () => {
      const built = await circuitFixture.open()
      const { exit, circuit } = built
      exit.relay.exit = () => new Promise(() => undefined)
      const stream = circuit.connect('example.com:80')
      await exit.when(() => exit.streams.size === 1)
      const fixture: StreamFixture = { ...built, stream, id: [...exit.streams.keys()][0] as number }
      await stream.close()
      exit.send({ command: RelayCommand.CONNECTED, streamId: fixture.id })
      send(fixture, 500)
      await expectToGoOn(fixture)
      send(fixture, 1)
      await expectToClose(fixture)
    })
  })
})
