import { expect } from 'chai'
import type { StreamInfo } from '../../lib/client/watch/circuit-info.ts'
import { bytes, holdOf, streamSentence, streamWords } from '../../lib/dashboard/format.ts'

const stream = (more: Partial<StreamInfo> = {}): StreamInfo => ({
  id: 1,
  circuit: 1,
  target: 'far.example:80',
  state: 'open',
  flow: { kind: 'windows', package: 500, deliver: 500 },
  bytesIn: 0,
  bytesOut: 0,
  waiting: 249_000,
  ...more,
})

describe('Dashboard: words', () => {
  it('give bytes in units that fit, with no more digits than anybody reads', () => {
    const cases: [number, string][] = [
      [0, '0 bytes'],
      [999, '999 bytes'],
      [999.6, '1.0 kB'],
      [1234, '1.2 kB'],
      [12_345, '12 kB'],
      [999_499, '999 kB'],
      [999_500, '1.0 MB'],
      [1e9, '1.0 GB'],
      [5e15, '5000 TB'],
      [-1, '0 bytes'],
    ]
    for (const [count, text] of cases) expect(bytes(count)).to.equal(text)
  })

  it('say who holds a stream back', () => {
    expect(holdOf(stream())).to.equal(undefined)
    expect(holdOf(stream({ flow: { kind: 'windows', package: 500, deliver: 0 } }))).to.equal('reader')
    expect(holdOf(stream({ flow: { kind: 'windows', package: 0, deliver: 500 } }))).to.equal('far-end')
    expect(holdOf(stream({ flow: { kind: 'congestion-control', xoffSent: true, xoffReceived: false } }))).to.equal(
      'reader',
    )
    expect(holdOf(stream({ flow: { kind: 'congestion-control', xoffSent: false, xoffReceived: true } }))).to.equal(
      'far-end',
    )
    expect(holdOf(stream({ state: 'closed', flow: { kind: 'windows', package: 0, deliver: 0 } }))).to.equal(undefined)
  })

  it('explain in a sentence what happens, for each kind of flow control and whoever reads', () => {
    const stopped = stream({ flow: { kind: 'windows', package: 500, deliver: 0 } })
    expect(streamSentence(stopped, 0, 'this page')).to.equal(
      'This page has stopped reading. 249 kB wait here, the deliver window is empty, no SENDME goes out, and so the far end stands still.',
    )
    expect(streamSentence(stopped, 10_000, 'the program')).to.match(/^The program reads slower than the far end could/)
    expect(streamSentence(stream(), 10_000, 'this page')).to.match(/^Data flows\. Each 50 cells/)
    const xoff = stream({ flow: { kind: 'congestion-control', xoffSent: true, xoffReceived: false } })
    expect(streamSentence(xoff, 0, 'this page')).to.match(/XOFF has gone out, and the far end stands still/)
    for (const state of ['waiting', 'connecting', 'closed'] as const)
      expect(streamSentence(stream({ state, flow: undefined }), 0, 'this page')).to.include('far.example:80')
    expect(streamWords(stopped, 0)).to.equal('stands still: nobody reads here')
  })
})
