import { expect } from 'chai'
import { BODY_SIZE } from '../../lib/cell/body-size.ts'
import { HEADER_SIZE } from '../../lib/cell/relay/relay-cell-v0.ts'
import type { CircuitPort } from '../../lib/channel/circuit-port.ts'
import { fixedWindows } from '../../lib/circuit/flow-control.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../../lib/circuit/onion/hop-crypto.ts'
import { Hop } from '../../lib/circuit/hop.ts'
import { Outbox } from '../../lib/circuit/outbox.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import type { Platform } from '../../lib/platform/platform.ts'
import type { Keystream } from '../../lib/platform/crypto/ciphers/keystream.ts'
import { turn } from '../support/turn.ts'

const RESOLVE = 11

/** A keystream that has nothing ahead, and makes exactly what is asked for. */
class ScarceKeystream implements Keystream {
  available = 0

  refill(bytes: number): Promise<void> {
    this.available = Math.max(this.available, bytes)
    return Promise.resolve()
  }

  apply(data: Uint8Array): Uint8Array {
    this.available -= data.length
    return data
  }
}

describe('An outbox that waits for keystream', () => {
  it('also sends a batch that comes the moment after the last one that waited', async () => {
    const platform = Object.create(currentPlatform(), { keystream: { value: () => new ScarceKeystream() } }) as Platform
    const crypto = new HopCrypto(new Uint8Array(HOP_KEY_SIZE), platform)
    const hop = new Hop(0, crypto, () => 0, fixedWindows())
    const sent: number[] = []
    const send = (): void => {
      outbox.add(hop, RESOLVE, 1, new Uint8Array(0))
      outbox.flush()
    }
    const port = {
      room: 100,
      taken: 0,
      sendRelay: (_: number, bodies: Uint8Array) => {
        sent.push(bodies.length / BODY_SIZE)
        // As a link does that has room again.
        if (sent.length < 5) queueMicrotask(send)
      },
    } as unknown as CircuitPort
    const outbox = new Outbox(
      port,
      [crypto],
      () => undefined,
      (reason) => expect.fail(String(reason)),
      () => expect.fail('too many answers'),
    )
    send()
    await turn()
    expect(sent).to.deep.equal([1, 1, 1, 1, 1])
  })
})

/** A keystream that changes nothing. */
class NoKeystream extends ScarceKeystream {
  override available = Infinity
}

describe('Outboxes of several circuits', () => {
  it('hand on each what it was given, whole, however they take turns within a turn', async () => {
    const platform = Object.create(currentPlatform(), { keystream: { value: () => new NoKeystream() } }) as Platform
    const sent: string[][] = []
    const outboxOf = (name: string): { add(): void; flush(): void } => {
      const crypto = new HopCrypto(new Uint8Array(HOP_KEY_SIZE), platform)
      const hop = new Hop(0, crypto, () => 0, fixedWindows())
      let count = 0
      const port = {
        room: 1000,
        taken: 0,
        sendRelay: (_: number, bodies: Uint8Array, cells: number) => {
          sent.push(
            Array.from({ length: cells }, (_, cell) => {
              const [id, length] = [3, 9].map((at) =>
                new DataView(bodies.buffer, bodies.byteOffset).getUint16(cell * BODY_SIZE + at),
              )
              const body = bodies.subarray(
                cell * BODY_SIZE + HEADER_SIZE,
                cell * BODY_SIZE + HEADER_SIZE + (length as number),
              )
              // Behind the message come four zero bytes, whatever the buffer held before.
              const padding = bodies.subarray(cell * BODY_SIZE + HEADER_SIZE + (length as number)).subarray(0, 4)
              return `${id}${new TextDecoder().decode(body)}${padding.join('')}`
            }),
          )
        },
      } as unknown as CircuitPort
      const outbox = new Outbox(
        port,
        [crypto],
        () => undefined,
        (reason) => expect.fail(String(reason)),
        () => expect.fail('too many answers'),
      )
      return {
        add: () => {
          count += 1
          outbox.add(hop, RESOLVE, count, new TextEncoder().encode(name.repeat(count)))
        },
        flush: () => outbox.flush(),
      }
    }
    const [a, b, c] = ['a', 'b', 'c'].map(outboxOf) as [
      ReturnType<typeof outboxOf>,
      ReturnType<typeof outboxOf>,
      ReturnType<typeof outboxOf>,
    ]
    a.add()
    b.add()
    a.add()
    a.flush()
    b.add()
    c.add()
    a.add()
    b.flush()
    c.add()
    await turn()
    expect(sent).to.deep.equal([['1a0000', '2aa0000'], ['1b0000', '2bb0000'], ['3aaa0000'], ['1c0000', '2cc0000']])
  })
})
