import { expect } from 'chai'
import { warner } from '../../../lib/cli/network/network.ts'
import type { TorClient } from '../../../lib/client/tor-client.ts'
import type { Output } from '../../../lib/cli/terminal/terminal.ts'

describe('The command line: warnings of its client', () => {
  const said: string[] = []
  const stderr: Output = {
    write(data, done) {
      said.push(String(data))
      done?.()
      return true
    },
  }
  const client = (warnings: string[]): Pick<TorClient, 'status'> => ({ status: { warnings } as never })

  beforeEach(() => void said.splice(0))

  it('are told once each, also those that come later', async () => {
    const warnings = ['one']
    const warn = warner(client(warnings), stderr, false)
    await warn()
    warnings.push('two')
    await warn()
    await warn()
    expect(said).to.deep.equal(['tor-streams: one\n', 'tor-streams: two\n'])
  })

  it('are not told where all is to be quiet', async () => {
    await warner(client(['one']), stderr, true)()
    expect(said).to.deep.equal([])
  })
})
