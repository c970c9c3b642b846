import { expect } from 'chai'
import { Circuit } from '../../../lib/circuit.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { EndReason } from '../../../lib/cell/reasons.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { pattern, sink, source } from '../../../lib/testing/exit/exits.ts'
import type { TestCircuit } from '../../../lib/testing/relay/test-circuit.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { flowControls } from '../../support/flow-controls.ts'

for (const { kind, options } of flowControls) {
  describe(`A circuit of the library through a test network (${kind})`, () => {
    let network: TestNetwork
    let circuit: Circuit

    beforeEach(async () => {
      network = await TestNetwork.start({ relays: 3 })
      circuit = Circuit.open(network.path(), { transport: network.transport, ...options })
    })

    afterEach(async () => {
      await circuit.close().catch(() => undefined) // some tests break it
      await network.close()
    })

    it('downloads and uploads, every byte right', async () => {
      const target = sink()
      for (const relay of network.relays)
        relay.exit = ({ port }) => (port === 80 ? source({ length: 1_000_000 })({} as never) : target())
      const socket = circuit.connect('destination.test:80')
      expect(new Uint8Array(await new Response(socket.readable).arrayBuffer())).to.deep.equal(pattern(0, 1_000_000))

      const upload = circuit.connect('destination.test:81')
      const writer = upload.writable.getWriter()
      await writer.write(pattern(0, 1_000_000))
      await writer.close()
      await upload.close()
      const exit = network.circuits[0]?.hops[2] as TestCircuit
      await exit.when(() => exit.messages.at(-1)?.command === RelayCommand.END && target.ended === 1)
      expect(target.bytes).to.equal(1_000_000)
      expect([...exit.streams.values()].map(({ endReceived }) => endReceived)).to.deep.equal([
        undefined,
        EndReason.MISC,
      ])
      expect(exit.violation).to.equal(undefined)
    })

    it('breaks with the link', async () => {
      await circuit.opened
      network.circuits[0]?.link.die()
      const error: unknown = await circuit.closed.catch((reason: unknown) => reason)
      expect(error).to.be.instanceOf(TorError)
      expect(error).to.have.property('code', 'LINK_CLOSED')
    })

    it('finds out a middle relay that answers wrongly', async () => {
      const middle = network.relays[1] as TestRelay
      middle.answerCreate = () => 'wrong-auth'
      const error: unknown = await circuit.opened.catch((reason: unknown) => reason)
      expect(error).to.have.property('code', 'CIRCUIT_HANDSHAKE')
    })
  })
}
