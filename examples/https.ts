// prints: ^hello from target\.test, over http/1\.1 in TLS in Tor$
/** TLS to the far end, with certificates checked: on a stream, and by fetch. Here with an authority of our own. */
import { createFetch } from 'tor-streams/fetch'
import { openEmbedded } from './support/embedded.ts'

const { tor, authority, close } = await openEmbedded()
const tls = { ca: authority } // without it: the authorities that the runtime trusts

const socket = tor.connect('target.test:443', { secureTransport: 'on', alpn: ['http/1.1'], tls })
const { alpn } = await socket.opened // after the TLS handshake
await socket.close()

// tor.fetch trusts whom the runtime trusts; a fetch of one's own may trust others.
const fetch = createFetch({ connect: (address, options) => tor.connect(address, { ...options, tls }) })
const text = await (await fetch('https://target.test/')).text()

fetch.close()
await close()
console.log(`${text}, over ${alpn} in TLS in Tor`)
