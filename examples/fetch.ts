// prints: ^hello from one\.example; 5 requests went over 2 streams$
/**
 * `tor.fetch` is the fetch that you know: Request and Response, streams, signals, redirects. Connections are used
 * again.
 */
import { openEmbedded } from './support/embedded.ts'

const { tor, server, close } = await openEmbedded() // on the public network: await TorClient.open()
let streams = 0
server.on('connection', () => {
  streams += 1
})
const { fetch } = tor

const response = await fetch('http://one.example/', { signal: AbortSignal.timeout(60_000) })
const greeting = await response.text()

for (const path of ['a', 'b', 'c']) await (await fetch(`http://one.example/${path}`)).text()

// Another token, another circuit: nobody can tell that both are the same user's.
await (await fetch('http://one.example/', { isolation: 'alice' })).text()

await close()
console.log(`${greeting}; 5 requests went over ${streams} streams`)
