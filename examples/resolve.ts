// prints: ^host\.example is 203\.0\.113\.7 for 60 s, 203\.0\.113\.7 is host\.example$
/** Name lookups through the exit, both ways, with their time to live. */
import { Circuit } from 'tor-streams/circuit'
import { TestNetwork } from 'tor-streams/testing'

const network = await TestNetwork.start({
  resolve: (name) =>
    name.endsWith('.in-addr.arpa')
      ? [{ type: 'hostname', hostname: 'host.example', ttl: 60 }]
      : [{ type: 'ipv4', address: '203.0.113.7', ttl: 60 }],
})
const circuit = Circuit.open(network.path(), { transport: network.transport })

const [address] = await circuit.resolve('host.example')
const [name] = await circuit.resolve('203.0.113.7')

await circuit.close()
await network.close()
if (address?.type !== 'ipv4' || name?.type !== 'hostname') throw new Error('unexpected answers')
console.log(`host.example is ${address.address} for ${address.ttl} s, 203.0.113.7 is ${name.hostname}`)
