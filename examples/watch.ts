// prints: ^\w+\d -> \w+\d -> \w+\d, 1\d\d\d\d\d\d bytes; another circuit after a new identity: true$
/** What a client shows of its circuits and streams, and a new identity. */
import { MemoryStorage, TorClient } from 'tor-streams'
import { TestNetwork, source } from 'tor-streams/testing'

const network = await TestNetwork.start({ authorities: 3, exit: source({ length: 1_000_000 }) })
const tor = await TorClient.open({
  network: network.config,
  transport: network.transport,
  storage: new MemoryStorage(),
})

const socket = tor.connect('example.com:80')
await socket.opened
const first = socket.circuit
const path = first?.path.map(({ nickname }) => nickname).join(' -> ')

const reading = new Response(socket.readable).arrayBuffer()
let bytes = 0
for await (const event of tor.watch({ interval: 10 })) {
  // The last that is told of a stream is that it is closed.
  if (event.type === 'stream') bytes = event.stream.bytesIn
  if (event.type === 'stream' && event.stream.state === 'closed') break
}
await reading

tor.newIdentity()
const next = tor.connect('example.com:80')
await next.opened
const isAnother = first !== undefined && next.circuit?.id !== first.id

await tor.close()
await network.close()
console.log(`${path}, ${bytes} bytes; another circuit after a new identity: ${isAnother}`)
