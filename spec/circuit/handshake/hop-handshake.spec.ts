import { expect } from 'chai'
import { fc } from '../../support/seed.ts'
import { encodeHandshakeExtensions } from '../../../lib/cell/handshake-extensions.ts'
import { Circuit } from '../../../lib/circuit/circuit.ts'
import type { CircuitOptions } from '../../../lib/circuit/circuit-options.ts'
import {
  readCongestionParameters,
  type CongestionControlParameters,
} from '../../../lib/circuit/congestion/parameters.ts'
import type { TorError } from '../../../lib/base/errors.ts'
import type { Relay } from '../../../lib/relay.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { parseProtocols } from '../../../lib/directory/protocols.ts'
import { expectToEcho, CircuitFixture, seenBy } from '../support/circuit-fixture.ts'
import { codeOf, failureOf } from '../../support/failures.ts'

/** The parameters of a network whose SENDMEs come every so many cells. */
const every = (increment: number): CongestionControlParameters =>
  readCongestionParameters(new Map([['cc_sendme_inc', increment]])) as CongestionControlParameters

/** What a relay of tor 0.4.9 speaks, and one of 0.4.8, as far as the handshake is concerned. */
const RECENT = 'Relay=2-6 FlowCtrl=1-2'
const OLDER = 'Relay=2-4 FlowCtrl=1-2'

