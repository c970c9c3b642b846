import { expect } from 'chai'
import { anyText, fc } from '../support/seed.ts'
import { decodeBegin, encodeBegin } from '../../lib/cell/relay/begin.ts'
import { parseSocketAddress, type AnySocketAddress } from '../../lib/stream/socket-address.ts'
import { TorStream } from '../../lib/stream/tor-stream.ts'
import { ipv4Text, ipv6Text, port, thrownBy } from '../cell/support/bytes.ts'
import { FakeCircuit } from './support/fake-circuit.ts'

const GOOD: readonly (readonly [AnySocketAddress, hostname: string, port: number])[] = [
  ['example.com:80', 'example.com', 80],
  ['EXAMPLE.com:1', 'example.com', 1],
  ['example.com.:65535', 'example.com.', 65_535],
  ['_service.example.com:443', '_service.example.com', 443],
  ['xn--bcher-kva.example:443', 'xn--bcher-kva.example', 443],
  ['localhost:80', 'localhost', 80],
  ['192.0.2.1:80', '192.0.2.1', 80],
  ['[2001:db8::1]:443', '2001:db8::1', 443],
  ['[2001:DB8:0:0:0:0:0:1]:443', '2001:db8::1', 443],
  ['[::ffff:192.0.2.1]:443', '::ffff:192.0.2.1', 443],
  [{ hostname: 'Example.COM', port: 80 }, 'example.com', 80],
  [{ hostname: '2001:db8::1', port: 80 }, '2001:db8::1', 80],
  [{ hostname: '[2001:db8::1]', port: 80 }, '2001:db8::1', 80],
  [{ hostname: '192.0.2.1', port: 80 }, '192.0.2.1', 80],
  [{ hostname: `${'a'.repeat(251)}.com`, port: 80 }, `${'a'.repeat(251)}.com`, 80],
]

/** Addresses that are refused: what is given, and the kind of error. */
const BAD: readonly (readonly [unknown, typeof TypeError | typeof RangeError])[] = [
  // What is no address at all.
  ...[undefined, null, 80, true, 80n, Symbol('address'), () => 'example.com:80', {}, [], Object.create(null)].map(
    (value) => [value, TypeError] as const,
  ),
  ['', TypeError],
  ['example.com', TypeError],
  [':80', TypeError],
  ['80', TypeError],
  // Ports in text.
  ['example.com:', TypeError],
  ['example.com:http', TypeError],
  ['example.com:-1', TypeError],
  ['example.com:+80', TypeError],
  ['example.com:8 0', TypeError],
  ['example.com:80 ', TypeError],
  ['example.com:0x50', TypeError],
  ['example.com:80.0', TypeError],
  ['example.com:٨٠', TypeError],
  ['example.com:1000000', TypeError],
  ['example.com:0', RangeError],
  ['example.com:65536', RangeError],
  // Ports apart.
  [{ hostname: 'example.com' }, TypeError],
  [{ hostname: 'example.com', port: '80' }, TypeError],
  [{ hostname: 'example.com', port: null }, TypeError],
  [{ hostname: 'example.com', port: 0 }, RangeError],
  [{ hostname: 'example.com', port: -1 }, RangeError],
  [{ hostname: 'example.com', port: 80.5 }, RangeError],
  [{ hostname: 'example.com', port: NaN }, RangeError],
  [{ hostname: 'example.com', port: Infinity }, RangeError],
  [{ hostname: 'example.com', port: 65_536 }, RangeError],
  // Hosts.
  [{ port: 80 }, TypeError],
  [{ hostname: '', port: 80 }, TypeError],
  [{ hostname: 5, port: 80 }, TypeError],
  [{ hostname: null, port: 80 }, TypeError],
  [{ hostname: Object.create(null) as unknown, port: 80 }, TypeError],
  [{ hostname: ['example.com'], port: 80 }, TypeError],
  [{ hostname: 'example.com:80', port: 80 }, TypeError],
  ['exam ple.com:80', TypeError],
  [' example.com:80', TypeError],
  ['example.com\0.invalid:80', TypeError],
  ['example.com\n:80', TypeError],
  ['bücher.example:80', TypeError],
  ['example.com\u3002invalid:80', TypeError],
  ['http://example.com:80', TypeError],
  ['user@example.com:80', TypeError],
  ['example.com/path:80', TypeError],
  ['example.com?:80', TypeError],
  ['example.com#:80', TypeError],
  ['example.com\\:80', TypeError],
  [`${'a'.repeat(252)}.com:80`, TypeError],
  // What looks like an IPv4 address and is none.
  ['192.0.2:80', TypeError],
  ['192.0.2.256:80', TypeError],
  ['192.0.2.1.:80', TypeError],
  ['192.0.02.1:80', TypeError],
  ['3221225985:80', TypeError],
  // What looks like an IPv6 address and is none, or lacks its brackets.
  ['2001:db8::1:80', TypeError],
  ['::1:80', TypeError],
  ['[2001:db8::1]', TypeError],
  ['[2001:db8::1]80', TypeError],
  ['[2001:db8:::1]:80', TypeError],
  ['[2001:db8::1%eth0]:80', TypeError],
  ['[192.0.2.1]:80', TypeError],
  ['[example.com]:80', TypeError],
  ['[]:80', TypeError],
  ['[[::1]]:80', TypeError],
  ['[::1:80', TypeError],
  ['::1]:80', TypeError],
]

