import { Sha3RunningDigest } from '../../../../lib/platform/crypto/digests/sha3.ts'
import { currentPlatform } from '../../../../lib/platform/current.ts'
import { describeRunningDigest, SHA3 } from './support/running-digest.ts'

describeRunningDigest('Sha3RunningDigest', (seed) => new Sha3RunningDigest(seed), SHA3)

describe("The platform's SHA3-256", () => {
  describeRunningDigest('what it makes', (seed) => currentPlatform().sha3Digest(seed), SHA3)
})
