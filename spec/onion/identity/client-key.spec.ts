import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { encodeBase64 } from '../../../lib/directory/text/encoding.ts'
import { decodeBase32, encodeBase32 } from '../../../lib/onion/identity/base32.ts'
import { parseClientKey } from '../../../lib/onion/identity/client-key.ts'
import { anyText, fc } from '../../support/seed.ts'

// Arti crates/tor-netdoc/src/doc/hsdesc.rs, TEST_SECKEY_2.
const SECRET = '90f2d60f917f2423f0989ce9979639435a5b01cf7ab3e0a1b900beb892bae443'
const IN_BASE32 = 'SDZNMD4RP4SCH4EYTTUZPFRZINNFWAOPPKZ6BINZAC7LREV24RBQ'
const ADDRESS = 'paozpdhgz2okvc6kgbxvh2bnfsmt4xergrtcl4obkhopyvwxkpjzvoad'

describe('Keys of clients', () => {
  it('are read in each form that C tor has, and as bytes', () => {
    const forms = [
      hexToBytes(SECRET),
      IN_BASE32,
      IN_BASE32.toLowerCase(),
      `descriptor:x25519:${IN_BASE32}`,
      `${ADDRESS}:descriptor:x25519:${IN_BASE32}\n`,
      `x25519:${encodeBase64(hexToBytes(SECRET))}`,
      `x25519:${encodeBase64(hexToBytes(SECRET))}=`,
    ]
    for (const form of forms) expect(bytesToHex(parseClientKey(form)?.secret as Uint8Array)).to.equal(SECRET)
  })

  it('say whose descriptor they open where their text does', () => {
    const key = parseClientKey(`${ADDRESS}:descriptor:x25519:${IN_BASE32}`)
    expect(bytesToHex(key?.identity as Uint8Array)).to.match(/^781d978c/)
    expect(parseClientKey(IN_BASE32)?.identity).to.equal(undefined)
  })

  it('are refused in any other form', () => {
    const forms: (string | Uint8Array)[] = [
      '',
      'a:b:c:d:e',
      'descriptor:',
      'descriptor:x25519',
      `descriptor:rsa:${IN_BASE32}`,
      IN_BASE32.slice(1),
      `${IN_BASE32.slice(0, 51)}R`, // a bit that is left over
      `${ADDRESS.replace('p', 'q')}:descriptor:x25519:${IN_BASE32}`,
      'x25519:AAAA',
      new Uint8Array(31),
    ]
    for (const form of forms) expect(parseClientKey(form), String(form)).to.equal(undefined)
  })

  it('throw at no text at all', () => {
    fc.assert(
      fc.property(anyText(80), (text) => {
        expect(parseClientKey(text)).to.equal(undefined)
      }),
    )
  })
})

describe('Base32', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(decodeBase32(encodeBase32(bytes))).to.deep.equal(bytes)
      }),
    )
  })
})
