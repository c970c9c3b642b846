// prints: ^hello, Tor; host\.example is 203\.0\.113\.7$
/** Open, connect, resolve, close: a client that learns of its network from the directory authorities. */
import { MemoryStorage, TorClient } from 'tor-streams'
import { TestNetwork, echo } from 'tor-streams/testing'

const network = await TestNetwork.start({
  authorities: 3,
  exit: echo(),
  resolve: () => [{ type: 'ipv4', address: '203.0.113.7', ttl: 60 }],
})
const tor = await TorClient.open({
  network: network.config,
  transport: network.transport,
  storage: new MemoryStorage(),
})

const socket = tor.connect('echo.example:80')
await socket.writable.getWriter().write(new TextEncoder().encode('hello, Tor'))
const { value } = await socket.readable.getReader().read()
const [address] = await tor.resolve('host.example')

await tor.close()
await network.close()
if (address?.type !== 'ipv4') throw new Error('unexpected answer')
console.log(`${new TextDecoder().decode(value)}; host.example is ${address.address}`)
