import { expect } from 'chai'
import { derBitString, derSequence } from '../../lib/testing/identity/der.ts'
import { DerReader, DerTag } from '../../lib/crypto/der.ts'
import { SocketError } from '../../lib/base/errors.ts'
import { verifyServerCertificate } from '../../lib/webpki/server-certificate.ts'
import type { TrustAnchor } from '../../lib/webpki/trust-anchor.ts'
import { tries } from '../support/engines.ts'
import { seed } from '../support/seed.ts'
import { anchorOf, authority, authorityExtensions, HOST, NOW, root, server } from './support/certificates.ts'
import { serverExtensions, type Issued } from './support/certificates.ts'
import { directory, dns, email, ip, nameConstraints } from './support/extensions.ts'

/** Numbers from 0 up to below `limit` that the seed alone decides (mulberry32). */
function numbersFrom(start: number): (limit: number) => number {
  let state = start
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

const TAGS = Uint8Array.of(
  0x01,
  0x02,
  0x03,
  0x04,
  0x05,
  0x06,
  0x0c,
  0x13,
  0x17,
  0x18,
  0x30,
  0x31,
  0x80,
  0x81,
  0x82,
  0x87,
  0xa0,
  0xa1,
  0xa4,
)

/** Some bytes with one change: a bit, a byte, some more or fewer of them. */
function mutate(bytes: Uint8Array<ArrayBuffer>, number: (limit: number) => number): Uint8Array<ArrayBuffer> {
  const at = number(bytes.length)
  const changed = bytes.slice()
  const replaced = (length: number, ...by: readonly number[]): Uint8Array<ArrayBuffer> =>
    Uint8Array.from([...bytes.subarray(0, at), ...by, ...bytes.subarray(at + length)])
  switch (number(8)) {
    case 0:
    case 1:
      changed[at] = (bytes[at] as number) ^ (1 << number(8))
      return changed
    case 2:
      changed[at] = number(256)
      return changed
    case 3:
      changed[at] = TAGS[number(TAGS.length)] as number
      return changed
    case 4:
      changed[at] = ((bytes[at] as number) + (number(2) === 0 ? 1 : 255)) & 0xff // a length, one more or less
      return changed
    case 5:
      return replaced(1 + number(8))
    case 6:
      return replaced(0, ...Array.from({ length: 1 + number(4) }, () => number(256)))
    default:
      return replaced(0, ...bytes.subarray(at, at + 1 + number(40)))
  }
}

const isSame = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index])

/** True when accepted, false when refused for its certificates; any other error is let through. */
async function isAccepted(chain: readonly Uint8Array[], anchor: TrustAnchor): Promise<boolean> {
  try {
    await verifyServerCertificate(chain, { serverName: HOST, now: NOW, anchors: [anchor] })
    return true
  } catch (error) {
    expect(error).to.be.instanceOf(SocketError)
    expect((error as SocketError).code).to.equal('TLS_CERTIFICATE')
    return false
  }
}

describe('Mutated certificates', function () {
  let top: Issued
  let middle: Issued
  let own: Issued
  let anchor: TrustAnchor

  before(async () => {
    top = await root()
    const constraints = nameConstraints({ permitted: [dns('test')], excluded: [ip(10, 0, 0, 0, 255, 0, 0, 0)] })
    middle = await authority(top, 'middle', { extensions: [...authorityExtensions(3), constraints] })
    const names = [dns(HOST), dns('*.b.test'), ip(127, 0, 0, 1), email('a@b.test'), directory(top.subject)]
    own = await server(middle, { extensions: serverExtensions(...names) })
    anchor = anchorOf(top)
    expect(await isAccepted([own.der, middle.der], anchor)).to.equal(true)
  })

  it(`are never accepted: ${tries(16_000)} of them`, async () => {
    const number = numbersFrom(seed)
    let changed = 0
    while (changed < tries(16_000)) {
      const [original, chain] =
        number(2) === 0
          ? [own.der, (der: Uint8Array) => [der, middle.der]]
          : [middle.der, (der: Uint8Array) => [own.der, der]]
      const der = mutate(original, number)
      if (isSame(der, original)) continue
      changed += 1
      if (await isAccepted(chain(der), anchor)) expect.fail(Array.from(der).join())
    }
  })

  it(`are accepted or refused, and nothing else, when their issuer has signed what they say: ${tries(4_000)} of them`, async () => {
    const number = numbersFrom(seed + 1)
    let accepted = 0
    let refused = 0
    const signedOf = (der: Uint8Array): Uint8Array<ArrayBuffer> =>
      new DerReader(der, 'certificate').sequence().whole(DerTag.SEQUENCE).slice()
    const [ownSigned, middleSigned] = [signedOf(own.der), signedOf(middle.der)]
    for (let count = 0; count < tries(4_000); count += 1) {
      const isOwn = number(2) === 0
      const issuer = isOwn ? middle : top
      const signed = mutate(isOwn ? ownSigned : middleSigned, number)
      const der = derSequence(signed, issuer.key.algorithm, derBitString(await issuer.key.sign(signed)))
      if (await isAccepted(isOwn ? [der, middle.der] : [own.der, der], anchor)) accepted += 1
      else refused += 1
    }
    expect(accepted).to.be.greaterThan(tries(100)) // another serial number, another time, another key of the server
    expect(refused).to.be.greaterThan(tries(2_000))
  })
})
