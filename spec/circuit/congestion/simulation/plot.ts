/**
 * Draws docs/congestion-control.svg anew:
 *
 *     node scripts/run.js spec/circuit/congestion/simulation/plot.ts
 *
 * @module
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../../../../scripts/files.js'
import { congestionControlPicture } from './picture.ts'

writeFileSync(join(ROOT, 'docs', 'congestion-control.svg'), congestionControlPicture())
