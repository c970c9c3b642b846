// prints: ^got says: hello from one\.example$
/** got takes both agents as one. */
import got from 'got'
import { TorAgent } from 'tor-streams/node'
import { openEmbedded } from './support/embedded.ts'

const { tor, close } = await openEmbedded()
const agent = new TorAgent({ connect: tor.connect })

const text = await got('http://one.example/', { agent }).text()

agent.destroy()
await close()
console.log(`got says: ${text}`)
