import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { encodeCell, encodeVersions } from '../../lib/cell/channel/channel-cell.ts'
import { CellCommand } from '../../lib/cell/commands.ts'
import { Deframer, type LinkItem } from '../../lib/channel/deframer.ts'
import { TorError } from '../../lib/base/errors.ts'
import { hex, latin1 } from '../cell/support/bytes.ts'
import { expectThrow, joined } from './support/relay-side.ts'

const relayCell = (circuitId: number, fill: number): Uint8Array =>
  encodeCell(circuitId, CellCommand.RELAY, new Uint8Array(509).fill(fill))

/** A deframer that has seen VERSIONS. */
function wide(): Deframer {
  const deframer = new Deframer()
  deframer.push(encodeVersions([4]))
  return deframer
}

/** The runs and cells in one line: `A1,2 means two relay cells of circuit A`. */
const outline = (items: readonly LinkItem[]): string =>
  items
    .map((item) =>
      item.kind === 'run'
        ? `${item.circuitId}:${Array.from({ length: item.count }, (_, index) => item.bodies[index * 509]).join(',')}`
        : `${item.circuitId}!${item.command}`,
    )
    .join(' ')

/** Every cell by itself, in order, whatever runs they came in. */
const flattened = (items: readonly LinkItem[]): [circuitId: number, command: number, body: Uint8Array][] =>
  items.flatMap((item) =>
    item.kind === 'cell'
      ? [[item.circuitId, item.command, item.body] as [number, number, Uint8Array]]
      : Array.from({ length: item.count }, (_, index): [number, number, Uint8Array] => [
          item.circuitId,
          CellCommand.RELAY,
          item.bodies.slice(index * 509, (index + 1) * 509),
        ]),
  )

describe('Deframer', () => {
  it('compacts the bodies of consecutive RELAY cells of one circuit', () => {
    const items = wide().push(joined(relayCell(7, 1), relayCell(7, 2), relayCell(7, 3)))
    expect(items).to.have.length(1)
    const run = items[0] as LinkItem & { kind: 'run' }
    expect(run).to.include({ kind: 'run', circuitId: 7, count: 3 })
    expect(run.bodies).to.deep.equal(
      joined(new Uint8Array(509).fill(1), new Uint8Array(509).fill(2), new Uint8Array(509).fill(3)),
    )
    expect(run.bodies.buffer.byteLength).to.equal(3 * 509)
  })

  it('begins a new run when the circuit changes, and keeps the order of all cells', () => {
    const destroy = encodeCell(7, CellCommand.DESTROY, hex('00'))
    const early = encodeCell(7, CellCommand.RELAY_EARLY, hex('00'))
    const items = wide().push(
      joined(
        relayCell(7, 1),
        relayCell(7, 2),
        relayCell(8, 3),
        relayCell(7, 4),
        destroy,
        relayCell(7, 5),
        early,
        relayCell(7, 6),
      ),
    )
    expect(outline(items)).to.equal('7:1,2 8:3 7:4 7!4 7:5 7!9 7:6')
  })

  it('tells circuits apart by all 32 bits of their ids', () => {
    expect(outline(wide().push(joined(relayCell(0x80000001, 1), relayCell(1, 2), relayCell(0xffffffff, 3))))).to.equal(
      '2147483649:1 1:2 4294967295:3',
    )
  })

  it('joins the cell that one read began with those of the next', () => {
    const deframer = wide()
    const bytes = joined(relayCell(7, 1), relayCell(7, 2), relayCell(7, 3))
    for (const cut of [1, 4, 5, 6, 513, 514, 515, 1027]) {
      const first = deframer.push(bytes.subarray(0, cut))
      expect(deframer.carried).to.equal(cut % 514)
      const second = deframer.push(bytes.subarray(cut))
      expect(deframer.carried).to.equal(0)
      expect(flattened([...first, ...second])).to.deep.equal(flattened(wide().push(bytes)))
      expect(second.length).to.equal(1)
    }
  })

  it('gives the same cells however the bytes are cut', () => {
    const cell = fc.oneof(
      fc.tuple(fc.constantFrom(1, 2), fc.constant(3), fc.uint8Array({ maxLength: 509 })),
      fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(4, 9, 11, 99), fc.uint8Array({ maxLength: 509 })),
      fc.tuple(fc.constant(0), fc.constantFrom(7, 128, 129, 255), fc.uint8Array({ maxLength: 1500 })),
    )
    fc.assert(
      fc.property(fc.array(cell, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 1200 })), (cells, cuts) => {
        const bytes = joined(
          encodeVersions([4, 5]),
          ...cells.map(([id, command, body]) => encodeCell(id, command, body)),
        )
        const deframer = new Deframer()
        const items: LinkItem[] = []
        let at = 0
        for (const cut of [...cuts, bytes.length]) {
          items.push(...deframer.push(bytes.subarray(at, at + cut)))
          at += cut
        }
        const expected = cells.map(([id, command, body]) => {
          const whole = new Uint8Array(command === 7 || command >= 128 ? body.length : 509)
          whole.set(body)
          return [id, command, whole]
        })
        expect(flattened(items).slice(1)).to.deep.equal(expected)
        expect(deframer.carried).to.equal(0)
      }),
      { numRuns: 60 },
    )
  })

  it('works byte by byte', () => {
    const deframer = new Deframer()
    const bytes = joined(
      encodeVersions([4]),
      relayCell(7, 1),
      encodeCell(0, CellCommand.CERTS, hex('0102')),
      relayCell(7, 2),
    )
    const items = Array.from(bytes).flatMap((byte) => deframer.push(Uint8Array.of(byte)))
    expect(outline(items)).to.equal('0!7 7:1 0!129 7:2')
  })

  it('shares no memory with what was read', () => {
    const deframer = wide()
    const bytes = joined(
      relayCell(7, 1),
      encodeCell(7, CellCommand.CREATED2, hex('0102')),
      relayCell(7, 3).subarray(0, 100),
    )
    const items = deframer.push(bytes)
    bytes.fill(0xee)
    items.push(...deframer.push(relayCell(7, 3).subarray(100)))
    expect(outline(items)).to.equal('7:1 7!11 7:3')
    expect((items[1] as LinkItem & { kind: 'cell' }).body.subarray(0, 3)).to.deep.equal(hex('010200'))
  })

  it('takes a buffer of another kind for what it is', () => {
    const bytes = joined(hex('ffff'), relayCell(7, 1), hex('ffff'))
    expect(outline(wide().push(new Uint8Array(bytes.buffer, 2, 514)))).to.equal('7:1')
  })

  it('holds no more than the longest cell, and no memory for what a header only promises', () => {
    const deframer = wide()
    const cell = encodeCell(0, CellCommand.VPADDING, new Uint8Array(65535))
    expect(deframer.push(cell.subarray(0, 65541))).to.deep.equal([])
    expect(deframer.carried).to.equal(65541)
    expect(outline(deframer.push(joined(cell.subarray(65541), relayCell(7, 1))))).to.equal('0!128 7:1')
    expect(deframer.carried).to.equal(0)
  })

  it('takes an empty read for nothing', () => {
    const deframer = wide()
    expect(deframer.push(new Uint8Array(0))).to.deep.equal([])
    deframer.push(relayCell(7, 1).subarray(0, 3))
    expect(deframer.push(new Uint8Array(0))).to.deep.equal([])
    expect(deframer.carried).to.equal(3)
  })
})

