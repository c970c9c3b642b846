/**
 * Anything that can happen to a stream, in any order: what must hold always holds.
 */
import { expect } from 'chai'
import { fc } from '../support/seed.ts'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { TorError } from '../../lib/base/errors.ts'
import { turn } from '../support/turn.ts'
import { concat, connecting, pattern, sameBytes, VARIANTS } from './support/stream-fixture.ts'
import { Watch } from './support/watch.ts'

const { DATA, END, SENDME } = RelayCommand

/** What the far end does, and how long it may still do it after our END under congestion control, in ms. */
const FAR_END: ReadonlySet<Step['kind']> = new Set(['data', 'sendme', 'connected', 'end', 'break'])
const LONGEST_ROUND_TRIP = 60_000

/** With `xoffExit` 10: half of it, in cells of 488 bytes. */
const BYTES_PER_XOFF = 2440

/** One thing that happens; `size` means what fits it. */
interface Step {
  readonly kind: (typeof KINDS)[number]
  readonly size: number
  /** Whether a turn passes after it. */
  readonly pause: boolean
}

const KINDS = [
  'write',
  'write',
  'write',
  'read',
  'read',
  'read',
  'data',
  'data',
  'data',
  'sendme',
  'grant',
  'grant',
  'time',
  'connected',
  'end',
  'break',
  'cancel',
  'abort',
  'closeWriter',
  'close',
  'signal',
  'die',
  'openCircuit',
] as const

/** What most steps are: those that end a stream come late, or there is little to see. */
const step = (kinds: readonly Step['kind'][]): fc.Arbitrary<Step> =>
  fc.record({ kind: fc.constantFrom(...kinds), size: fc.integer({ min: 0, max: 60_000 }), pause: fc.boolean() })

const scenario = fc.record({
  open: fc.boolean(),
  optimistic: fc.boolean(),
  endOnClose: fc.boolean(),
  credit: fc.integer({ min: 0, max: 60 }),
  before: fc.array(step(KINDS.slice(0, 13)), { maxLength: 10 }),
  early: fc.array(step(['openCircuit', 'connected', 'write', 'read', 'closeWriter', 'cancel']), { maxLength: 4 }),
  middle: fc.array(step(KINDS.slice(0, 13)), { maxLength: 25 }),
  late: fc.array(step(KINDS), { maxLength: 12 }),
})

