// prints: ^alice and bob leave by 2 circuits, alice again by her own$
/** Streams with different isolation tokens never share a circuit. */
import { MemoryStorage, TorClient } from 'tor-streams'
import { TestNetwork, echo } from 'tor-streams/testing'

/** Which circuit asked an exit for this host, as the network saw it. */
const circuitOf = new Map<string, unknown>()

const network = await TestNetwork.start({ authorities: 3, exit: echo() })
for (const relay of network.relays) {
  relay.onMessage = (circuit, { command, body }) => {
    const BEGIN = 1
    if (command === BEGIN) circuitOf.set(new TextDecoder().decode(body).split(':')[0] ?? '', circuit)
    return 'handle'
  }
}
const tor = await TorClient.open({
  network: network.config,
  transport: network.transport,
  storage: new MemoryStorage(),
})

await tor.connect('one.example:80', { isolation: 'alice' }).opened
await tor.connect('two.example:80', { isolation: 'bob' }).opened
await tor.connect('three.example:80', { isolation: 'alice' }).opened

await tor.close()
await network.close()
const [one, two, three] = ['one.example', 'two.example', 'three.example'].map((host) => circuitOf.get(host))
if (one === undefined || one === two || one !== three) throw new Error('the streams are not isolated')
console.log(`alice and bob leave by ${new Set([one, two]).size} circuits, alice again by her own`)
