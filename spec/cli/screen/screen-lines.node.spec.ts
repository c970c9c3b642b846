import { expect } from 'chai'
import fc from 'fast-check'
import { widthOf, type Line } from '../../../lib/cli/screen/line.ts'
import { duration, helpLines, screenLines } from '../../../lib/cli/screen/screen-lines.ts'
import type { ScreenState } from '../../../lib/cli/screen/screen-state.ts'
import { circuit, state, stream } from '../support/screen-states.ts'

const textOf = (lines: readonly Line[]): string[] =>
  lines.map((line) =>
    line
      .map(({ text }) => text)
      .join('')
      .trimEnd(),
  )
const screen = (given: ScreenState, columns = 80, rows = 24): string[] => textOf(screenLines(given, { columns, rows }))

const busy = state({
  circuits: [
    circuit(12, { age: 62_000, streams: 2, rateIn: 1_200_000, rateOut: 30_000 }),
    circuit(13, { state: 'building', hops: 1, age: 1_000 }),
    circuit(9, { state: 'retired', streams: 1, age: 7_300_000, path: ['alice (SE)', 'bob (DE)', 'carol (US)'] }),
  ],
  streams: [
    stream(7, { circuit: 12, words: 'flows', rateIn: 1_200_000, rateOut: 500 }),
    stream(8, { circuit: 12, words: 'held back: the far end does not read', hold: 'far-end' }),
    stream(9, { circuit: undefined, words: 'waits for a circuit' }),
    stream(10, { circuit: 9, words: 'stands still: nobody reads here', hold: 'reader', waiting: 250_000 }),
  ],
})

