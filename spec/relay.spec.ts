import { expect } from 'chai'
import { checkRelay, type Relay } from '../lib/relay.ts'

const good: Relay = {
  addresses: [
    { hostname: '127.0.0.1', port: 9001 },
    { hostname: '::1', port: 9001 },
  ],
  rsaIdentity: new Uint8Array(20),
  ed25519Identity: new Uint8Array(32),
  ntorOnionKey: new Uint8Array(32),
}

describe('A relay that a caller gives', () => {
  it('passes when it has addresses, both identities and an onion key', () => {
    expect(() => checkRelay(good, 'path[0]')).not.to.throw()
  })

  const bad: readonly (readonly [what: string, relay: unknown, error: ErrorConstructor, names: string])[] = [
    ['nothing', undefined, TypeError, 'path[0]'],
    ['null', null, TypeError, 'path[0]'],
    ['no addresses', { ...good, addresses: [] }, TypeError, 'addresses'],
    ['addresses that are no list', { ...good, addresses: '127.0.0.1:9001' }, TypeError, 'addresses'],
    [
      'a host name for an address',
      { ...good, addresses: [{ hostname: 'example.com', port: 1 }] },
      TypeError,
      'addresses',
    ],
    ['port 0', { ...good, addresses: [{ hostname: '127.0.0.1', port: 0 }] }, RangeError, 'port'],
    ['port 65536', { ...good, addresses: [{ hostname: '127.0.0.1', port: 65_536 }] }, RangeError, 'port'],
    ['an RSA identity of 32 bytes', { ...good, rsaIdentity: new Uint8Array(32) }, TypeError, 'rsaIdentity'],
    ['a fingerprint in text', { ...good, rsaIdentity: 'AA'.repeat(20) }, TypeError, 'rsaIdentity'],
    ['no Ed25519 identity', { ...good, ed25519Identity: undefined }, TypeError, 'ed25519Identity'],
    ['an exit policy that is a text', { ...good, exitPolicyIPv6: 'accept 80' }, TypeError, 'exitPolicyIPv6'],
    ['a short onion key', { ...good, ntorOnionKey: new Uint8Array(31) }, TypeError, 'ntorOnionKey'],
  ]
  for (const [what, relay, error, names] of bad) {
    it(`is refused with ${what}`, () => {
      expect(() => checkRelay(relay as Relay, 'path[0]')).to.throw(error, names)
    })
  }
})
