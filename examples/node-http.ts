// prints: ^node:http says: hello from one\.example, node:https says: hello from target\.test$
/** node:http and node:https with an agent whose connections are Tor streams. TLS checks the server's certificate. */
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { TorAgent } from 'tor-streams/node'
import { openEmbedded } from './support/embedded.ts'

const { tor, authority, close } = await openEmbedded()
const agent = new TorAgent({ connect: tor.connect, ca: authority }) // without "ca": the authorities that Node trusts

const plain = await new Promise<IncomingMessage>((resolve, reject) => {
  http.get('http://one.example/', { agent: agent.http }, resolve).on('error', reject)
})
const secure = await new Promise<IncomingMessage>((resolve, reject) => {
  https.get('https://target.test/', { agent: agent.https }, resolve).on('error', reject)
})
const said = [await text(plain), await text(secure)]

agent.destroy()
await close()
console.log(`node:http says: ${said[0]}, node:https says: ${said[1]}`)
