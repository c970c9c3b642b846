import { sha512 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { expect } from 'chai'
import { concat } from 'uint8arrays/concat'
import { blindedIdentity, blindingFactor, blindPublicKey } from '../../../lib/onion/identity/key-blinding.ts'

// C tor src/test/test_hs_common.c, test_blinding_basics; Arti crates/tor-hscrypto/src/pk.rs, key_blinding_testvec.
const IDENTITY = hexToBytes('833990b085c1a688c1d4c8b1f6b56afaf5a2eca674449e1d704f83765ccb7bc6')
const PERIOD = { number: 1234, minutes: 1440 }

// C tor src/test/ed25519_vectors.inc: ED25519_PUBLIC_KEYS, ED25519_BLINDING_PARAMS, ED25519_BLINDED_PUBLIC_KEYS. They are
// of a time at which the factor was a SHA-512 of the parameter.
const BLINDED: readonly (readonly [key: string, param: string, blinded: string])[] = [
  [
    'c2247870536a192d142d056abefca68d6193158e7c1a59c1654c954eccaff894',
    '54a513898b471d1d448a2f3c55c1de2c0ef718c447b04497eeb999ed32027823',
    '722d6da6348e618967ef782e71061e27163a8b35f21856475d9d2023f65b6495',
  ],
  [
    '1519a3b15816a1aafab0b213892026ebf5c0dc232c58b21088d88cb90e9b940d',
    '831e9b5325b5d31b7ae6197e9c7a7baf2ec361e08248bce055908971047a2347',
    '1dffa0586da6cbfcff2024eedf4fc6c818242d9a82dbbe635d6da1b975a1160d',
  ],
  [
    '081faa81992e360ea22c06af1aba096e7a73f1c665bc8b3e4e531c46455fd1dd',
    'ac78a1d46faf3bfbbdc5af5f053dc6dc9023ed78236bec1760dadfd0b2603760',
    '5ed81f98fed5a6acda4ea6da2c34fab0ab359d950c510c256473f1f33ff438b4',
  ],
  [
    '73cfa1189a723aad7966137cbffa35140bb40d7e16eae4c40b79b5f0360dd65a',
    'f9c84dc0ac31571507993df94da1b3d28684a12ad14e67d0a068aba5c53019fc',
    '6e6f92a54fb282120c46d9603df41135f025bc1f58f283809d04be96aeb04040',
  ],
  [
    '66c1a77104d86461b6f98f73acf3cd229c80624495d2d74d6fda1e940080a96b',
    'b1fe79d1dec9bc108df69f6612c72812755751f21ecc5af99663b30be8b9081f',
    'cda236f28edc4c7e02d18007b8dab49d669265b0f7aefb1824d7cc8e73a2cd63',
  ],
  [
    'd21c294db0e64cb2d8976625786ede1d9754186ae8197a64d72f68c792eecc19',
    '81f1512b63ab5fb5c1711a4ec83d379c420574aedffa8c3368e1c3989a3a0084',
    '367b03b17b67ca7329b89a520bdab91782402a41cd67264e34b5541a4b3f875b',
  ],
  [
    'c4d58b4cf85a348ff3d410dd936fa460c4f18da962c01b1963792b9dcc8a6ea6',
    '97f45142597c473a4b0e9a12d64561133ad9e1155fe5a9807fe6af8a93557818',
    '8d486b03ac4e3b486b7a1d563706c7fdac75aee789a7cf6f22789eedeff61a31',
  ],
  [
    '95126f14d86494020665face03f2d42ee2b312a85bc729903eb17522954a1c4a',
    '3f44f6a5a92cde816635dfc12ade70539871078d2ff097278be2a555c9859cd0',
    '9f297ff0aa2ceda91c5ab1b6446f12533d145940de6d850dc323417afde0cb78',
  ],
]

describe('Key blinding', () => {
  it('gives the published factor, blinded key and subcredential', () => {
    expect(bytesToHex(blindingFactor(IDENTITY, PERIOD))).to.equal(
      // Arti has it before it is clamped: 379e…2287.
      '309e50db31fee6775abd0af6fb7c371e060308f4f847db09fe4cfe13af602247',
    )
    const { key, subcredential } = blindedIdentity(IDENTITY, PERIOD)
    expect(bytesToHex(key)).to.equal('3a50bf210e8f9ee955ae0014f7a6917fb65ebf098a86305abb508d1a7291b6d5')
    expect(bytesToHex(subcredential)).to.equal('635d55907816e8d76398a675a50b1c2f3e36b42a5ca77ba3a0441285161ae07d')
  })

  for (const [key, param, blinded] of BLINDED) {
    it(`blinds the published key ${key.slice(0, 8)}`, () => {
      const factor = sha512(concat([new TextEncoder().encode('Derive temporary signing key'), hexToBytes(param)]))
      factor[0] = (factor[0] as number) & 248
      factor[31] = ((factor[31] as number) & 63) | 64
      expect(bytesToHex(blindPublicKey(hexToBytes(key), factor.subarray(0, 32)))).to.equal(blinded)
    })
  }

  it('gives another key in another period', () => {
    const other = blindedIdentity(IDENTITY, { ...PERIOD, number: 1235 })
    expect(other.key).to.not.deep.equal(blindedIdentity(IDENTITY, PERIOD).key)
  })
})