for (const variant of VARIANTS) {
  describe(`a stream pair of ${variant.name}, whatever happens to it`, () => {
    it('sends no cell without credit, loses and makes up no byte, and settles everything', async () => {
      await fc.assert(
        fc.asyncProperty(scenario, async ({ open, optimistic, endOnClose, credit, before, early, middle, late }) => {
          const controller = new AbortController()
          const congestionControl = variant.flowControl === 'congestion-control' && { xoffExit: 10 }
          const { circuit, clock, socket } = connecting({
            ...variant.options,
            congestionControl,
            open,
            optimistic,
            endOnClose,
            credit,
            signal: controller.signal,
          })
          const watch = new Watch()
          const writer = socket.writable.getWriter()
          const reader = socket.readable.getReader()
          const written: Uint8Array[] = []
          const resolved: boolean[] = []
          const arrived: Uint8Array[] = []
          const read: Uint8Array[] = []
          let bytesWritten = 0
          let bytesArrived = 0
          let number = 0
          let stopped = false
          let xoffs = 0
          const phase = (): string | undefined =>
            circuit.endpoints.get(1)?.state.replace(' under congestion control', '')
          let farEnd: 'open' | 'ended' | 'dead' = 'open'
          void watch.add('opened', socket.opened)
          void watch.add('closed', socket.closed)
          void watch.add('reader.closed', reader.closed)
          void watch.add('writer.closed', writer.closed)

          /** The bytes of writes that had resolved when our END went. */
          const promised = (): number => {
            let size = 0
            for (const [index, chunk] of written.entries()) if (resolved[index]) size += chunk.length
            return size
          }
          const act: Record<Step['kind'], (size: number) => unknown> = {
            write(size) {
              const chunk = pattern(size % 5 === 0 ? size : size % 700, bytesWritten)
              bytesWritten += chunk.length
              const index = written.push(chunk) - 1
              // Node 20 throws from `write` itself once `close` was called.
              const write = async (): Promise<void> => writer.write(chunk)
              void watch.add(`write ${index}`, write()).then(
                () => (resolved[index] = true),
                () => (resolved[index] = false),
              )
            },
            read: () => {
              void watch.add(
                `read ${number++}`,
                reader.read().then(({ value }) => void (value && read.push(value))),
              )
            },
            data(size) {
              if (phase() !== 'open' && phase() !== 'ended-open') return
              const count = Math.min(size % 40, socket.windows.deliver)
              const bodies = Array.from({ length: count }, (_, index) => {
                const body = pattern((size + index * 37) % 499, bytesArrived)
                bytesArrived += body.length
                return body
              })
              const live = phase() === 'open'
              if (live) arrived.push(...bodies)
              if (count > 0) circuit.data(...bodies)
            },
            sendme(size) {
              const sent = circuit.sentOf(DATA).length
              if (variant.flowControl === 'congestion-control') {
                if (!circuit.endpoints.has(1) || (!stopped && circuit.dataBytes.length < (xoffs + 1) * BYTES_PER_XOFF))
                  return
                stopped = !stopped
                if (stopped) xoffs += 1
                if (stopped) circuit.xoff()
                else circuit.xon([1, 300, Infinity][size % 3])
              } else if ((phase() === 'open' || phase() === 'ended-open') && sent - acknowledged >= 50) {
                acknowledged += 50
                circuit.sendme()
              }
            },
            grant: (size) => circuit.grant(size % 90),
            time: (size) => clock.advance(size),
            connected() {
              if (phase() === 'connecting' || phase() === 'ended-connecting') circuit.connect()
            },
            end() {
              if (!circuit.endpoints.has(1)) return
              farEnd = 'ended'
              circuit.end(6)
            },
            break() {
              if (!circuit.endpoints.has(1)) return
              farEnd = 'dead'
              circuit.end(12)
            },
            cancel: () => watch.add(`cancel ${number++}`, reader.cancel('cancel')),
            abort: () => watch.add(`abort ${number++}`, writer.abort('abort')),
            closeWriter: () => watch.add(`close ${number++}`, writer.close()),
            close: () => watch.add(`socket.close ${number++}`, socket.close()),
            signal: () => controller.abort('signal'),
            die() {
              farEnd = 'dead'
              circuit.die(new TorError('CIRCUIT_DESTROYED', 'gone'))
            },
            openCircuit() {
              if (circuit.pending > 0) circuit.open()
            },
          }
          let acknowledged = 0
          let ended = false
          let endedAt = Infinity
          for (const { kind, size, pause } of [...before, ...early, ...middle, ...late]) {
            const now = clock.now()
            if (FAR_END.has(kind) && variant.flowControl === 'congestion-control' && now - endedAt > LONGEST_ROUND_TRIP)
              continue
            void act[kind](size)
            if (endedAt === Infinity && circuit.sentOf(END).length > 0) endedAt = now
            if (pause) await turn()
            expect(circuit.faults, kind).to.deep.equal([])
            // Bytes sent are a beginning of the bytes written.
            const sent = circuit.dataBytes
            expect(sent.length).to.be.at.most(bytesWritten)
            if (!ended && circuit.sentOf(END).length > 0) {
              ended = true
              await turn()
              // What a write had promised was sent before END.
              expect(sent.length).to.be.at.least(promised())
            }
          }
          await turn()
          if (!ended && farEnd === 'open') expect(circuit.dataBytes.length).to.be.at.least(promised())
          expect(
            sameBytes(circuit.dataBytes, concat(written).subarray(0, circuit.dataBytes.length)),
            'what was sent',
          ).to.equal(true)

          void watch.add('last close', socket.close())
          await turn(4)
          expect(watch.pending, 'promises left pending').to.deep.equal([])
          expect(clock.timers, 'timers left').to.equal(0)
          expect(circuit.faults).to.deep.equal([])
          expect(circuit.reserved, 'cells left reserved').to.equal(0)
          expect(circuit.pending).to.equal(0)

          const all = concat(arrived)
          const got = concat(read)
          expect(sameBytes(got, all.subarray(0, got.length)), 'what was read').to.equal(true)
          const commands = circuit.commands
          const end = commands.indexOf(END)
          if (end >= 0) expect(commands.slice(end), 'nothing follows our END').to.deep.equal([END])
          expect(circuit.sentOf(SENDME).length).to.be.at.most(Math.floor(arrived.length / 50))
        }),
        { numRuns: 150 },
      )
    })
  })
}
