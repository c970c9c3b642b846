import { expect } from 'chai'
import { BODY_SIZE } from '../../lib/cell/body-size.ts'
import type { CircuitPort } from '../../lib/channel/circuit-port.ts'
import { fixedWindows } from '../../lib/circuit/flow-control.ts'
import { HOP_KEY_SIZE, HopCrypto } from '../../lib/circuit/onion/hop-crypto.ts'
import { Hop } from '../../lib/circuit/hop.ts'
import { Outbox } from '../../lib/circuit/outbox.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import type { Platform } from '../../lib/platform/platform.ts'
import type { Keystream } from '../../lib/platform/crypto/keystream.ts'
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
    )
    send()
    await turn()
    expect(sent).to.deep.equal([1, 1, 1, 1, 1])
  })
})
