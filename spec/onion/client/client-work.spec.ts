import { expect } from 'chai'
import { ClientWork } from '../../../lib/onion/client/client-work.ts'
import type { OnionDescriptor } from '../../../lib/onion/descriptor/descriptor.ts'
import { decodeProof } from '../../../lib/onion/pow/puzzle.ts'
import { failureOf } from '../../support/failures.ts'

describe('The work that a client does for onion services', function () {
  it('is done for one that asks for little while another asks for minutes of it', async () => {
    const work = new ClientWork({ maxEffort: Infinity, solve: undefined })
    const descriptor = (byte: number, effort: number): OnionDescriptor =>
      ({
        proofOfWork: { seed: new Uint8Array(32).fill(byte), effort, expires: Infinity },
        identity: { key: new Uint8Array(32).fill(byte) },
      }) as unknown as OnionDescriptor
    const end = new AbortController()
    let isDone = false
    const greedy = work.proofFor(descriptor(1, 0xffff_ffff), 0, end.signal).finally(() => (isDone = true))
    const modest = await work.proofFor(descriptor(2, 1), 0, new AbortController().signal)
    expect([decodeProof(modest as Uint8Array)?.effort, isDone]).to.deep.equal([1, false])
    end.abort()
    expect((await failureOf(greedy)).code).to.equal('ABORTED')
  })
})
