import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import type { ConnectOptions } from '../../lib/client/connect-options.ts'
import type { TorClient } from '../../lib/client/tor-client.ts'
import type { ExitHandler } from '../../lib/testing/exit/exit.ts'
import { echo, sink } from '../../lib/testing/exit/exits.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import type { TestCircuit } from '../../lib/testing/relay/test-circuit.ts'
import { Upload } from '../circuit/support/transfer.ts'
import { turn } from '../support/turn.ts'
import { ClientFixture, exchange, exit, guard } from './support/client-fixture.ts'

const { BEGIN, BEGIN_DIR, DATA } = RelayCommand
const HOUR = 3_600_000

describe('TorClient: what the consensus says of streams and circuits', function () {
  let fixture: ClientFixture
  let hosts = 0

  before(async () => {
    fixture = await ClientFixture.start({ relays: [guard('guard1'), guard('guard2'), exit('exit1'), exit('exit2')] })
  })

  after(() => fixture.end())

  afterEach(async () => {
    fixture.network.directory.params = { cc_alg: 2 }
    for (const relay of fixture.network.relays) {
      relay.exit = echo()
      relay.circuitWindow = 1000
      relay.withhold.circuitSendmes = false
      relay.congestionControl.enabled = true
    }
    await fixture.tidy()
  })

  /** A name that no stream has had, so that none of another client is taken for one of this. */
  const newHost = (): string => `host${hosts++}.example`

  /** What has come of the stream to `host`, or to the directory. */
  const commands = ({ messages, streams }: TestCircuit, host?: string): number[] => {
    const id = [...streams].find(([, { target }]) => target?.host === host)?.[0]
    return messages.filter(({ streamId }) => host === undefined || streamId === id).map(({ command }) => command)
  }

  /** Turns what every exit does with its streams. */
  const exits = (handler: ExitHandler): void => {
    for (const relay of fixture.network.relays) relay.exit = handler
  }

  /** The exit's end of the circuit of a stream to `host`, once its BEGIN is there. */
  async function exitOf(host: string): Promise<TestCircuit> {
    const { network } = fixture
    const found = (): TestCircuit | undefined =>
      network.relays
        .flatMap(({ circuits }) => circuits)
        .findLast(({ streams }) => [...streams.values()].some(({ target }) => target?.host === host))
    await fixture.passing(network.when(() => found() !== undefined))
    return found() as TestCircuit
  }

  describe('circwindow', () => {
    for (const [circwindow, window] of [
      [undefined, 1000],
      [100, 100],
      [250, 250],
      [500, 500],
      [1000, 1000],
      [1001, 1000],
      [99, 100],
      [-1, 100],
    ] as const) {
      it(`of ${circwindow ?? 'which it says nothing'} lets ${window} cells leave before a SENDME`, async () => {
        exits(sink())
        for (const relay of fixture.network.relays) {
          relay.circuitWindow = window
          relay.withhold.circuitSendmes = true
        }
        fixture.network.directory.params = { cc_alg: 0, ...(circwindow === undefined ? {} : { circwindow }) }
        const tor = await fixture.open()
        const uploads = [1, 2, 3].map(() => new Upload(tor.connect('far.example:80'), 2_000_000))
        const atExit = await exitOf('far.example')
        await fixture.passing(
          atExit.when(({ flow, violation }) => flow.dataReceived >= window || violation !== undefined),
        )
        for (const cells of [window, window + 100, window + 200]) {
          await fixture.passing(atExit.when(({ flow }) => flow.dataReceived >= cells))
          await turn(20)
          expect(atExit.flow.dataReceived).to.equal(cells)
          atExit.releaseSendmes('circuit', 1)
        }
        expect(atExit.violation).to.equal(undefined)
        for (const { writer } of uploads) writer.abort().catch(() => undefined) // the client closes meanwhile
      })
    }

    it('counts where the client was opened without congestion control, and where an exit has none', async () => {
      fixture.network.directory.params = { cc_alg: 2, circwindow: 300 }
      for (const [options, enabled] of [
        [{ congestionControl: false }, true],
        [{}, false],
      ] as const) {
        for (const relay of fixture.network.relays) {
          relay.exit = echo()
          relay.circuitWindow = 300
          relay.congestionControl.enabled = enabled
        }
        const tor = await fixture.open(options)
        const info = await fixture.passing(tor.connect('far.example:80').opened)
        expect(info.flowControl).to.equal('windows')
        await uploadStops(tor, 300)
        await fixture.passing(tor.close())
      }
    })

    /** Uploads on the one circuit of `tor` until it holds still. */
    async function uploadStops(tor: TorClient, window: number): Promise<void> {
      exits(sink())
      for (const relay of fixture.network.relays) relay.withhold.circuitSendmes = true
      const host = newHost()
      const upload = new Upload(tor.connect({ hostname: host, port: 80 }), 1_000_000)
      const atExit = await exitOf(host)
      await fixture.passing(atExit.when(({ flow }) => flow.dataReceived >= window))
      await turn(20)
      expect(atExit.flow.dataReceived).to.equal(window)
      upload.writer.abort().catch(() => undefined) // the client closes meanwhile
      for (const relay of fixture.network.relays) relay.withhold.circuitSendmes = false
    }

    it('counts for circuits that are built after a newer consensus came', async () => {
      fixture.network.directory.params = { cc_alg: 0 }
      const tor = await fixture.open()
      await fixture.passing(tor.connect('first.example:80', { isolation: 'first' }).opened)
      fixture.network.directory.params = { cc_alg: 0, circwindow: 400 }
      await renew()
      await uploadStops(tor.isolated(), 400)
    })
  })

  /** Lets the client fetch the next consensus, which it does at a time of its own choice. */
  async function renew(): Promise<void> {
    const asked = fixture.requests['consensus']
    for (let quarters = 0; quarters < 12 && fixture.requests['consensus'] === asked; quarters++) {
      fixture.clock.advance(HOUR / 4)
      await fixture.quiet()
    }
    expect(fixture.requests['consensus']).to.equal((asked ?? 0) + 1)
  }

  describe('UseOptimisticData', () => {
    const directories = new Map<TestRelay, ExitHandler>()
    afterEach(() => {
      for (const [relay, directory] of directories) relay.directory = directory
      directories.clear()
    })

    const patient = [BEGIN]
    const hasty = [BEGIN, DATA, DATA, DATA]

    /** What an exit that lets streams wait got of each, when 1000 bytes were written to it. */
    async function firstMessages(tor: TorClient, streams: readonly ConnectOptions[]): Promise<number[][]> {
      let letIn = (): void => undefined
      const gate = new Promise<void>((resolve) => (letIn = resolve))
      const echoing = echo()
      exits(async (stream) => {
        await gate
        return echoing(stream)
      })
      const text = 'x'.repeat(1000)
      const names = streams.map(newHost)
      const echoes = streams.map((options, index) => {
        return exchange(tor.connect({ hostname: names[index] as string, port: 80 }, options), text)
      })
      const seen: number[][] = []
      for (const host of names) {
        const atExit = await exitOf(host)
        await turn(20)
        seen.push(commands(atExit, host))
      }
      letIn()
      for (const echoed of echoes) expect(await fixture.passing(echoed)).to.equal(text)
      for (const host of names) expect(commands(await exitOf(host), host)).to.deep.equal(hasty)
      return seen
    }

    const at = (value: number | undefined): void => {
      fixture.network.directory.params = { cc_alg: 2, ...(value === undefined ? {} : { UseOptimisticData: value }) }
    }

    for (const [value, usual] of [
      [undefined, hasty],
      [0, patient],
      [1, hasty],
      [-1, patient],
      [2, hasty],
    ] as const) {
      const what = value ?? 'which it says nothing'
      it(`of ${what} lets ${usual === hasty ? 'DATA leave right behind BEGIN' : 'no DATA leave before CONNECTED'}, unless a stream says otherwise`, async () => {
        at(value)
        const tor = await fixture.open()
        const options = [{}, { optimistic: undefined }, { optimistic: true }, { optimistic: false }]
        expect(await firstMessages(tor, options)).to.deep.equal([usual, usual, hasty, patient])
      })
    }

    for (const value of [0, 1]) {
      it(`of ${value} gives way to what the client was opened with, and that to what a stream says`, async () => {
        at(value)
        for (const optimistic of [true, false]) {
          const tor = await fixture.open({ streamDefaults: { optimistic } })
          const [usual, other] = optimistic ? [hasty, patient] : [patient, hasty]
          expect(await firstMessages(tor, [{}, { optimistic: !optimistic }])).to.deep.equal([usual, other])
          await fixture.passing(tor.close())
        }
      })
    }

    it('of 0 holds for fetch', async () => {
      at(0)
      let before: number[] | undefined
      exits(async (stream) => {
        await turn(20)
        before ??= commands(await exitOf('far.example'), 'far.example')
        return echo()(stream)
      })
      const tor = await fixture.open()
      // An echo is no answer.
      const failure: unknown = await fixture.passing(tor.fetch('http://far.example/').catch((error: unknown) => error))
      expect(failure).to.be.instanceOf(TypeError)
      expect(before).to.deep.equal([BEGIN])
    })

    for (const [value, ahead] of [
      [0, false],
      [1, true],
    ] as const) {
      it(`of ${value} ${ahead ? 'lets' : 'has'} requests to directories ${ahead ? 'leave with' : 'wait for'} CONNECTED, once it is known`, async () => {
        at(value)
        await fixture.open()
        fixture.network.circuits.length = 0
        const seen = watchDirectories()
        await renew()
        expect(seen[0]).to.deep.equal(ahead ? [BEGIN_DIR, DATA] : [BEGIN_DIR])
      })
    }

    it('has no say in what no consensus says yet: the first is fetched with the request behind BEGIN_DIR', async () => {
      at(0)
      const seen = watchDirectories()
      await fixture.open()
      expect(seen[0]).to.deep.equal([BEGIN_DIR, DATA])
    })

    /** What has come of each circuit to a directory before the directory takes its stream. */
    function watchDirectories(): number[][] {
      const seen: number[][] = []
      for (const relay of fixture.network.relays) {
        const { directory } = relay
        directories.set(relay, directory)
        relay.directory = async (stream) => {
          await turn(20)
          seen.push(commands(relay.circuits.at(-1) as TestCircuit))
          return directory(stream)
        }
      }
      return seen
    }
  })
})
