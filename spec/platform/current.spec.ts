import { expect } from 'chai'
import { currentPlatform } from '../../lib/platform/current.ts'
import { webPlatform } from '../../lib/platform/web.ts'
import { describeKeystream } from './crypto/ciphers/support/keystream.ts'
import { describeRunningDigest } from './crypto/digests/support/running-digest.ts'

describe('currentPlatform', () => {
  const runtime = globalThis as { Deno?: unknown; Bun?: unknown; process?: { versions?: { node?: string } } }

  it('is the one of this runtime, and always the same', () => {
    const expected =
      runtime.Deno !== undefined
        ? 'deno'
        : runtime.Bun !== undefined
          ? 'bun'
          : runtime.process?.versions?.node !== undefined
            ? 'node'
            : 'web'
    expect(currentPlatform().name).to.equal(expected)
    expect(currentPlatform()).to.equal(currentPlatform())
  })

  it('brings a transport except on the web', () => {
    expect(currentPlatform().transport === undefined).to.equal(currentPlatform().name === 'web')
    expect(webPlatform().transport).to.equal(undefined)
  })
})

describeKeystream('the current platform', (key) => currentPlatform().keystream(key))
describeRunningDigest('the current platform', (seed) => currentPlatform().runningDigest(seed))
