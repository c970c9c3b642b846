// prints: ^axios says: hello from one\.example$
/** axios takes one agent for each protocol. Without `proxy: false` it would obey HTTP_PROXY. */
import axios from 'axios'
import { TorAgent } from 'tor-streams/node'
import { openEmbedded } from './support/embedded.ts'

const { tor, close } = await openEmbedded()
const agent = new TorAgent({ connect: tor.connect })
const client = axios.create({ httpAgent: agent.http, httpsAgent: agent.https, proxy: false })

const { data } = await client.get<string>('http://one.example/')

agent.destroy()
await close()
console.log(`axios says: ${data}`)
