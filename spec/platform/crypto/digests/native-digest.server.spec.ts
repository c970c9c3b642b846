import { builtinModule } from '../../../../lib/platform/runtime/builtin.ts'
import { NativeRunningDigest } from '../../../../lib/platform/crypto/digests/native-digest.ts'
import type { HashModule } from '../../../../lib/platform/crypto/digests/native-digest.ts'
import { describeRunningDigest } from './support/running-digest.ts'

const crypto = builtinModule<HashModule>('node:crypto')
describeRunningDigest('NativeRunningDigest', (seed) => new NativeRunningDigest(crypto, seed))
