import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { HEADER_SIZE } from '../../lib/cell/relay/relay-cell-v0.ts'
import { sink } from '../../lib/testing/exit/exits.ts'
import type { TestRelay } from '../../lib/testing/relay/test-relay.ts'
import { flowControls } from '../support/flow-controls.ts'
import { CircuitFixture, settled } from './support/circuit-fixture.ts'
import { Upload } from './support/transfer.ts'

const { BEGIN, DATA, END, EXTEND2, RESOLVE, SENDME } = RelayCommand

interface Seen {
  readonly command: number
  readonly streamId: number
  readonly length: number
  readonly padding: Uint8Array
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)

for (const { kind } of flowControls) {
  describe(`The padding of what a client sends (${kind})`, () => {
    let fixture: CircuitFixture
    const seen: Seen[] = []
    before(async () => {
      fixture = await CircuitFixture.under(kind)
      for (const relay of fixture.network.relays) {
        relay.exit = sink()
        relay.onMessage = (_circuit, { command, streamId, length, cell }) => {
          seen.push({ command, streamId, length, padding: new Uint8Array(cell.subarray(HEADER_SIZE + length)) })
          return 'handle'
        }
      }
    })
    beforeEach(() => {
      seen.length = 0
    })
    after(() => fixture.close())

    it('is 4 zeros and then random bytes, other ones in each cell, behind every kind of message', async () => {
      const built = await fixture.open()
      const exit = fixture.network.relays[2] as TestRelay
      const stream = built.circuit.connect('example.com:80')
      await stream.opened
      const [id] = built.exit.streams.keys()
      for (let cell = 0; cell < 100; cell++)
        built.exit.send({ command: DATA, streamId: id as number, body: new Uint8Array(1) })
      await stream.readable.getReader().read()
      const writer = stream.writable.getWriter()
      for (const size of [1, 20, 300, 470]) {
        await writer.write(new Uint8Array(size))
        await settled(built)
      }
      await stream.close()
      await settled(built)
      expect([...new Set(seen.map(({ command }) => command))]).to.have.members([
        EXTEND2,
        BEGIN,
        RESOLVE,
        SENDME,
        DATA,
        END,
      ])
      for (const { command, padding } of seen) {
        expect(isZero(padding.subarray(0, 4)), `4 zeros behind command ${command}`).to.equal(true)
        // Sixteen random zeros in a row are not to be expected in the lifetime of the universe.
        expect(isZero(padding.subarray(4, 20)), `random bytes behind command ${command}`).to.equal(false)
      }
      const tails = seen.map(({ padding }) => padding.subarray(-4).join())
      expect(new Set(tails).size).to.be.at.least(tails.length - 1)
      expect(exit.exit).to.be.a('function')
      await built.circuit.close()
    })

    it('is as much of the 4 zeros as there is room for, behind a body that nearly fills its cell', async () => {
      const built = await fixture.open()
      const writer = built.circuit.connect('example.com:80').writable.getWriter()
      for (const size of [494, 495, 496, 497, 498]) {
        await writer.write(new Uint8Array(size).fill(255))
        await settled(built)
      }
      const cells = seen.filter(({ command }) => command === DATA)
      expect(cells.map(({ length }) => length)).to.deep.equal([494, 495, 496, 497, 498])
      for (const { padding } of cells) expect(isZero(padding)).to.equal(true)
      await built.circuit.close()
    })

    it('has room for 16 random bytes in one of any 199 DATA cells of the circuit, whatever its streams write', async () => {
      const built = await fixture.open()
      const uploads = [65_536, 498, 498 * 7].map(
        (chunkSize) => new Upload(built.circuit.connect('example.com:80'), 700_000, chunkSize),
      )
      await Promise.all(uploads.map(({ done }) => done))
      await settled(built)
      const cells = seen.filter(({ command }) => command === DATA)
      expect(new Set(cells.map(({ streamId }) => streamId)).size).to.equal(3)
      const short = cells.flatMap(({ length }, index) => (length <= 478 ? [index] : []))
      const gaps = short.map((index, at) => index - (short[at - 1] ?? -1))
      expect(Math.max(...gaps, cells.length - (short.at(-1) ?? -1) - 1)).to.be.at.most(199)
      for (const index of short) expect(isZero((cells[index] as Seen).padding.subarray(4, 20))).to.equal(false)
      await built.circuit.close()
    })

    it('costs a bulk upload one short cell in 50 to 99, at intervals that cannot be foretold', async () => {
      const built = await fixture.open()
      await new Upload(built.circuit.connect('example.com:80'), 3_000_000, 3_000_000).done
      await settled(built)
      const cells = seen.filter(({ command }) => command === DATA)
      const forced = cells.flatMap(({ length }, index) => (length < 498 && index < cells.length - 1 ? [index] : []))
      for (const index of forced) expect(cells[index]?.length).to.equal(478)
      const gaps = forced.slice(1).map((index, at) => index - (forced[at] as number))
      expect(Math.min(...gaps)).to.be.at.least(50)
      expect(Math.max(...gaps)).to.be.at.most(99)
      expect(new Set(gaps).size).to.be.greaterThan(5)
      await built.circuit.close()
    })
  })
}
