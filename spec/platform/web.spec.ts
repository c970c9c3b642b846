import { expect } from 'chai'
import { TorClient } from '../../lib/client/tor-client.ts'
import { webPlatform } from '../../lib/platform/web.ts'
import { torCodeOf } from '../support/failures.ts'

describe('A page that is no secure context', () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'crypto') as PropertyDescriptor

  afterEach(() => Object.defineProperty(globalThis, 'crypto', before))

  for (const [what, crypto] of [
    ['no crypto.subtle', {}],
    ['no crypto', undefined],
  ] as const) {
    it(`is told before anything else what to change, where there is ${what}`, async () => {
      Object.defineProperty(globalThis, 'crypto', { value: crypto, configurable: true })
      const platform = webPlatform()
      const opening = TorClient.open({ platform, transport: { connect: () => expect.fail('it is not dialled') } })
      opening.catch(() => undefined) // looked at below
      expect(await torCodeOf(opening)).to.equal('CLIENT_UNSUPPORTED')
      expect(platform.obstacle?.()).to.match(/crypto\.subtle.*serve the page over https:/)
    })
  }

  it('has nothing against one that is', () => {
    expect(webPlatform().obstacle?.()).to.equal(undefined)
  })
})
