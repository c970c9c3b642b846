// prints: ^hello, Tor from 203\.0\.113\.80:7$
/**
 * The shortest way: a network of test relays, a circuit, a stream that echoes. The same file runs in Node, Deno and
 * Bun.
 */
import { Circuit } from 'tor-streams/circuit'
import { TestNetwork, echo } from 'tor-streams/testing'

const network = await TestNetwork.start({ exit: echo() })
const circuit = Circuit.open(network.path(), { transport: network.transport })
const socket = circuit.connect('echo.example:7')

const writer = socket.writable.getWriter()
await writer.write(new TextEncoder().encode('hello, Tor')) // optimistic: it travels right behind the BEGIN
const { value } = await socket.readable.getReader().read()
const { remoteAddress } = await socket.opened

await circuit.close()
await network.close()
console.log(`${new TextDecoder().decode(value)} from ${remoteAddress}`)
