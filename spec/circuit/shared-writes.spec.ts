import { expect } from 'chai'
import { FIXED_CELL_SIZE } from '../../lib/cell/channel/channel-cell.ts'
import { Circuit } from '../../lib/circuit/circuit.ts'
import type { Transport } from '../../lib/platform/links/transport.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import { unlessEngineLacks } from '../support/engines.ts'

/** The same transport, which notes how many cells each write to a link has. */
function noting(transport: Transport, writes: number[]): Transport {
  return {
    async connect(address, options) {
      const link = await transport.connect(address, options)
      const writer = link.writable.getWriter()
      const writable = new WritableStream<Uint8Array>({
        write(bytes) {
          writes.push(bytes.length / FIXED_CELL_SIZE)
          return writer.write(bytes)
        },
        close: () => writer.close(),
        abort: (reason) => writer.abort(reason),
      })
      return { ...link, writable }
    },
  }
}

describe('A circuit', () => {
  // Keystream that is made ahead may last for a part of it only.
  unlessEngineLacks('synchronous cipher').it(
    'sends all that one turn brings about in one write: BEGIN with the first bytes, of every stream',
    async () => {
      const network = await TestNetwork.start({ relays: 3, congestionControl: false })
      const writes: number[] = []
      const circuit = Circuit.open(network.path(3), { transport: noting(network.transport, writes) })
      try {
        await circuit.opened
        writes.length = 0
        const streams = ['one.example:80', 'two.example:80'].map((address) => circuit.connect(address))
        const written = streams.map(({ writable }) => writable.getWriter().write(Uint8Array.of(1, 2, 3)))
        await Promise.all([...written, ...streams.map(({ opened }) => opened)])
        expect(writes).to.deep.equal([4])
      } finally {
        await circuit.close()
        await network.close()
      }
    },
  )
})
