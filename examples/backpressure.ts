// prints: ^500 cells left, then the write waited; one SENDME let 50 more through$
/**
 * A write waits exactly while there is no credit: the exit withholds its SENDMEs, then gives a single one. This is with
 * fixed windows; congestion-control.ts shows the same without.
 */
import { Circuit } from 'tor-streams/circuit'
import { TestNetwork, sink } from 'tor-streams/testing'

const network = await TestNetwork.start({ exit: sink() })
const exit = network.relays[2]
if (exit === undefined) throw new Error('the network has no third relay')
exit.withhold.streamSendmes = true

const circuit = Circuit.open(network.path(), { transport: network.transport, congestionControl: false })
const socket = circuit.connect('sink.example:9')
await socket.opened

const writer = socket.writable.getWriter()
const waiting = writer.write(new Uint8Array(1_000_000)).catch(() => 'cut off by close()')
const onCircuit = exit.circuits[0]
if (onCircuit === undefined) throw new Error('the exit has no circuit')

await exit.when(() => onCircuit.flow.dataReceived === 500 && onCircuit.withheld.stream === 10)
const before = { cells: onCircuit.flow.dataReceived, desiredSize: writer.desiredSize, window: socket.windows.package }
if (before.desiredSize !== 0 || before.window !== 0) throw new Error('the write should wait')

onCircuit.releaseSendmes('stream', 1)
await exit.when(() => onCircuit.flow.dataReceived === 550)

await socket.close()
await waiting
await circuit.close()
await network.close()
console.log(`${before.cells} cells left, then the write waited; one SENDME let 50 more through`)
