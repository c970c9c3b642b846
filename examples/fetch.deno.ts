// prints: ^Deno says: hello from one\.example$
/**
 * A fetch in Deno. Its own `fetch` is not for Tor: it ignores connectors and agents, and with a SOCKS proxy it still
 * asks the system's resolver for every name. `tor.fetch` gives the name to the exit and to nobody else.
 */
import { openEmbedded } from './support/embedded.ts'

const { tor, close } = await openEmbedded()

const response = await tor.fetch('http://one.example/')
const text = await response.text()

await close()
console.log(`Deno says: ${text}`)
