import { expect } from 'chai'
import { Log, type LogLevel } from '../../../lib/cli/log/log.ts'
import { LogView } from '../../../lib/cli/log/log-view.ts'
import type { WatchedClient } from '../../../lib/cli/screen/proxy-view.ts'
import type { ClientStatus } from '../../../lib/client/bootstrap/status.ts'
import type { CircuitInfo, CircuitSummary, StreamInfo } from '../../../lib/client/watch/circuit-info.ts'
import type { ClientEvent } from '../../../lib/client/watch/client-event.ts'
import { FakeClock } from '../../support/fake-clock.ts'

const READY: ClientStatus = { phase: 'ready', percent: 100, message: 'Ready', warnings: [] }
const relay = (nickname: string): CircuitSummary['path'][number] => ({
  fingerprint: 'A'.repeat(40),
  nickname,
  flags: [],
  country: undefined,
})
const circuit = (id: number, state: CircuitSummary['state'], hops = 3): ClientEvent => ({
  type: 'circuit',
  circuit: {
    id,
    state,
    hops,
    purpose: 'streams',
    path: ['alice', 'bob', 'carol'].map(relay),
    flow: undefined,
    bytesIn: 0,
    bytesOut: 0,
    age: 0,
  },
})
const stream: StreamInfo = {
  id: 7,
  circuit: 1,
  target: 'secret.example:443',
  state: 'open',
  flow: undefined,
  bytesIn: 0,
  bytesOut: 0,
  waiting: 0,
}
const bandwidth: ClientEvent = { type: 'bandwidth', bytesIn: 1_500_000, bytesOut: 2_000, duration: 1000 }

describe("The proxy's log", () => {
  let clock: FakeClock
  let lines: string[]

  beforeEach(() => {
    clock = new FakeClock()
    lines = []
  })

  const view = (level: LogLevel): LogView => {
    const output = { write: (text: string | Uint8Array) => lines.push(String(text)) > 0 }
    return new LogView(new Log(output, clock, level), clock)
  }
  /** What is told of these events, without times. */
  async function told(
    level: LogLevel,
    events: readonly ClientEvent[],
    circuits: readonly CircuitInfo[] = [],
  ): Promise<string[]> {
    const tor: WatchedClient = {
      circuits,
      status: READY,
      watch: () =>
        new ReadableStream({
          start(controller) {
            for (const event of events) controller.enqueue(event)
            controller.close()
          },
        }),
    }
    await view(level).follow(tor)
    return lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ /, ''))
  }

  it('begins each line with its time and how much it matters, and is one line whatever is in it', () => {
    view('notice').notice('one\ntwo\x1b[2J')
    expect(lines.join('')).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ notice: one two \[2J\n$/)
  })

  it('tells of phases, of each warning once, and of nothing twice', async () => {
    const warned: ClientEvent = {
      type: 'status',
      status: { ...READY, warnings: ['Storage cannot be written (guards)'] },
    }
    expect(await told('notice', [{ type: 'status', status: READY }, warned, warned])).to.deep.equal([
      'notice: Ready\n',
      'warn: Storage cannot be written (guards)\n',
    ])
  })

  it('says when no relay can be reached, and when one can again', async () => {
    const failed = [4, 5, 6, 7].flatMap((id) => [circuit(id, 'building', 0), circuit(id, 'closed', 0)])
    const further = circuit(8, 'closed', 1) // its guard answered
    expect(await told('notice', [circuit(1, 'open'), further, ...failed, circuit(9, 'open')])).to.deep.equal([
      'warn: No relay can be reached: is there a network? The proxy goes on trying\n',
      'notice: Relays can be reached again\n',
    ])
  })

  it('tells of circuits from info on, of relays and streams from debug on, and never of a host', async () => {
    const events: ClientEvent[] = [
      circuit(1, 'building', 0),
      circuit(1, 'open'),
      circuit(1, 'open'),
      { type: 'stream', stream },
    ]
    expect(await told('info', events)).to.deep.equal([
      'info: circuit 1 for streams is building\n',
      'info: circuit 1 for streams is open\n',
    ])
    lines = []
    const all = await told('debug', events)
    expect(all).to.deep.equal([
      'info: circuit 1 for streams is building through alice > bob > carol\n',
      'info: circuit 1 for streams is open through alice > bob > carol\n',
      'debug: stream 7 is open on circuit 1\n',
    ])
  })

  it('writes a line a minute, with what came in it, and none after its end', async () => {
    let more!: ReadableStreamDefaultController<ClientEvent>
    const { circuit: summary } = circuit(1, 'open') as Extract<ClientEvent, { type: 'circuit' }>
    const tor: WatchedClient = {
      circuits: [{ ...summary, streams: [stream, stream] }],
      status: READY,
      watch: () => new ReadableStream({ start: (controller) => void (more = controller) }),
    }
    const following = view('notice')
    const over = following.follow(tor)
    more.enqueue(bandwidth)
    for (let turns = 0; turns < 5; turns++) await Promise.resolve()
    clock.advance(60_000)
    clock.advance(60_000)
    more.close()
    await over
    clock.advance(600_000)
    expect(lines.map((line) => line.slice(21))).to.deep.equal([
      'notice: 1 circuit, 2 streams, 1.5 MB in, 2.0 kB out in the last minute\n',
      'notice: 1 circuit, 2 streams, 0 bytes in, 0 bytes out in the last minute\n',
    ])
  })

  it('writes nothing but errors when all is to be quiet', async () => {
    view('error').waits('Waiting')
    expect(await told('error', [{ type: 'status', status: READY }, circuit(1, 'open')])).to.deep.equal([])
  })
})
