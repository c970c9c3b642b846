import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { ROOT } from '../../../../scripts/files.js'
import { congestionControlPicture } from './picture.ts'

describe('docs/congestion-control.svg', () => {
  it('shows what the present code does: node scripts/run.js spec/circuit/congestion/simulation/plot.ts', function () {
    expect(readFileSync(join(ROOT, 'docs', 'congestion-control.svg'), 'utf8') === congestionControlPicture()).to.equal(
      true,
    )
  })
})
