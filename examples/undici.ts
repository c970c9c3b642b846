// prints: ^undici says: hello from one\.example$
/**
 * undici (here version 7, under another name) with a connector. The guard makes the first request wait for proof that
 * it is used.
 */
import { guardedFetch, undiciConnector } from 'tor-streams/node'
import { Agent, fetch } from 'undici7'
import { openEmbedded } from './support/embedded.ts'

const { tor, close } = await openEmbedded()
const connector = undiciConnector({ connect: tor.connect })
const dispatcher = new Agent({ connect: connector })
const torFetch = guardedFetch(fetch, { dispatcher }, connector)

const response = await torFetch('http://one.example/')
const text = await response.text()

await dispatcher.close()
await close()
console.log(`undici says: ${text}`)
