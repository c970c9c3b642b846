// prints: ^the WebSocket echoes: hello, Tor$
/** A WebSocket over Tor: ws takes an agent too. */
import { once } from 'node:events'
import { TorAgent } from 'tor-streams/node'
import { WebSocket, WebSocketServer, type RawData } from 'ws'
import { openEmbedded } from './support/embedded.ts'

const { tor, server, close } = await openEmbedded()
new WebSocketServer({ server }).on('connection', (peer) => peer.on('message', (data) => peer.send(data)))

const agent = new TorAgent({ connect: tor.connect })
const socket = new WebSocket('ws://chat.example/', { agent: agent.http })
await once(socket, 'open')
socket.send('hello, Tor')
const [message] = (await once(socket, 'message')) as [RawData]
socket.close()
await once(socket, 'close')

agent.destroy()
await close()
console.log(`the WebSocket echoes: ${(message as Buffer).toString()}`)
