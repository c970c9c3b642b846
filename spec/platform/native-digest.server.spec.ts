import { builtinModule } from '../../lib/platform/builtin.ts'
import { NativeRunningDigest } from '../../lib/platform/native-digest.ts'
import type { HashModule } from '../../lib/platform/native-digest.ts'
import { describeRunningDigest } from './running-digest.ts'

const crypto = builtinModule<HashModule>('node:crypto')
describeRunningDigest('NativeRunningDigest', (seed) => new NativeRunningDigest(crypto, seed))
