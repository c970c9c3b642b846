// prints: ^Bun's fetch says: hello from target\.test$
/**
 * Bun's own fetch through the HTTP CONNECT front; it knows no SOCKS and ignores connectors. It makes a CONNECT for
 * `https:` only. `tor.fetch` needs no proxy.
 */
import { listenSocks } from 'tor-streams/node'
import { openEmbedded } from './support/embedded.ts'

const { tor, authority, close } = await openEmbedded()
const proxy = await listenSocks({ connect: tor.connect, port: 0, http: true })

const response = await fetch('https://target.test/', {
  proxy: `http://127.0.0.1:${proxy.port}`,
  tls: { ca: authority },
} as RequestInit)
const text = await response.text()

await proxy.close()
await close()
console.log(`Bun's fetch says: ${text}`)
