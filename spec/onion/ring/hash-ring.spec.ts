import { bytesToHex } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { HashRing, relayIndex, serviceIndex } from '../../../lib/onion/ring/hash-ring.ts'
import { fc } from '../../support/seed.ts'

const PERIOD = { number: 42, minutes: 1440 }
const TIME = { period: PERIOD, sharedRandom: new Uint8Array(32).fill(0x43) }
const KEY = new Uint8Array(32).fill(0x42)

const relays = (count: number): { readonly ed25519Identity: Uint8Array }[] =>
  Array.from({ length: count }, (_, at) => ({ ed25519Identity: new Uint8Array(32).fill(at) }))

describe('The ring of directories', () => {
  // C tor src/test/hs_indexes.py and test_hs_common.c, test_hs_indexes.
  it('has the published indices', () => {
    expect(bytesToHex(serviceIndex(KEY, 1, PERIOD))).to.equal(
      '37e5cbbd56a22823714f18f1623ece5983a0d64c78495a8cfab854245e5f9a8a',
    )
    expect(bytesToHex(relayIndex(KEY, TIME))).to.equal(
      'db475361014a09965e7e5e4d4a25b8f8d4b8f16cb1d8a7e95eed50249cc1a2d5',
    )
  })

  it('gives for each replica the relays that follow its index, wherever those before have left off', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.uint8Array({ minLength: 32, maxLength: 32 }), (count, key) => {
        const members = relays(count)
        const spread = { replicas: 2, perReplica: 3 }
        // The definition, put another way: by how far around the ring each relay is.
        const distance = (relay: (typeof members)[number], replica: number): bigint => {
          const number = (bytes: Uint8Array): bigint => BigInt(`0x${bytesToHex(bytes)}`)
          const size = 2n ** 256n
          const way = number(relayIndex(relay.ed25519Identity, TIME)) - number(serviceIndex(key, replica, PERIOD))
          return ((way % size) + size) % size
        }
        const expected: typeof members = []
        for (let replica = 1; replica <= spread.replicas; replica++) {
          const left = members.filter((relay) => !expected.includes(relay))
          left.sort((a, b) => (distance(a, replica) < distance(b, replica) ? -1 : 1))
          expected.push(...left.slice(0, spread.perReplica))
        }
        expect(new HashRing(members, TIME).responsible(key, spread)).to.deep.equal(expected)
      }),
    )
  })
})
