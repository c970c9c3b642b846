// prints: ^[a-z2-7]{55}d\.onion says: hello, visitor of /there$
/** An onion service, and a client that visits it. */
import { MemoryStorage, TorClient } from 'tor-streams'
import { serveFetch } from 'tor-streams/onion'
import { TestNetwork } from 'tor-streams/testing'

// A network in this process stands for Tor here; without these options it is the public one.
const network = await TestNetwork.start({ relays: 8, authorities: 1 })
const options = { network: network.config, transport: network.transport }

await using tor = await TorClient.open({ ...options, storage: new MemoryStorage() })
await using service = await tor.serve({ ports: [80] })
serveFetch(service, (request) => new Response(`hello, visitor of ${new URL(request.url).pathname}`))
await service.published

await using visitor = await TorClient.open({ ...options, storage: new MemoryStorage() })
const response = await visitor.fetch(`http://${service.hostname}/there`)
console.log(`${service.hostname} says: ${await response.text()}`)
await visitor.close()
await tor.close()
await network.close()
