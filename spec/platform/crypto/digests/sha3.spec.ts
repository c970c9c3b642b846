import { Sha3RunningDigest } from '../../../../lib/platform/crypto/digests/sha3.ts'
import { currentPlatform } from '../../../../lib/platform/current.ts'
import { describeRunningDigest, SHA3 } from './support/running-digest.ts'

describeRunningDigest('Sha3RunningDigest', (seed) => new Sha3RunningDigest(seed), SHA3)

describe("The platform's SHA3-256", () => {
  let make: Awaited<ReturnType<ReturnType<typeof currentPlatform>['sha3Digest']>>

  before(async () => {
    make = await currentPlatform().sha3Digest()
  })

  describeRunningDigest('what it makes', (seed) => make(seed), SHA3)
})
