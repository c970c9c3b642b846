import { expect } from 'chai'
import { builtinModule } from '../../../../lib/platform/runtime/builtin.ts'
import { NativeKeystream } from '../../../../lib/platform/crypto/ciphers/native-ctr.ts'
import type { CipherModule } from '../../../../lib/platform/crypto/ciphers/native-ctr.ts'
import { describeKeystream } from './support/keystream.ts'

const crypto = builtinModule<CipherModule>('node:crypto')
describeKeystream('NativeKeystream', (key) => new NativeKeystream(crypto, key))

describe('NativeKeystream', () => {
  it('never needs a refill', async () => {
    const keystream = new NativeKeystream(crypto, new Uint8Array(16))
    expect(keystream.available).to.equal(Infinity)
    await keystream.refill()
    expect(keystream.available).to.equal(Infinity)
  })

  it('leaves its input as it is and returns a plain Uint8Array', () => {
    const data = new Uint8Array(1000)
    const result = new NativeKeystream(crypto, new Uint8Array(16)).apply(data)
    expect(data).to.deep.equal(new Uint8Array(1000))
    expect(Object.getPrototypeOf(result)).to.equal(Uint8Array.prototype)
  })
})
