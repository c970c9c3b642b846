import { expect } from 'chai'
import { MemoryStorage } from '../../../lib/platform/storage/storage.ts'

describe('MemoryStorage', () => {
  it('gives back what was written last, and nothing after it was removed', async () => {
    const storage = new MemoryStorage()
    expect(await storage.read('guards')).to.equal(undefined)
    await storage.remove('guards')
    await storage.write('guards', new Uint8Array([1]))
    await storage.write('guards', new Uint8Array([2, 3]))
    await storage.write('consensus', new Uint8Array(0))
    expect(await storage.read('guards')).to.deep.equal(new Uint8Array([2, 3]))
    expect(await storage.read('consensus')).to.deep.equal(new Uint8Array(0))
    await storage.remove('guards')
    expect(await storage.read('guards')).to.equal(undefined)
  })

  it('keeps copies: nobody changes what is in it from outside', async () => {
    const storage = new MemoryStorage()
    const bytes = new Uint8Array([1, 2, 3])
    await storage.write('guards', bytes)
    bytes.fill(0)
    const read = await storage.read('guards')
    expect(read).to.deep.equal(new Uint8Array([1, 2, 3]))
    read?.fill(9)
    expect(await storage.read('guards')).to.deep.equal(new Uint8Array([1, 2, 3]))
  })

  it('shares nothing with another', async () => {
    const storage = new MemoryStorage()
    await storage.write('guards', new Uint8Array([1]))
    expect(await new MemoryStorage().read('guards')).to.equal(undefined)
  })
})
