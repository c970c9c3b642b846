/**
 * A process of its own that uses a storage of files: `file-storage.worker.js WHAT DIRECTORY NAME`.
 *
 * - `fill`: writes entries of one repeated byte for ever, and says `+` after each.
 * - `add`: adds 30 words of its own to those in the entry, and ends.
 *
 * @module
 */
import process from 'node:process'
import { FileStorage } from '../../../lib/platform/storage/file-storage.ts'

const SIZE = 200_000
const WORDS = 30

const [what, directory = '', own = ''] = process.argv.slice(2)
const storage = new FileStorage(directory)

if (what === 'fill') {
  for (let round = 1; ; round = (round % 250) + 1) {
    await storage.write('guards', new Uint8Array(SIZE).fill(round))
    process.stdout.write('+')
  }
}
for (let word = 0; word < WORDS; word++) {
  await storage.update('guards', (bytes) => {
    const words = bytes === undefined ? [] : new TextDecoder().decode(bytes).split(' ')
    return new TextEncoder().encode([...words, `${own}${word}`].join(' '))
  })
}