const named = (address: unknown): string =>
  (typeof address === 'object' && address !== null ? JSON.stringify(address) : String(address)).slice(0, 60)

describe('parseSocketAddress', () => {
  for (const [address, hostname, port] of GOOD) {
    it(`reads ${named(address)}`, () => {
      expect(parseSocketAddress(address)).to.deep.equal({ hostname, port })
    })
  }

  it('gives what a BEGIN can carry, for any IP address and port', () => {
    fc.assert(
      fc.property(fc.oneof(ipv4Text, ipv6Text), port, (hostname, port) => {
        const address = hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`
        expect(parseSocketAddress(address)).to.deep.equal({ hostname, port })
        expect(parseSocketAddress({ hostname, port })).to.deep.equal({ hostname, port })
        expect(decodeBegin(encodeBegin({ host: hostname, port, flags: 0 }))).to.deep.equal({
          host: hostname,
          port,
          flags: 0,
        })
      }),
    )
  })

  it('takes any text for an address that a BEGIN can carry, or refuses it with an error that names the argument', () => {
    const text = fc.oneof(
      anyText(10),
      fc.string({ unit: fc.constantFrom(...'a.:[]1Z@/ \0'), maxLength: 20 }).map((host) => `${host}:80`),
    )
    fc.assert(
      fc.property(text, (address) => {
        try {
          const { hostname, port } = parseSocketAddress(address)
          expect(decodeBegin(encodeBegin({ host: hostname, port, flags: 0 }))).to.deep.equal({
            host: hostname,
            port,
            flags: 0,
          })
        } catch (error) {
          expect(error instanceof TypeError || error instanceof RangeError, String(error)).to.equal(true)
          expect((error as Error).message).to.match(/^Cannot .*\baddress\b/)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('TorStream with a bad address', () => {
  for (const [address, kind] of BAD) {
    it(`throws a ${kind.name} that names the address, and sends nothing, for ${named(address)}`, () => {
      const circuit = new FakeCircuit()
      const error = thrownBy(() => new TorStream(circuit, address as AnySocketAddress)) as Error
      expect(error).to.be.instanceOf(kind)
      expect(error.name).to.equal(kind.name)
      expect(error.message).to.match(/^Cannot .*\baddress\b/)
      expect(circuit.sent).to.deep.equal([])
      expect(circuit.endpoints.size).to.equal(0)
    })
  }
})
