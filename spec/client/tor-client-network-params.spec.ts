import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import type { ConnectOptions, TorClient } from '../../lib/client/tor-client.ts'
import type { ExitHandler } from '../../lib/testing/exit/exit.ts'
import { echo, sink } from '../../lib/testing/exit/exits.ts'
import type { TestCircuit } from '../../lib/testing/relay/test-circuit.ts'
import { Upload } from '../circuit/support/transfer.ts'
import { turn } from '../support/turn.ts'
import { ClientFixture, exchange, exit, guard } from './support/client-fixture.ts'

const { BEGIN, BEGIN_DIR, DATA, RESOLVE } = RelayCommand
const HOUR = 3_600_000

describe('TorClient: what the consensus says of streams and circuits', function () {
  this.timeout(30_000)
  let fixture: ClientFixture

  beforeEach(async () => {
    fixture = await ClientFixture.start({ relays: [guard('guard1'), guard('guard2'), exit('exit1'), exit('exit2')] })
  })

  afterEach(async () => {
    await fixture.tidy()
    await fixture.end()
  })

  /** What the exit got of a circuit before anything new, without questions of the spec's own. */
  const commands = ({ messages }: TestCircuit): number[] =>
    messages.map(({ command }) => command).filter((command) => command !== RESOLVE)

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
      [0, 100],
      [-1, 100],
      [2_147_483_647, 1000],
      [-2_147_483_648, 100],
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
        for (const relay of fixture.network.relays) relay.congestionControl.enabled = enabled
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
      const upload = new Upload(tor.connect('up.example:80'), 1_000_000)
      const atExit = await exitOf('up.example')
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

  /** Lets the client fetch the next consensus. */
  async function renew(): Promise<void> {
    const asked = fixture.requests['consensus'] ?? 0
    fixture.clock.advance(2 * HOUR)
    await fixture.passing(
      fixture.network.when(
        () => fixture.network.directory.requests.filter(({ kind }) => kind === 'consensus').length > asked,
      ),
    )
    await fixture.quiet()
  }

  describe('UseOptimisticData', () => {
    /** What the exit has got when 1000 bytes were written to a stream that it does not connect yet, and after it has. */
    async function firstMessages(options?: ConnectOptions, defaults?: ConnectOptions): Promise<[number[], number[]]> {
      let connect = (): void => undefined
      const gate = new Promise<void>((resolve) => (connect = resolve))
      const echoing = echo()
      exits(async (stream) => {
        await gate
        return echoing(stream)
      })
      const tor = await fixture.open(defaults ? { streamDefaults: defaults } : {})
      const socket = tor.connect('far.example:80', options)
      const echoed = exchange(socket, 'x'.repeat(1000))
      const atExit = await exitOf('far.example')
      await turn(20)
      const before = commands(atExit)
      connect()
      expect(await fixture.passing(echoed)).to.equal('x'.repeat(1000))
      return [before, commands(atExit)]
    }

    const at = (value: number | undefined): void => {
      if (value !== undefined) fixture.network.directory.params = { cc_alg: 2, UseOptimisticData: value }
    }
    const hasty = [BEGIN, DATA, DATA, DATA]

    for (const value of [0, -1]) {
      it(`of ${value} lets no DATA leave before CONNECTED`, async () => {
        at(value)
        const [before, after] = await firstMessages()
        expect(before).to.deep.equal([BEGIN])
        expect(after.slice(0, 4)).to.deep.equal(hasty)
      })
    }

    for (const value of [undefined, 1, 2]) {
      it(`of ${value ?? 'which it says nothing'} lets DATA leave right behind BEGIN`, async () => {
        at(value)
        expect((await firstMessages())[0]).to.deep.equal(hasty)
      })
    }

    for (const value of [0, 1]) {
      for (const [whose, options, defaults] of [
        ['of a stream', { optimistic: true }, undefined],
        ['of the client', undefined, { optimistic: true }],
        ['of a stream against the client', { optimistic: true }, { optimistic: false }],
      ] as const) {
        it(`of ${value} gives way to optimistic: true ${whose}`, async () => {
          at(value)
          expect((await firstMessages(options, defaults))[0]).to.deep.equal(hasty)
        })

        const [not, nor] = [options, defaults].map((each) => each && { optimistic: !each.optimistic })
        it(`of ${value} gives way to optimistic: false ${whose}`, async () => {
          at(value)
          expect((await firstMessages(not, nor))[0]).to.deep.equal([BEGIN])
        })
      }
    }

    it('of 0 holds for fetch', async () => {
      at(0)
      let before: number[] | undefined
      exits(async (stream) => {
        await turn(20)
        before ??= commands(await exitOf('far.example'))
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
