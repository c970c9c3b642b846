import { expect } from 'chai'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { DestroyReason } from '../../../lib/cell/reasons.ts'
import { decodeSendme, encodeSendme } from '../../../lib/cell/relay/sendme.ts'
import { encodeXoff, encodeXon } from '../../../lib/cell/relay/xon-xoff.ts'
import { sink, source } from '../../../lib/testing/exit/exits.ts'
import type { Relay } from '../../../lib/relay.ts'
import type { ExitStreamFlow } from '../../../lib/testing/exit/exit-stream-flow.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import { TestNetwork, type TestNetworkOptions } from '../../../lib/testing/test-network.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { begin, MinimalClient, sendData } from '../support/minimal-client.ts'

const { DATA, DROP, SENDME, XOFF, XON } = RelayCommand

/** A request for congestion control, as it stands within the handshake. */
const REQUEST = Uint8Array.of(1, 1, 0)

describe('A test relay under congestion control', () => {
  let network: TestNetwork
  let exit: TestRelay
  let client: MinimalClient
  let circuit: TestCircuit

  async function build(
    options: TestNetworkOptions = {},
    knobs: Partial<TestRelay['congestionControl']> = {},
  ): Promise<Uint8Array> {
    network = await TestNetwork.start({ relays: 2, exit: sink(), ...options })
    exit = network.relays[1] as TestRelay
    Object.assign(exit.congestionControl, knobs)
    const [guard, last] = network.path(2) as [Relay, Relay]
    client = await MinimalClient.build(network, [guard])
    const message = await client.extendV3(last, REQUEST)
    circuit = network.circuits[0]?.hops[1] as TestCircuit
    return message
  }

  afterEach(() => network.close())

  const tagOf = (cell: number): Uint8Array =>
    client.messages.filter(({ command }) => command === DATA)[cell - 1]?.tag ?? new Uint8Array(20)
  const count = (command: number): number => client.messages.filter((message) => message.command === command).length
  const flowOf = (streamId: number): ExitStreamFlow => circuit.streams.get(streamId)?.flow as ExitStreamFlow

  /** Resolves when the exit has handled everything that the client has sent. */
  async function handled(): Promise<void> {
    const before = circuit.messages.length
    await client.message({ command: DROP })
    await circuit.when(() => circuit.messages.length > before && circuit.messages.at(-1)?.command === DROP)
  }

  async function expectJudged(violation: string): Promise<void> {
    await circuit.when(({ closed }) => closed)
    expect(circuit).to.include({ violation, destroySent: DestroyReason.PROTOCOL })
  }

  it('agrees, and tells its increment', async () => {
    expect([...(await build())]).to.deep.equal([1, 2, 1, 31])
    expect(circuit.flow.rules).to.deep.equal({ kind: 'congestion-control', step: 31, window: 1000 })
    await network.close()
    expect([...(await build({}, { increment: 12, cwnd: 77 }))]).to.deep.equal([1, 2, 1, 12])
    expect(circuit.flow.rules).to.deep.equal({ kind: 'congestion-control', step: 12, window: 77 })
  })

  it('says whatever it is told to say, whatever it then does', async () => {
    const seen: number[][] = []
    network = await TestNetwork.start({ relays: 2 })
    exit = network.relays[1] as TestRelay
    exit.answerMessage = (message, usual) => {
      seen.push([...message], [...usual])
      return Uint8Array.of(9)
    }
    const [guard, last] = network.path(2) as [Relay, Relay]
    client = await MinimalClient.build(network, [guard])
    expect([...(await client.extendV3(last, REQUEST))]).to.deep.equal([9])
    expect(seen).to.deep.equal([
      [1, 1, 0],
      [1, 2, 1, 31],
    ])
    expect(network.circuits[0]?.hops[1]?.flow.rules.kind).to.equal('congestion-control')
  })

  it('declines in a network without it, and in one that has it when told to', async () => {
    for (const [options, knobs] of [
      [{ congestionControl: false }, {}],
      [{}, { enabled: false }],
    ] as const) {
      expect([...(await build(options, knobs))]).to.deep.equal([0])
      expect(circuit.flow.rules.kind).to.equal('windows')
      await network.close()
    }
  })

  it('answers a CREATE_FAST and an ntor as ever: with windows', async () => {
    network = await TestNetwork.start({ relays: 1 })
    client = await MinimalClient.build(network, network.path(1))
    expect(network.circuits[0]?.flow.rules.kind).to.equal('windows')
  })

  it('says in its directory what it speaks, and what the network does', async () => {
    for (const congestionControl of [true, false]) {
      network = await TestNetwork.start({ relays: 1, authorities: 1, congestionControl })
      const consensus = network.directory.consensus()
      expect(consensus).to.include(`params cc_alg=${congestionControl ? 2 : 0}\n`)
      expect(consensus.match(/ FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=3-5 /g) ?? []).to.have.length(
        congestionControl ? 2 : 0,
      )
      for (const { description } of network.relays) {
        expect(description.protocols?.supports('FlowCtrl', 2)).to.equal(congestionControl)
        expect(description.protocols?.supports('Relay', 4)).to.equal(true)
      }
      await network.close()
    }
  })

  describe('receiving', () => {
    it('sends a SENDME of the circuit for every 31 cells, with their tag, and none of a stream', async () => {
      await build()
      await begin(client, 5)
      await sendData(client, 5, 200)
      await client.until(() => count(SENDME) === 6)
      await handled()
      const sendmes = client.messages.filter(({ command }) => command === SENDME)
      expect(sendmes.map(({ streamId }) => streamId)).to.deep.equal([0, 0, 0, 0, 0, 0])
      expect(decodeSendme(sendmes[0]?.body as Uint8Array).tag).to.have.length(20)
      expect(circuit.flow).to.include({ dataReceived: 200, sendmesSent: 6, deliverWindow: 1000 - 14 })
      expect(flowOf(5)).to.include({ sendmesSent: 0, xoffsSent: 0, deliverWindow: Infinity })
    })

    it('does not count how much a client has on its way', async () => {
      await build()
      exit.withhold.circuitSendmes = true
      await begin(client, 5)
      await sendData(client, 5, 1100)
      await handled()
      expect(circuit.closed).to.equal(false)
      expect(circuit.flow.deliverWindow).to.equal(-100)
      expect(circuit.withheld).to.deep.equal({ circuit: 35, stream: 0 })
    })

    it('sends XOFF once when too much waits for the destination, and XON with its rate when nothing does', async () => {
      let go: () => void = () => undefined
      const gone = new Promise<void>((resolve) => (go = resolve))
      const writable = new WritableStream<Uint8Array>({ write: () => gone })
      await build({ exit: () => ({ readable: new ReadableStream(), writable }) }, { xoffLimit: 20, xonRate: 123 })
      await begin(client, 5)
      await sendData(client, 5, 20)
      await handled()
      expect(count(XOFF)).to.equal(0)
      await sendData(client, 5, 20)
      await client.answer(XOFF, 5)
      await handled()
      expect(flowOf(5)).to.include({ xoffsSent: 1, xonsSent: 0 })
      go()
      expect([...(await client.answer(XON, 5)).body]).to.deep.equal([0, 0, 0, 0, 123])
      expect(count(XOFF)).to.equal(1)
      expect(flowOf(5)).to.include({ xoffsSent: 1, xonsSent: 1 })
    })
  })

  describe('sending', () => {
    it('stops at its congestion window, and goes on by the increment for each SENDME', async () => {
      await build({ exit: source({ length: 1_000_000 }) }, { cwnd: 100 })
      await begin(client, 5)
      await client.until(() => count(DATA) === 100)
      await handled()
      expect(count(DATA)).to.equal(100)
      expect(circuit.flow.packageWindow).to.equal(0)
      await client.message({ command: SENDME, body: encodeSendme(tagOf(31)) })
      await client.until(() => count(DATA) === 131)
      await handled()
      expect(count(DATA)).to.equal(131)
      expect(circuit.flow).to.include({ packageWindow: 0, sendmesReceived: 1 })
      expect(flowOf(5).sendmesReceived).to.equal(0)
    })

    it('stops a stream on XOFF and no other, goes on with XON, and keeps the rates', async () => {
      await build({ exit: source({ length: 100_000 }) }, { cwnd: 150, bytesPerXoff: 500, bytesPerXon: 500 })
      await begin(client, 5)
      await client.until(() => count(DATA) === 150)
      await client.message({ command: XOFF, streamId: 5, body: encodeXoff() })
      for (const cell of [31, 62, 93, 124]) await client.message({ command: SENDME, body: encodeSendme(tagOf(cell)) })
      await handled()
      expect(count(DATA)).to.equal(150)
      expect(flowOf(5)).to.include({ packageWindow: 0, xoffsReceived: 1 })
      await begin(client, 6)
      await client.until(() => client.dataOf(6).length > 0)
      await client.message({ command: XON, streamId: 5, body: encodeXon(77) })
      await client.message({ command: XON, streamId: 5, body: encodeXon(Infinity) })
      await handled()
      expect(flowOf(5).xonsReceived).to.deep.equal([77, Infinity])
      expect(flowOf(5).packageWindow).to.equal(Infinity)
    })
  })

  describe('judges', () => {
    beforeEach(async () => {
      await build({ exit: source({ length: 200 * 498, chunkSize: 498 }) })
      await begin(client, 5)
      await client.until(() => count(DATA) === 200)
    })

    it('a SENDME whose tag is that of another cell', async () => {
      await client.message({ command: SENDME, body: encodeSendme(tagOf(32)) })
      await expectJudged('a SENDME with a wrong tag')
    })

    it('SENDMEs as a client of fixed windows sends them', async () => {
      await client.message({ command: SENDME, body: encodeSendme(tagOf(100)) })
      await expectJudged('a SENDME with a wrong tag')
    })

    it('a SENDME that no cell has earned', async () => {
      for (let cell = 31; cell <= 217; cell += 31)
        await client.message({ command: SENDME, body: encodeSendme(tagOf(cell)) })
      await expectJudged('a SENDME that no cell has earned')
    })

    for (const [name, command, body, violation] of [
      ['a SENDME of a stream', SENDME, new Uint8Array(0), 'a stream SENDME under congestion control'],
      ['an XOFF without a version', XOFF, new Uint8Array(0), 'a malformed XOFF or XON'],
      ['an XON of version 1', XON, Uint8Array.of(1, 0, 0, 0, 0), 'a malformed XOFF or XON'],
      ['an XON without a rate', XON, Uint8Array.of(0), 'a malformed XOFF or XON'],
    ] as const) {
      it(name, async () => {
        const stream = network.relays[1]?.circuits[0]?.streams
        exit.exit = sink()
        await begin(client, 6)
        await circuit.when(() => stream?.get(6)?.state === 'open')
        await client.message({ command, streamId: 6, body })
        await expectJudged(violation)
      })

      it(`${name} no more when it is not strict`, async () => {
        exit.strict = false
        exit.exit = sink()
        await begin(client, 6)
        await circuit.when(() => circuit.streams.get(6)?.state === 'open')
        await client.message({ command, streamId: 6, body })
        await handled()
        expect(circuit.closed).to.equal(false)
      })
    }

    /** Opens a stream to the client, which gets so many bytes of it. */
    async function give(bytes: number): Promise<void> {
      exit.exit = sink()
      await begin(client, 6)
      await circuit.when(() => circuit.streams.get(6)?.state === 'open')
      for (let left = bytes; left > 0; left -= 498)
        circuit.send({ command: DATA, streamId: 6, body: new Uint8Array(Math.min(498, left)) })
    }

    const tell = (command: number): Promise<void> =>
      client.message({ command, streamId: 6, body: command === XOFF ? encodeXoff() : encodeXon(1) })

    it('XOFF twice, but not with an XON between', async () => {
      Object.assign(exit.congestionControl, { bytesPerXoff: 500, bytesPerXon: 500 })
      await give(2000)
      for (const command of [XOFF, XON, XOFF]) await tell(command)
      await handled()
      expect(circuit.closed).to.equal(false)
      await tell(XOFF)
      await expectJudged('XOFF twice')
    })

    for (const [name, command] of [
      ['an XOFF', XOFF],
      ['an XON', XON],
    ] as const) {
      it(`${name} before any data`, async () => {
        await give(0)
        await tell(command)
        await expectJudged(`${command === XOFF ? 'XOFF' : 'XON'} for 0 bytes`)
      })

      it(`${name} a byte too early, by the thresholds of C tor`, async () => {
        await give(243_999)
        await tell(command)
        await expectJudged(`${command === XOFF ? 'XOFF' : 'XON'} for 243999 bytes`)
      })

      it(`${name} for the bytes of another`, async () => {
        await give(487_999)
        await tell(command)
        if (command === XOFF) await tell(XON)
        await handled()
        expect(circuit.closed).to.equal(false)
        await tell(command)
        await expectJudged(`${command === XOFF ? 'XOFF' : 'XON'} for 487999 bytes`)
      })
    }
  })

  it('judges XOFF and XON on a circuit with windows', async () => {
    await build({ congestionControl: false })
    await begin(client, 5)
    await circuit.when(() => circuit.streams.get(5)?.state === 'open')
    await client.message({ command: XOFF, streamId: 5, body: encodeXoff() })
    await expectJudged('XOFF or XON without congestion control')
  })
})
