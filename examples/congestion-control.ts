// prints: ^the exit said XOFF, the write waited; then XON, and 3000000 bytes had arrived$
/**
 * Under congestion control a stream has no windows: an exit whose destination is slow says XOFF, and writes wait until
 * it says XON.
 */
import { Circuit } from 'tor-streams/circuit'
import { TestNetwork } from 'tor-streams/testing'

let arrived = 0
let wakeUp!: () => void
const asleep = new Promise<void>((resolve) => {
  wakeUp = resolve
})
const slow = new WritableStream<Uint8Array>({
  async write(bytes) {
    await asleep
    arrived += bytes.length
  },
})

const network = await TestNetwork.start({ exit: () => ({ readable: new ReadableStream(), writable: slow }) })
const circuit = Circuit.open(network.path(), { transport: network.transport })
const socket = circuit.connect('slow.example:80')
const { flowControl } = await socket.opened
if (flowControl !== 'congestion-control') throw new Error(`unexpected: ${flowControl}`)

const writer = socket.writable.getWriter()
const writing = writer.write(new Uint8Array(3_000_000))
const stream = [...(network.circuits[0]?.hops[2]?.streams.values() ?? [])][0]
if (stream === undefined) throw new Error('the exit has no stream')
await network.when(() => stream.flow.xoffsSent === 1)
if (writer.desiredSize !== 0) throw new Error('the write should wait')

wakeUp()
await writing
await network.when(() => arrived === 3_000_000)
if (stream.flow.xonsSent === 0) throw new Error('there should have been an XON')

await socket.close()
await circuit.close()
await network.close()
console.log(`the exit said XOFF, the write waited; then XON, and ${arrived} bytes had arrived`)
