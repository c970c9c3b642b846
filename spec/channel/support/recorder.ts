/** A channel that is open, and circuits on it that write down what they hear. */
import { expect } from 'chai'
import { encodeCell } from '../../../lib/cell/channel/channel-cell.ts'
import { CellCommand } from '../../../lib/cell/commands.ts'
import { Channel } from '../../../lib/channel/channel.ts'
import type { CircuitPort, CircuitReceiver } from '../../../lib/channel/circuit-port.ts'
import type { LinkItem } from '../../../lib/channel/deframer.ts'
import type { TorError } from '../../../lib/base/errors.ts'
import { handshakeBytes, ManualClock, platform, relay, ScriptedLink, ScriptedTransport, settle } from './relay-side.ts'

/** A circuit that writes down what it hears, and can be told to do something on it. */
export class Recorder implements CircuitReceiver {
  readonly heard: string[] = []
  closedWith: TorError | undefined
  port!: CircuitPort
  onRelay: ((bodies: Uint8Array, count: number) => Promise<void> | undefined) | undefined
  on: Record<string, (() => void) | undefined> = {}

  receiveRelay(bodies: Uint8Array, count: number): Promise<void> | undefined {
    this.heard.push(`relay ${Array.from({ length: count }, (_, index) => bodies[index * 509]).join(',')}`)
    return this.onRelay?.(bodies, count)
  }

  receiveCell(command: number, body: Uint8Array): void {
    expect(body.length).to.equal(509)
    this.heard.push(`cell ${command} ${body[0]}`)
    this.on['cell']?.()
  }

  endOfPass(): void {
    this.heard.push('end')
    this.on['end']?.()
  }

  roomAvailable(): void {
    this.heard.push('room')
    this.on['room']?.()
  }

  channelClosed(error: TorError): void {
    this.closedWith = error
    this.heard.push(`closed ${error.code}`)
    this.on['closed']?.()
  }

  /** What the relay sends on this circuit. */
  relay(fill: number): Uint8Array {
    return encodeCell(this.port.circuitId, CellCommand.RELAY, new Uint8Array(509).fill(fill))
  }

  cell(command: number, first: number): Uint8Array {
    return encodeCell(this.port.circuitId, command, Uint8Array.of(first))
  }
}

/** An open channel, and what a spec does with it. */
export interface Opened {
  readonly channel: Channel
  readonly link: ScriptedLink
  readonly clock: ManualClock
  /** Opens a circuit. */
  readonly circuit: () => Recorder
  /** The cells that were sent since the handshake. */
  readonly sent: () => LinkItem[]
}

/** Opens a channel to the recorded relay. */
export async function opened(): Promise<Opened> {
  const link = new ScriptedLink()
  const clock = new ManualClock()
  link.send(handshakeBytes())
  const channel = await Channel.connect(relay, { transport: new ScriptedTransport(link), clock, platform })
  await link.untilWrites(2)
  await settle()
  const circuit = (): Recorder => {
    const recorder = new Recorder()
    recorder.port = channel.openCircuit(recorder)
    return recorder
  }
  return { channel, link, clock, circuit, sent: () => link.cells.slice(2) }
}
