import { expect } from 'chai'
import type { Circuit } from '../../../lib/circuit/circuit.ts'
import { VisitorCircuits } from '../../../lib/onion/service/visit/visitor-circuits.ts'
import { deferred } from '../../../lib/base/waiting/deferred.ts'

describe('The circuits of visitors', function () {
  it('are closed with the service, those that come later too', async () => {
    const closed: string[] = []
    const circuit = (name: string): Circuit => {
      const end = deferred<void>()
      const close = async (): Promise<void> => {
        closed.push(name)
        end.resolve()
      }
      return { closed: end.promise, close } as unknown as Circuit
    }
    const circuits = new VisitorCircuits()
    circuits.add(circuit('first'))
    await circuits.close()
    circuits.add(circuit('late'))
    await Promise.resolve()
    expect([closed, circuits.size]).to.deep.equal([['first', 'late'], 0])
  })
})
