import { expect } from 'chai'
import { CellCommand, RelayCommand } from '../../../lib/cell/commands.ts'
import { DestroyReason, EndReason } from '../../../lib/cell/reasons.ts'
import { BODY_SIZE } from '../../../lib/cell/body-size.ts'
import { decodeSendme, encodeSendme } from '../../../lib/cell/relay/sendme.ts'
import { encodeEnd } from '../../../lib/cell/relay/end.ts'
import { sink, source } from '../../../lib/testing/exit/exits.ts'
import type { ReceivedMessage } from '../../../lib/testing/relay/circuit/messages.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { begin, CIRCUIT_ID, MinimalClient, sendData } from '../support/minimal-client.ts'

const { BEGIN, CONNECTED, DATA, DROP, END, SENDME } = RelayCommand

describe('TestCircuit', () => {
  let network: TestNetwork
  let exit: TestRelay
  let client: MinimalClient
  let hops: readonly [TestCircuit, TestCircuit, TestCircuit]
  let circuit: TestCircuit

  beforeEach(async () => {
    network = await TestNetwork.start({ relays: 3, exit: sink() })
    exit = network.relays[2] as TestRelay
    client = await MinimalClient.build(network)
    hops = network.circuits[0]?.hops as readonly [TestCircuit, TestCircuit, TestCircuit]
    circuit = hops[2]
  })

  afterEach(async () => {
    await network.close()
  })

  /** How many messages of this command the client got on this stream. */
  const count = (command: number, streamId: number): number =>
    client.messages.filter((message) => message.command === command && message.streamId === streamId).length

  /** Acknowledges the circuit's `number`th hundred DATA cells, counted from 1. */
  const tagOf = (number: number): Uint8Array =>
    client.messages.filter(({ command }) => command === DATA)[number * 100 - 1]?.tag ?? new Uint8Array(20)

  /** Resolves when the exit has handled everything that the client has sent. */
  async function handled(): Promise<void> {
    const before = circuit.messages.length
    await client.message({ command: DROP })
    await circuit.when(() => circuit.messages.length > before && circuit.messages.at(-1)?.command === DROP)
  }

  describe('receiving', () => {
    it('logs what the client sent, in order', async () => {
      await begin(client, 7)
      await sendData(client, 7, 1)
      await client.message({ command: END, streamId: 7, body: encodeEnd(EndReason.MISC) })
      await circuit.when(() => circuit.messages.length === 3)
      expect(circuit.messages.map(({ command, streamId, length }) => [command, streamId, length])).to.deep.equal([
        [BEGIN, 7, 20],
        [DATA, 7, 1],
        [END, 7, 1],
      ])
      expect(circuit.messages.map(({ body }) => body?.length)).to.deep.equal([20, undefined, 1])
      expect(circuit.messages[2]?.body?.[0]).to.equal(EndReason.MISC)
      expect(circuit.streams.get(7)?.endReceived).to.equal(EndReason.MISC)
    })

    it('counts DATA by stream and for the circuit, and cells at every hop', async () => {
      await begin(client, 1)
      await begin(client, 2)
      await sendData(client, 1, 3)
      await sendData(client, 2, 4)
      await handled()
      expect(circuit.streams.get(1)?.dataReceived).to.equal(3)
      expect(circuit.streams.get(2)?.dataReceived).to.equal(4)
      expect(circuit.flow.dataReceived).to.equal(7)
      expect(hops.map(({ cellsReceived }) => cellsReceived)).to.deep.equal([12, 11, 10])
      expect(hops.map(({ relayEarlyReceived }) => relayEarlyReceived)).to.deep.equal([2, 1, 0])
      expect(hops.map(({ messages }) => messages.length)).to.deep.equal([1, 1, 10])
    })

    it('counts DATA on streams that nobody opened', async () => {
      await sendData(client, 99, 2)
      await handled()
      expect(circuit.dataReceived.get(99)).to.equal(2)
      expect(circuit.flow.deliverWindow).to.equal(998)
      expect(circuit.streams.size).to.equal(0)
    })

    it('leaves to the test what the hook wants for itself', async () => {
      const seen: number[] = []
      exit.onMessage = (at: TestCircuit, { command, cell }: ReceivedMessage) => {
        expect(at).to.equal(circuit)
        expect(cell).to.have.length(BODY_SIZE)
        seen.push(command)
        return command === BEGIN ? 'ignore' : 'handle'
      }
      await begin(client, 5)
      await handled()
      expect(seen).to.deep.equal([BEGIN, DROP])
      expect(circuit.streams.size).to.equal(0)
      circuit.send({ command: CONNECTED, streamId: 5 })
      expect((await client.answer(CONNECTED, 5)).hop).to.equal(2)
    })

    it('answers nothing to a BEGIN on a stream that is open', async () => {
      await begin(client, 5)
      await client.answer(CONNECTED, 5)
      await begin(client, 5)
      await handled()
      expect(count(CONNECTED, 5) + count(END, 5)).to.equal(1)
    })

    it('ends a stream with TORPROTOCOL for a malformed BEGIN', async () => {
      await client.message({ command: BEGIN, streamId: 5, body: Uint8Array.of(1, 2, 3) })
      expect((await client.answer(END, 5)).body[0]).to.equal(EndReason.TORPROTOCOL)
    })
  })

  describe('windows for what the client sends', () => {
    it('answers every hundredth DATA of the circuit and every fiftieth of a stream with SENDME', async () => {
      await begin(client, 5)
      await sendData(client, 5, 200)
      await client.until(() => count(SENDME, 0) === 2 && count(SENDME, 5) === 4)
      expect(circuit.flow).to.include({ deliverWindow: 1000, sendmesSent: 2 })
      expect(circuit.streams.get(5)?.flow).to.include({ deliverWindow: 500, sendmesSent: 4 })
      expect(circuit.streams.get(5)?.dataConsumed).to.equal(200)
    })

    it('gives its SENDMEs for the circuit the digest of the cell that earned them', async () => {
      await begin(client, 5)
      const tags: Uint8Array[] = []
      for (let step = 0; step < 2; step += 1) {
        await sendData(client, 5, 100)
        tags.push(client.hops[2]?.forward.digest.tag() as Uint8Array)
      }
      await client.until(() => count(SENDME, 0) === 2)
      const received = client.messages.filter(({ command, streamId }) => command === SENDME && streamId === 0)
      expect(received.map(({ body }) => decodeSendme(body).tag)).to.deep.equal(tags)
    })

    it('withholds the SENDMEs of streams, and releases as many as it is told to', async () => {
      exit.withhold.streamSendmes = true
      await begin(client, 5)
      await sendData(client, 5, 500)
      await circuit.when(({ withheld }) => withheld.stream === 10)
      expect(count(SENDME, 5)).to.equal(0)
      expect(circuit.streams.get(5)?.flow).to.include({ deliverWindow: 0, sendmesWithheld: 10 })
      circuit.releaseSendmes('stream', 3)
      await client.until(() => count(SENDME, 5) === 3)
      expect(circuit.streams.get(5)?.flow).to.include({ deliverWindow: 150, sendmesWithheld: 7 })
      expect(() => circuit.releaseSendmes('stream', 8)).to.throw(RangeError, '7 are withheld')
    })

    it('withholds the SENDMEs of the circuit, and releases them with their own tags', async () => {
      exit.withhold.circuitSendmes = true
      await begin(client, 5)
      await sendData(client, 5, 100)
      const tag = client.hops[2]?.forward.digest.tag()
      await sendData(client, 5, 150)
      await circuit.when(({ flow, withheld }) => flow.dataReceived === 250 && withheld.circuit === 2)
      expect(count(SENDME, 0)).to.equal(0)
      circuit.releaseSendmes('circuit', 1)
      const sendme = await client.answer(SENDME, 0)
      expect(decodeSendme(sendme.body).tag).to.deep.equal(tag)
      expect(circuit.withheld.circuit).to.equal(1)
      expect(circuit.flow.deliverWindow).to.equal(850)
    })

    it('closes the circuit for the 501st DATA of a stream, and not for the 500th', async () => {
      exit.withhold.streamSendmes = true
      await begin(client, 5)
      await sendData(client, 5, 500)
      await handled()
      expect(circuit.closed).to.equal(false)
      await sendData(client, 5, 1)
      await circuit.when(({ closed }) => closed)
      expect(circuit.violation).to.match(/window of its stream/)
      expect(circuit.destroySent).to.equal(DestroyReason.PROTOCOL)
    })

    it('closes the circuit for the 1001st DATA of a circuit, and not for the 1000th', async () => {
      exit.withhold.circuitSendmes = true
      await sendData(client, 99, 1000)
      await handled()
      expect(circuit.closed).to.equal(false)
      await sendData(client, 99, 1)
      await circuit.when(({ closed }) => closed)
      expect(circuit.violation).to.match(/window of the circuit/)
    })

    it('judges by its circuitWindow where it is smaller, on circuits that are made from then on', async () => {
      exit.circuitWindow = 300
      exit.withhold.circuitSendmes = true
      const other = await MinimalClient.build(network)
      const judged = network.circuits.at(-1)?.hops[2] as TestCircuit
      expect(judged.flow).to.include({ packageWindow: 300, deliverWindow: 300 })
      expect(circuit.flow).to.include({ packageWindow: 1000, deliverWindow: 1000 })
      await sendData(other, 99, 300)
      await judged.when(({ flow }) => flow.dataReceived === 300)
      expect(judged.closed).to.equal(false)
      judged.releaseSendmes('circuit', 1)
      await sendData(other, 99, 100)
      await judged.when(({ flow }) => flow.dataReceived === 400)
      expect(judged.closed).to.equal(false)
      await sendData(other, 99, 1)
      await judged.when(({ closed }) => closed)
      expect(judged.violation).to.match(/window of the circuit/)
    })

    it('takes more when it is not strict', async () => {
      exit.strict = false
      exit.withhold.streamSendmes = true
      await begin(client, 5)
      await sendData(client, 5, 510)
      await handled()
      expect(circuit.closed).to.equal(false)
      expect(circuit.streams.get(5)?.flow.deliverWindow).to.equal(-10)
    })

    it('acknowledges a stream only as fast as its destination takes what comes', async () => {
      let take: () => void = () => undefined
      exit.exit = () => ({
        readable: new ReadableStream<Uint8Array>(),
        writable: new WritableStream<Uint8Array>({ write: () => new Promise((resolve) => (take = resolve)) }),
      })
      await begin(client, 5)
      await client.answer(CONNECTED, 5)
      await sendData(client, 5, 101)
      await handled()
      expect(circuit.streams.get(5)).to.include({ dataReceived: 101, dataConsumed: 0 })
      expect(circuit.streams.get(5)?.flow.sendmesSent).to.equal(0)
      while (circuit.streams.get(5)?.dataConsumed !== 101) {
        const consumed = circuit.streams.get(5)?.dataConsumed
        take()
        await circuit.when(() => circuit.streams.get(5)?.dataConsumed !== consumed)
      }
      expect(circuit.streams.get(5)?.flow.sendmesSent).to.equal(2)
    })
  })

  describe('windows for what the exit sends', () => {
    beforeEach(async () => {
      exit.exit = source({ length: 2_000_000 })
      await begin(client, 5)
    })

    it('stops after 500 cells of a stream, and goes on by 50 for each SENDME', async () => {
      await client.until(() => count(DATA, 5) === 500)
      await handled()
      expect(circuit.streams.get(5)?.dataSent).to.equal(500)
      expect(circuit.streams.get(5)?.flow.packageWindow).to.equal(0)
      await client.message({ command: SENDME, streamId: 5 })
      await client.until(() => count(DATA, 5) === 550)
      await handled()
      expect(circuit.streams.get(5)?.dataSent).to.equal(550)
      expect(circuit.streams.get(5)?.flow.sendmesReceived).to.equal(1)
    })

    it('stops after 1000 cells of a circuit, and goes on by 100 for each SENDME', async () => {
      await begin(client, 6)
      await begin(client, 7)
      await client.until(() => count(DATA, 5) + count(DATA, 6) + count(DATA, 7) === 1000)
      await handled()
      expect(circuit.flow).to.include({ dataSent: 1000, packageWindow: 0 })
      await client.message({ command: SENDME, body: encodeSendme(tagOf(1)) })
      for (const streamId of [5, 6, 7]) await client.message({ command: SENDME, streamId }) // windows of streams do not bind here
      await circuit.when(() => circuit.flow.dataSent === 1100)
      await handled()
      expect(circuit.flow).to.include({ dataSent: 1100, sendmesReceived: 1 })
    })

    it('shares a starved circuit between streams', async () => {
      await begin(client, 6)
      await client.until(() => count(DATA, 5) + count(DATA, 6) === 1000)
      for (let step = 1; step <= 5; step += 1) {
        for (const streamId of [5, 6]) await client.message({ command: SENDME, streamId })
        await client.message({ command: SENDME, body: encodeSendme(tagOf(step)) })
      }
      await circuit.when(() => circuit.flow.dataSent === 1500)
      const [one, two] = [circuit.streams.get(5)?.dataSent ?? 0, circuit.streams.get(6)?.dataSent ?? 0]
      expect(Math.abs(one - two)).to.be.at.most(50)
    })

    it('reads its destination only as far as the window allows', async () => {
      let read = 0
      await client.until(() => count(DATA, 5) === 500)
      exit.exit = () => ({
        readable: new ReadableStream<Uint8Array>(
          {
            pull(controller) {
              read += 498
              controller.enqueue(new Uint8Array(498))
            },
          },
          { highWaterMark: 0 },
        ),
        writable: new WritableStream<Uint8Array>(),
      })
      await begin(client, 8)
      await client.until(() => count(DATA, 8) === 500)
      await handled()
      expect(read).to.equal(500 * 498)
      expect(circuit.streams.get(8)?.bytesSent).to.equal(read)
    })

    const wrong: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
      ['with a wrong tag', () => encodeSendme(new Uint8Array(20)), /wrong tag/],
      ['with the tag of another cell', () => encodeSendme(tagOf(2)), /wrong tag/],
      ['of version 0', () => new Uint8Array(0), /without a tag/],
      ['of an unknown version', () => Uint8Array.of(9, 0, 20), /without a tag/],
      ['whose tag is too short', () => Uint8Array.of(1, 0, 1, 1), /without a tag/],
    ]
    for (const [name, body, violation] of wrong) {
      it(`closes the circuit for a SENDME ${name}`, async () => {
        await client.until(() => count(DATA, 5) === 500)
        await client.message({ command: SENDME, body: body() })
        await circuit.when(({ closed }) => closed)
        expect(circuit.violation).to.match(violation)
      })
    }

    it('closes the circuit for SENDMEs that nothing has earned', async () => {
      await client.until(() => count(DATA, 5) === 500)
      for (let step = 1; step <= 6; step += 1)
        await client.message({ command: SENDME, body: encodeSendme(tagOf(step)) })
      await circuit.when(({ closed }) => closed)
      expect(circuit.violation).to.match(/no cell has earned/)
    })

    it('closes the circuit for a SENDME that would open the window of a stream beyond 500', async () => {
      exit.exit = sink()
      await begin(client, 9)
      await client.answer(CONNECTED, 9)
      await client.message({ command: SENDME, streamId: 9 })
      await circuit.when(({ closed }) => closed)
      expect(circuit.violation).to.match(/stream has not earned/)
    })

    it('takes any SENDME when it is not strict', async () => {
      exit.strict = false
      await client.until(() => count(DATA, 5) === 500)
      await client.message({ command: SENDME, body: encodeSendme(new Uint8Array(20)) })
      await handled()
      expect(circuit.closed).to.equal(false)
      expect(circuit.flow.sendmesReceived).to.equal(1)
    })
  })

  describe('sending anything', () => {
    for (const hop of [0, 1, 2] as const) {
      it(`sends any message from hop ${hop}`, async () => {
        hops[hop].send({ command: 77, streamId: 1234, body: Uint8Array.of(1, 2, 3) })
        const message = await client.answer(77, 1234)
        expect(message.hop).to.equal(hop)
        expect(message.body).to.deep.equal(Uint8Array.of(1, 2, 3))
      })

      it(`sends a RELAY_EARLY cell from hop ${hop}`, async () => {
        hops[hop].send({ command: DROP, early: true })
        expect((await client.answer(DROP, 0)).early).to.equal(true)
      })

      it(`sends from hop ${hop} what nobody recognises, and goes on as if nothing had been`, async () => {
        hops[hop].send({ command: DROP, digest: Uint8Array.of(1, 2, 3, 4) })
        hops[hop].sendRaw(new Uint8Array(BODY_SIZE).fill(3))
        await client.until(() => client.unrecognized === 2)
        hops[hop].send({ command: DROP })
        expect((await client.answer(DROP, 0)).hop).to.equal(hop)
      })
    }

    it('lies about the length', async () => {
      circuit.send({ command: DATA, streamId: 1, body: new Uint8Array(10), length: 600 })
      expect((await client.answer(DATA, 1)).body).to.have.length(498)
    })

    it('sends a cell that is sealed but not marked as recognised', async () => {
      circuit.send({ command: DROP, recognized: 0x0100 })
      await client.until(() => client.unrecognized === 1)
      expect(count(DROP, 0)).to.equal(0)
    })

    it('sends cells of the channel, from the guard', async () => {
      hops[0].sendCell(CellCommand.CREATED2, Uint8Array.of(0, 1, 5))
      await client.until(() => client.cells.filter(({ command }) => command === CellCommand.CREATED2).length === 2)
      hops[0].link.sendCell(CIRCUIT_ID + 1, CellCommand.DESTROY, Uint8Array.of(4))
      expect(await client.cell(CellCommand.DESTROY)).to.include({ circuitId: CIRCUIT_ID + 1 })
    })

    it('counts DATA that the test sends as honest, so that the SENDMEs of the client are right', async () => {
      for (let cell = 0; cell < 100; cell += 1) circuit.send({ command: DATA, streamId: 1, body: Uint8Array.of(cell) })
      await client.until(() => count(DATA, 1) === 100)
      await client.message({ command: SENDME, body: encodeSendme(tagOf(1)) })
      await handled()
      expect(circuit.flow).to.include({ packageWindow: 1000, sendmesReceived: 1 })
      expect(circuit.closed).to.equal(false)
    })

    it('sends beyond every window', async () => {
      for (let cell = 0; cell < 1001; cell += 1) circuit.send({ command: DATA, streamId: 1 })
      await client.until(() => count(DATA, 1) === 1001)
      expect(circuit.flow.packageWindow).to.equal(-1)
    })

    it('truncates', async () => {
      hops[0].truncate(DestroyReason.FINISHED)
      const truncated = await client.answer(RelayCommand.TRUNCATED, 0)
      expect([truncated.hop, truncated.body[0]]).to.deep.equal([0, DestroyReason.FINISHED])
      await circuit.when(({ closed }) => closed)
    })

    it('pads with four zeros and then random bytes', async () => {
      let cell = new Uint8Array(0)
      exit.onMessage = (_, message) => {
        cell = new Uint8Array(message.cell)
        return 'handle'
      }
      await client.message({ command: DROP, body: Uint8Array.of(1) })
      await circuit.when(() => cell.length > 0)
      expect(cell.subarray(11, 16)).to.deep.equal(Uint8Array.of(1, 0, 0, 0, 0))
    })

    it('refuses bodies that no cell holds', () => {
      expect(() => circuit.send({ command: DATA, body: new Uint8Array(499) })).to.throw(RangeError, 'body')
      expect(() => circuit.sendRaw(new Uint8Array(508))).to.throw(RangeError, 'body')
    })
  })

  it('stalls the exit when the link of the client stalls, and goes on where it was', async () => {
    hops[0].link.stall()
    exit.exit = source({ length: 300_000 })
    for (const streamId of [5, 6]) await begin(client, streamId)
    hops[0].link.memory.toRelay.resume()
    await circuit.when(() => circuit.streams.get(6)?.flow.packageWindow === 0)
    expect(hops[0].link.memory.toClient.buffered).to.be.at.most(3 * 65_536 + 131_072)
    expect(client.messages.filter(({ command }) => command === DATA)).to.have.length(0)
    hops[0].link.resume()
    await client.until(() => count(DATA, 5) + count(DATA, 6) === 1000)
    expect(client.unrecognized).to.equal(0)
  })
})