describe("The proxy's screen: its lines", () => {
  it('has phase, rates, circuits with their age, and streams on 80 columns and 24 rows', () => {
    expect(screen(busy)).to.deep.equal([
      'tor-streams proxy  Ready                                               up 61 min',
      'in 1.2 MB/s  out 30 kB/s   120 MB and 3.0 MB in all        SOCKS 9050  HTTP 8118',
      '',
      'Circuits 3                                                          in       out',
      '  12   62 s  alice > bob > carol          2 streams           1.2 MB/s   30 kB/s',
      '  13    1 s  alice > bob > carol          1 of 3                     -         -',
      '   9    2 h  alice (SE) > bob (DE) > car~ retired 1 stream           -         -',
      '',
      'Streams 4  1 waits for credit, 250 kB wait to be read               in       out',
      '   7  on 12   flows                                           1.2 MB/s  0.5 kB/s',
      '   8  on 12   held back: the far end does not read                   -         -',
      '   9          waits for a circuit                                    -         -',
      '  10  on 9    stands still: nobody reads here                        -         -',
      ...Array.from({ length: 10 }, () => ''),
      'n new identity   h help   q quit',
    ])
  })

  it('leaves rates out where it is narrow, and keeps the keys', () => {
    expect(screen(busy, 40, 14)).to.deep.equal([
      'tor-streams proxy  Ready       up 61 min',
      'in 1.2 MB/s  out 30 kB/s',
      '',
      'Circuits 3',
      '  12   62 s  alice > bob > carol       2',
      '  13    1 s  alice > bob > carol  1 of 3',
      '   9    2 h  alice (SE) > bob~ retired 1',
      '',
      'Streams 4  1 waits for credit, 250 kB w~',
      '   7  on 12   flows',
      '   8  on 12   held back: the far end do~',
      '   9          waits for a circuit',
      '  10  on 9    stands still: nobody read~',
      'n new identity   h help   q quit',
    ])
  })

  it('says what a circuit is for that is not for streams', () => {
    const others = state({
      circuits: [
        circuit(1, { purpose: 'directory', path: ['27795AFA'], hops: 1 }),
        circuit(2, { purpose: 'onion' }),
        circuit(3, { purpose: 'onion', streams: 2 }),
        circuit(4, { purpose: 'directory', path: ['27795AFA'], hops: 0, state: 'building' }),
      ],
    })
    expect(screen(others).slice(4, 8)).to.deep.equal([
      '   1  2 min  27795AFA                     directory                  -         -',
      '   2  2 min  alice > bob > carol          onion                      -         -',
      '   3  2 min  alice > bob > carol          2 streams                  -         -',
      '   4  2 min  27795AFA                     0 of 1                     -         -',
    ])
    expect(screen(others, 40)[4]).to.equal('   1  2 min  27795AFA          directory')
  })

  it('tells how far it is before it is ready, and that there is no network, in a sentence', () => {
    const early = state({ message: 'Fetching the consensus of the network', isReady: false, percent: 15 })
    expect(screen(early)[0]).to.match(/^tor-streams proxy {2}Fetching the consensus of the network, 15 % +up 61 min$/)
    const waits = 'Waiting for a network; the next try is in 10 s. No directory server could be asked'
    const lines = screen(state({ message: 'Waiting for a network', isReady: false, notices: [waits] }), 60)
    expect(lines.slice(2, 4).join(' ')).to.equal(waits)
  })

  it('says how many more there are than fit, and gives each part the room that the other does not need', () => {
    const many = (count: number): ScreenState['circuits'] => Array.from({ length: count }, (_, id) => circuit(id))
    const streams = Array.from({ length: 40 }, (_, id) => stream(id))
    const both = screen(state({ circuits: many(40), streams }))
    expect(both.filter((line) => /^ +and \d+ more$/.test(line))).to.deep.equal(['     and 33 more', '     and 32 more'])
    const fewCircuits = screen(state({ circuits: many(2), streams }))
    expect(fewCircuits.filter((line) => /and \d+ more/.test(line))).to.deep.equal(['     and 26 more'])
    const fewStreams = screen(state({ circuits: many(40), streams: streams.slice(0, 2) }))
    expect(fewStreams.filter((line) => /and \d+ more/.test(line))).to.deep.equal(['     and 26 more'])
  })

  it('shows nothing that could be an order to the terminal, whoever wrote it', () => {
    const evil = 'a\x1b[2Jb\x07\u202e\n\u{1f600}'
    const lines = screen(
      state({
        message: evil,
        notices: [evil],
        circuits: [circuit(1, { path: [evil, 'b', 'c'] })],
        streams: [stream(1, { words: evil })],
      }),
    )
    for (const line of lines) expect(line).to.match(/^[\x20-\x7e]*$/)
  })

  it('has exactly the rows of a terminal of any size, none wider than it', () => {
    const size = fc.record({ columns: fc.integer({ min: 0, max: 200 }), rows: fc.integer({ min: 0, max: 60 }) })
    const count = fc.nat(50)
    fc.assert(
      fc.property(size, count, count, fc.array(fc.string(), { maxLength: 6 }), (given, circuits, streams, notices) => {
        const shown = state({
          notices,
          dashboard: 'http://127.0.0.1:1/secret/',
          circuits: Array.from({ length: circuits }, (_, id) => circuit(id, { state: id % 2 ? 'open' : 'building' })),
          streams: Array.from({ length: streams }, (_, id) => stream(id)),
        })
        for (const lines of [screenLines(shown, given), helpLines(shown, given)]) {
          expect(lines.length).to.equal(given.rows)
          for (const line of lines) expect(widthOf(line)).to.be.at.most(given.columns)
        }
      }),
      { numRuns: 60 },
    )
  })

  it("has a help with every key, and the dashboard's address in whole", () => {
    const dashboard = `http://127.0.0.1:40385/${'x'.repeat(43)}/`
    const wide = textOf(helpLines(state({ dashboard }), { columns: 80, rows: 24 }))
    expect(wide).to.include.members(['  n  new identity', '  h  this help', '  q  quit', dashboard])
    const narrow = textOf(helpLines(state({ dashboard }), { columns: 40, rows: 24 }))
    expect(narrow.join('')).to.include(dashboard)
    expect(textOf(helpLines(state(), { columns: 80, rows: 24 })).join('\n')).to.not.include('Dashboard')
  })

  it('tells ages as people do', () => {
    const ages = [0, 59_999, 99_999, 100_000, 5_999_999, 6_000_000, 172_799_999, 172_800_000, -5]
    expect(ages.map(duration)).to.deep.equal(['0 s', '59 s', '99 s', '1 min', '99 min', '1 h', '47 h', '2 d', '0 s'])
  })
})