describe('The handshake with each relay of a path', () => {
  let fixture: CircuitFixture
  /** The handshake types that the relays were asked for, and the messages within ntor-v3, in the order of the path. */
  let types: number[]
  let messages: number[][]

  const relay = (index: number): TestRelay => fixture.network.relays[index] as TestRelay

  /** A path whose relays claim to speak what they are told to, or say nothing about it. */
  const pathOf = (...claims: readonly (string | undefined)[]): Relay[] =>
    claims.map((claim, index) => ({
      ...relay(index).description,
      protocols: claim === undefined ? undefined : parseProtocols(claim),
    }))

  const open = async (path: readonly Relay[], options: CircuitOptions = {}): Promise<Circuit> => {
    const circuit = Circuit.open(path, { channel: fixture.channel, ...options })
    expect(circuit.flowControl, 'before it is open').to.equal(undefined)
    await circuit.opened
    return circuit
  }

  /** Opens a circuit whose exit answers these bytes within its handshake. */
  const failure = async (answer: readonly number[], options: CircuitOptions = {}): Promise<Error> => {
    relay(2).answerMessage = () => Uint8Array.from(answer)
    const circuit = Circuit.open(fixture.network.path(), { channel: fixture.channel, ...options })
    const error = await failureOf(circuit.opened)
    expect(error.code).to.equal('CIRCUIT_HANDSHAKE')
    expect(circuit.flowControl).to.equal(undefined)
    expect(await codeOf(circuit.closed)).to.equal('CIRCUIT_HANDSHAKE')
    return error
  }

  beforeEach(async () => {
    fixture = await CircuitFixture.start({ congestionControl: true })
    types = []
    messages = []
    for (const each of fixture.network.relays) {
      each.answerCreate = ({ handshakeType }) => {
        types.push(handshakeType)
        return 'answer'
      }
      each.answerMessage = (message, usual) => {
        messages.push([...message])
        return usual
      }
    }
  })
  afterEach(() => fixture.close())

  describe('is chosen by what the relay speaks', () => {
    it('ntor-v3 with the last one, which is asked for congestion control, and ntor with those before', async () => {
      const circuit = await open(fixture.network.path())
      expect(types).to.deep.equal([2, 2, 3])
      expect(messages).to.deep.equal([[1, 1, 0]])
      expect(circuit.flowControl).to.equal('congestion-control')
      expect(seenBy(fixture.network, circuit).hops.map(({ flow }) => flow.rules.kind)).to.deep.equal([
        'windows',
        'windows',
        'congestion-control',
      ])
      await expectToEcho(circuit.connect('example.com:80'))
    })

    it('ntor-v3 also with those before which are recent, and nothing is asked of them', async () => {
      const circuit = await open(pathOf(RECENT, RECENT, OLDER))
      expect(types).to.deep.equal([3, 3, 3])
      expect(messages).to.deep.equal([[0], [0], [1, 1, 0]])
      await expectToEcho(circuit.connect('example.com:80'))
    })

    it('ntor with those of which nothing is known', async () => {
      const circuit = await open(pathOf(undefined, undefined, undefined))
      expect(types).to.deep.equal([2, 2, 2])
      expect(circuit.flowControl).to.equal('windows')
      await expectToEcho(circuit.connect('example.com:80'))
    })

    it('each on its own', async () => {
      const circuit = await open(pathOf('Relay=1-4,6 FlowCtrl=1-2', 'Relay=5-6 FlowCtrl=2', 'Relay=2,4-6 FlowCtrl=2'))
      expect(types).to.deep.equal([2, 3, 3])
      expect(circuit.flowControl).to.equal('congestion-control')
      await expectToEcho(circuit.connect('example.com:80'))
    })

    for (const [claim, type] of [
      ['Relay=2-3 FlowCtrl=1-2', 2],
      ['Relay=2-4 FlowCtrl=1', 2],
      ['Relay=2-6', 2],
      ['', 2],
    ] as const) {
      it(`without congestion control where the last one claims "${claim}"`, async () => {
        const circuit = await open(pathOf(OLDER, RECENT, claim))
        expect(types).to.deep.equal([2, 3, type])
        expect(messages.every((message) => message.length === 1)).to.equal(true)
        expect(circuit.flowControl).to.equal('windows')
        expect(circuit.windows).to.deep.equal({ package: 1000, deliver: 1000 })
        await expectToEcho(circuit.connect('example.com:80'))
      })
    }

    it('treats the one relay of a circuit of one hop as the last one', async () => {
      const circuit = await open(pathOf(RECENT))
      expect(messages).to.deep.equal([[1, 1, 0]])
      expect(circuit.flowControl).to.equal('congestion-control')
      const old = await open(pathOf(OLDER))
      expect(old.flowControl).to.equal('congestion-control')
      const off = await open(pathOf(RECENT), { congestionControl: false })
      expect(messages.slice(1)).to.deep.equal([[1, 1, 0], [0]])
      expect(off.flowControl).to.equal('windows')
    })

    it('negotiates nothing by CREATE_FAST', async () => {
      const [server] = fixture.network.path(1)
      const circuit = Circuit.openToDirectory(server as Relay, { channel: fixture.channel })
      await circuit.opened
      expect(types).to.deep.equal([1])
      expect(circuit.flowControl).to.equal('windows')
    })

    it('asks for nothing when congestion control is turned off', async () => {
      const circuit = await open(pathOf(RECENT, OLDER, RECENT), { congestionControl: false })
      expect(types).to.deep.equal([3, 2, 3])
      expect(messages).to.deep.equal([[0], [0]])
      expect(circuit.flowControl).to.equal('windows')
      expect(seenBy(fixture.network, circuit).exit.flow.rules.kind).to.equal('windows')
      await expectToEcho(circuit.connect('example.com:80'))
    })

    it('takes a relay at its word that does not agree', async () => {
      relay(2).congestionControl.enabled = false
      const circuit = await open(fixture.network.path())
      expect(messages).to.deep.equal([[1, 1, 0]])
      expect(circuit.flowControl).to.equal('windows')
      await expectToEcho(circuit.connect('example.com:80'))
    })
  })

  describe('refuses', () => {
    it('congestion control that was not asked for, from the first relay, the second and the last', async () => {
      for (const index of [0, 1, 2]) {
        for (const each of fixture.network.relays) each.answerMessage = undefined
        relay(index).answerMessage = () => Uint8Array.of(1, 2, 1, 31)
        const options = index === 2 ? ({ congestionControl: false } as const) : {}
        const circuit = Circuit.open(pathOf(RECENT, RECENT, RECENT), { channel: fixture.channel, ...options })
        expect(await failureOf(circuit.opened))
          .to.include({ code: 'CIRCUIT_HANDSHAKE' })
          .with.property('message')
          .that.includes('asked for')
      }
    })

    for (const increment of [0, 1, 29, 33, 62, 255]) {
      it(`an increment of ${increment} where the network's is 31`, async () => {
        expect((await failure([1, 2, 1, increment])).message).to.include(`every ${increment} cells`)
      })
    }

    it("an increment of 0 where the network's is 1", async () => {
      await failure([1, 2, 1, 0], { congestionControl: every(1) })
    })

    for (const [what, answer] of [
      ['of no bytes', []],
      ['with a response of no bytes', [1, 2, 0]],
      ['with a response of two bytes', [1, 2, 2, 31, 31]],
      ['with fewer extensions than it says', [2, 2, 1, 31]],
      ['with more extensions than it says', [0, 2, 1, 31]],
      ['that ends within an extension', [1, 2, 9, 31]],
      ['with bytes behind the last extension', [1, 2, 1, 31, 0]],
      ['whose first response is wrong and whose second is right', [2, 2, 1, 99, 2, 1, 31]],
    ] as const) {
      it(`an answer ${what}`, async () => void (await failure(answer)))
    }

    it('any other answer with a typed error, and never hangs', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 20 }), async (answer) => {
          relay(2).answerMessage = () => answer
          const circuit = Circuit.open(fixture.network.path(), { channel: fixture.channel })
          const code = await circuit.opened.then(
            () => 'open',
            ({ code }: TorError) => code,
          )
          expect(code).to.be.oneOf(['open', 'CIRCUIT_HANDSHAKE'])
          await circuit.close().catch(() => undefined) // it may have failed, as above
        }),
        { numRuns: 30 },
      )
    })

    it('nothing about the link: another circuit on it goes on', async () => {
      const other = await open(fixture.network.path())
      await failure([1, 2, 1, 0])
      await expectToEcho(other.connect('example.com:80'))
    })

    it('an answer whose proof is wrong', async () => {
      relay(1).answerCreate = () => 'wrong-auth'
      const circuit = Circuit.open(fixture.network.path(), { channel: fixture.channel })
      expect(await codeOf(circuit.opened)).to.equal('CIRCUIT_HANDSHAKE')
    })
  })

  describe('accepts', () => {
    for (const increment of [30, 31, 32]) {
      it(`an increment of ${increment} where the network's is 31`, async () => {
        relay(2).congestionControl.increment = increment
        const circuit = await open(fixture.network.path())
        expect(circuit.flowControl).to.equal('congestion-control')
        await expectToEcho(circuit.connect('example.com:80'))
      })
    }

    it('the increment of another network', async () => {
      relay(2).congestionControl.increment = 90
      const circuit = await open(fixture.network.path(), { congestionControl: every(91) })
      expect(circuit.flowControl).to.equal('congestion-control')
    })

    it('extensions that it does not know, in any order, and of two responses the first', async () => {
      relay(2).answerMessage = () => Uint8Array.of(4, 200, 2, 1, 2, 2, 1, 31, 2, 1, 99, 7, 0)
      const circuit = await open(fixture.network.path())
      expect(circuit.flowControl).to.equal('congestion-control')
    })

    it('an answer that only has extensions which it does not know', async () => {
      relay(2).congestionControl.enabled = false
      relay(2).answerMessage = () => encodeHandshakeExtensions(new Map([[200, new Uint8Array(100)]]))
      const circuit = await open(fixture.network.path())
      expect(circuit.flowControl).to.equal('windows')
    })
  })

  it('is not begun with congestion control that is neither false nor parameters', () => {
    for (const congestionControl of [true, 'no', 31]) {
      const options = { channel: fixture.channel, congestionControl } as unknown as CircuitOptions
      expect(() => Circuit.open(fixture.network.path(), options)).to.throw(TypeError, 'congestionControl')
    }
  })
})