describe('the beginning of a link', () => {
  it('has circuit ids of two bytes up to VERSIONS, and of four after it, in one read', () => {
    const padding = hex('0000 80 0003 aabbcc')
    const items = new Deframer().push(
      joined(padding, encodeVersions([4, 5]), encodeCell(0, CellCommand.VPADDING, hex('dd')), relayCell(7, 1)),
    )
    expect(outline(items)).to.equal('0!128 0!7 0!128 7:1')
    expect((items[0] as LinkItem & { kind: 'cell' }).body).to.deep.equal(hex('aabbcc'))
    expect((items[1] as LinkItem & { kind: 'cell' }).body).to.deep.equal(hex('0004 0005'))
  })

  it('has a second VERSIONS in the form that the first agreed on', () => {
    const items = wide().push(encodeCell(0, CellCommand.VERSIONS, hex('0004')))
    expect(items).to.deep.equal([{ kind: 'cell', circuitId: 0, command: 7, body: hex('0004') }])
  })

  for (const [what, bytes] of [
    ['an answer in HTTP', latin1('HTTP/1.1 400')],
    ['a banner of SSH', latin1('SSH-2.0-x')],
    ['a RELAY cell', relayCell(7, 1)],
    ['NETINFO', hex('0000 08')],
    ['CERTS', hex('0000 81')],
    ['a fixed-size cell with short circuit ids', hex('0000 00')],
  ] as const) {
    it(`is not ${what}, which is known from three bytes`, () => {
      const deframer = new Deframer()
      expect(deframer.push(bytes.subarray(0, 2))).to.deep.equal([])
      expectThrow(() => deframer.push(bytes.subarray(2, 3)), 'LINK_PROTOCOL')
    })
  }

  it('is cut or refused, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 1200 }), { maxLength: 6 }), fc.boolean(), (reads, begun) => {
        const deframer = begun ? wide() : new Deframer()
        let total = 0
        for (const bytes of reads) {
          total += bytes.length
          try {
            deframer.push(bytes)
          } catch (error) {
            expect(error).to.be.instanceOf(TorError)
            expect((error as TorError).code).to.equal('LINK_PROTOCOL')
            return
          }
          expect(deframer.carried).to.be.at.most(Math.min(total, 65542))
        }
      }),
    )
  })
})
