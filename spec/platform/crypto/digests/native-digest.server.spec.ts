import { builtinModule } from '../../../../lib/platform/runtime/builtin.ts'
import { NativeRunningDigest } from '../../../../lib/platform/crypto/digests/native-digest.ts'
import type { HashModule } from '../../../../lib/platform/crypto/digests/native-digest.ts'
import { describeRunningDigest, SHA3 } from './support/running-digest.ts'

const crypto = builtinModule<HashModule>('node:crypto')
describeRunningDigest('NativeRunningDigest', (seed) => new NativeRunningDigest(crypto, seed))
describeRunningDigest(
  'NativeRunningDigest of SHA3-256',
  (seed) => new NativeRunningDigest(crypto, seed, 'sha3-256'),
  SHA3,
)
