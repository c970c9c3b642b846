import { expect } from 'chai'
import { encodeBegin } from '../../lib/cell/begin.ts'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { TestNetwork } from '../../lib/testing.ts'
import { MinimalClient } from './minimal-client.ts'

describe('smoke', () => {
  it('works', async () => {
    const network = await TestNetwork.start()
    const client = await MinimalClient.build(network)
    await client.message({ command: RelayCommand.BEGIN, streamId: 5, body: encodeBegin({ host: 'example.com', port: 80, flags: 0 }) })
    await client.message({ command: RelayCommand.DATA, streamId: 5, body: new Uint8Array([1, 2, 3]) })
    await client.answer(RelayCommand.DATA, 5)
    console.log(client.messages.map((m) => [m.hop, m.command, m.streamId, m.body.length].join()))
    await network.close()
    expect(1).to.equal(1)
  })
})
