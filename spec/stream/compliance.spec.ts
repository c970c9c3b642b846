/**
 * What every stream pair must do, whichever Web Streams it is made of: one suite, run over native byte streams, native
 * default streams, and a ponyfill that the caller brings.
 */
import { describeByob } from './compliance/byob.ts'
import { describePiping } from './compliance/piping.ts'
import { describeReading } from './compliance/reading.ts'
import { describeWriting } from './compliance/writing.ts'
import { VARIANTS } from './support/stream-fixture.ts'

for (const variant of VARIANTS) {
  describe(`a stream pair of ${variant.name}`, () => {
    describeReading(variant)
    describeByob(variant)
    describeWriting(variant)
    describePiping(variant)
  })
}
