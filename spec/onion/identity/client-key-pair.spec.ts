import { expect } from 'chai'
import { OnionClientKeyPair } from '../../../lib/onion/identity/client-key-pair.ts'
import { parseClientPublicKey } from '../../../lib/onion/identity/client-public-key.ts'
import { parseClientKey } from '../../../lib/onion/identity/client-key.ts'

const SERVICE = '25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid.onion'

describe('OnionClientKeyPair', () => {
  it("is written to C tor's files on either side, and read from them", () => {
    const pair = OnionClientKeyPair.generate()
    expect(pair.toAuth()).to.match(/^descriptor:x25519:[A-Z2-7]{52}\n$/)
    expect(parseClientPublicKey(pair.toAuth())).to.deep.equal(pair.publicKey)
    const file = pair.toAuthPrivate(SERVICE)
    expect(file).to.match(/^[a-z2-7]{56}:descriptor:x25519:[A-Z2-7]{52}\n$/)
    expect(parseClientKey(file)?.secret).to.deep.equal(pair.secret)
    expect(OnionClientKeyPair.fromTor(file).publicKey).to.deep.equal(pair.publicKey)
  })

  it('writes a key for nothing but an address', () => {
    const pair = OnionClientKeyPair.generate()
    for (const hostname of ['example.com', SERVICE.slice(1), `www.${SERVICE}`, ''])
      expect(() => pair.toAuthPrivate(hostname)).to.throw(TypeError)
    expect(() => OnionClientKeyPair.fromTor('nothing')).to.throw(TypeError)
  })
})
