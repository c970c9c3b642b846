// prints: ^Deno's fetch says: hello from one\.example$
/**
 * Deno's own fetch through the SOCKS front; it ignores connectors and agents. It gives names to the proxy, and looks none up.
 * `tor.fetch` needs no proxy.
 */
import { listenSocks } from 'tor-streams/node'
import { openEmbedded } from './support/embedded.ts'

/** The part of Deno that is used here, for editors that do not know it. */
declare const Deno: {
  createHttpClient(options: { readonly proxy: { readonly transport: 'socks5'; readonly url: string } }): { close(): void }
}

const { tor, close } = await openEmbedded()
const proxy = await listenSocks({ connect: tor.connect, port: 0 })
const client = Deno.createHttpClient({ proxy: { transport: 'socks5', url: `socks5h://127.0.0.1:${proxy.port}` } })

const response = await fetch('http://one.example/', { client } as RequestInit)
const text = await response.text()

client.close()
await proxy.close()
await close()
console.log(`Deno's fetch says: ${text}`)
