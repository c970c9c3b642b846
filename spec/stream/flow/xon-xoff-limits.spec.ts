import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { encodeXoff, encodeXon } from '../../../lib/cell/relay/xon-xoff.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { DEFAULT_XON_XOFF, type XonXoffParameters } from '../../../lib/stream/contract/flow-parameters.ts'
import { XonXoffLimits } from '../../../lib/stream/flow/xon-xoff-limits.ts'
import { thrownBy } from '../../cell/support/bytes.ts'

const { XOFF, XON } = RelayCommand

/** Half of what the proposal asks for, spelled out: 488 bytes a cell for XOFF, 498 for XON. */
const perXoff = ({ xoffClient, xoffExit }: XonXoffParameters): number => Math.min(xoffClient, xoffExit) * 244
const perXon = ({ xonRate }: XonXoffParameters): number => xonRate * 249

/**
 * A message, whether it is a violation; or bytes that are sent, in halves of what one XOFF or one advisory XON takes.
 */
type Step = 'xoff' | 'xon' | 'xoff!' | 'xon!' | readonly [unit: 'xoffs' | 'xons', times: number, plus?: number]

/**
 * Arti crates/tor-proto/src/stream/flow_ctrl/xon_xoff/state.rs, `sidechannel_mitigation`: each of its cases, with its
 * parameters.
 */
const CASES: readonly (readonly [name: string, ...steps: Step[]])[] = [
  ['no XON as the first message', 'xon!'],
  ['no XOFF as the first message', 'xoff!'],
  ['no XOFF after a byte too little', ['xoffs', 1, -1], 'xoff!'],
  ['an XOFF after enough bytes, and no second at once', ['xoffs', 1], 'xoff', 'xoff!'],
  ['no XOFF after an XOFF, however many bytes were sent in between', ['xoffs', 1], 'xoff', ['xoffs', 1], 'xoff!'],
  [
    'an XON after an XOFF at once, and another XOFF after as many bytes again',
    ['xoffs', 1],
    'xoff',
    'xon',
    ['xoffs', 1],
    'xoff',
  ],
  ['no XON after a byte too little', ['xons', 1, -1], 'xon!'],
  ['as many advisory XONs in a row as the bytes allow, and not one more', ['xons', 3], 'xon', 'xon', 'xon', 'xon!'],
  [
    'as many XOFFs, each answered by an XON, as the bytes allow, and not one more',
    ['xoffs', 3],
    'xoff',
    'xon',
    'xoff',
    'xon',
    'xoff',
    'xon',
    'xoff!',
  ],
]

/** More of our own. */
const MORE: typeof CASES = [
  ['no XOFF for bytes that another XOFF was for', ['xoffs', 2, -1], 'xoff', 'xon', 'xoff!'],
  ['both for the same bytes', ['xoffs', 1], ['xons', 1], 'xon', 'xoff', 'xon'],
]

const PARAMETERS: readonly XonXoffParameters[] = [
  { xoffClient: 2, xoffExit: 4, xonRate: 8, xonChangePct: 1, xonEwmaCount: 1 },
  { xoffClient: 8, xoffExit: 4, xonRate: 2, xonChangePct: 1, xonEwmaCount: 1 },
  DEFAULT_XON_XOFF,
]

describe('XonXoffLimits', () => {
  for (const [name, ...steps] of [...CASES, ...MORE]) {
    it(`lets pass ${name}`, () => {
      for (const parameters of PARAMETERS) {
        const limits = new XonXoffLimits(parameters)
        for (const step of steps) {
          if (typeof step !== 'string') {
            const [unit, times, plus = 0] = step
            limits.sent((unit === 'xoffs' ? perXoff(parameters) : perXon(parameters)) * times + plus)
            continue
          }
          const receive = (): unknown =>
            step.startsWith('xoff') ? limits.receive(XOFF, encodeXoff()) : limits.receive(XON, encodeXon(5))
          if (!step.endsWith('!')) expect(receive()).to.equal(step === 'xon' ? 5 : 0)
          else expect(thrownBy(receive)).to.be.instanceOf(TorError).and.to.include({ code: 'CIRCUIT_PROTOCOL' })
        }
      }
    })
  }

  it('takes what is malformed for a violation, and keeps why', () => {
    for (const [command, body] of [
      [XOFF, []],
      [XOFF, [1]],
      [XOFF, [0, 0]],
      [XON, []],
      [XON, [1, 0, 0, 0, 1]],
      [XON, [0, 0, 0, 1]],
    ] as const) {
      const limits = new XonXoffLimits(DEFAULT_XON_XOFF)
      limits.sent(10_000_000)
      const error = thrownBy(() => limits.receive(command, Uint8Array.from(body))) as TorError
      expect(error).to.include({ code: 'CIRCUIT_PROTOCOL' })
      expect(error.cause).to.be.instanceOf(TorError).and.to.include({ code: 'CELL_MALFORMED' })
    }
  })

  it('never hits a far end that keeps the whole of the proposal, whatever it gets', () => {
    const event = fc.record({
      bytes: fc.integer({ min: 1, max: 600_000 }),
      drains: fc.boolean(),
      advises: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.constantFrom(...PARAMETERS), fc.array(event, { maxLength: 60 }), (parameters, events) => {
        const limits = new XonXoffLimits(parameters)
        let queue = 0
        let drained = 0
        let stopped = false
        for (const { bytes, drains, advises } of events) {
          limits.sent(bytes)
          queue += bytes
          if (!stopped && queue > parameters.xoffExit * 488) {
            limits.receive(XOFF, encodeXoff())
            stopped = true
          }
          if (!drains) continue
          drained += queue
          queue = 0
          if (stopped) {
            limits.receive(XON, encodeXon(Infinity))
            stopped = false
          } else if (advises && drained >= parameters.xonRate * 498) {
            limits.receive(XON, encodeXon(7))
            drained = 0
          }
        }
      }),
    )
  })
})
