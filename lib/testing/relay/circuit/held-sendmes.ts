/**
 * The SENDMEs of a circuit at one relay that are due but held back, because a knob of the relay says so.
 *
 * @module
 */
import { RelayCommand } from '../../../cell/commands.ts'
import { encodeSendme } from '../../../cell/relay/sendme.ts'
import type { CircuitFlow } from './circuit-flow.ts'
import type { TestStream } from '../../exit/exit-stream.ts'
import type { OutgoingMessage } from './messages.ts'

/** How many SENDMEs of each kind are due but held back. */
export interface WithheldSendmes {
  /** For the circuit. */
  readonly circuit: number
  /** For its streams, all together. */
  readonly stream: number
}

/** The account of them. Those of the circuit stand in its own account. */
export class HeldSendmes {
  readonly #flow: CircuitFlow
  /** The streams whose SENDMEs are held back, the oldest first. */
  readonly #streams: TestStream[] = []

  constructor(flow: CircuitFlow) {
    this.#flow = flow
  }

  /** How many there are. */
  get counts(): WithheldSendmes {
    return { circuit: this.#flow.withheld.length, stream: this.#streams.length }
  }

  /** Holds back one of a stream. */
  hold(stream: TestStream): void {
    stream.flow.sendmesWithheld += 1
    this.#streams.push(stream)
  }

  /**
   * Takes out exactly `count` of them, the oldest first, with the tags that they would have had.
   *
   * @throws RangeError when fewer are held back
   */
  release(kind: 'circuit' | 'stream', count: number): OutgoingMessage[] {
    const held = this.counts[kind]
    if (!(count >= 0 && count <= held))
      throw new RangeError(`Cannot release "count" SENDMEs as ${held} are withheld: ${count}`)
    if (kind === 'circuit') {
      return this.#flow.withheld
        .splice(0, count)
        .map((tag) => ({ command: RelayCommand.SENDME, body: encodeSendme(tag) }))
    }
    return this.#streams.splice(0, count).map((stream) => {
      stream.flow.sendmesWithheld -= 1
      return { command: RelayCommand.SENDME, streamId: stream.id }
    })
  }
}
