// prints: ^5000000 bytes from the disk, checksums equal$
/**
 * A file as the body of a request. It is read only as fast as Tor's flow control lets it leave: it is never in memory
 * as a whole.
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { openEmbedded } from './support/embedded.ts'

const { tor, close } = await openEmbedded((request, response) => {
  const hash = createHash('sha256')
  request.on('data', (bytes: Buffer) => hash.update(bytes)).on('end', () => response.end(hash.digest('hex')))
})
const folder = await mkdtemp(join(tmpdir(), 'tor-streams-'))
const file = join(folder, 'upload.bin')
const bytes = new Uint8Array(5_000_000).map((_, index) => index * 31)
await writeFile(file, bytes)

const response = await tor.fetch('http://upload.example/', {
  method: 'PUT',
  body: Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array<ArrayBuffer>>,
  duplex: 'half',
  headers: { 'content-type': 'application/octet-stream' },
})
const answered = await response.text()

await rm(folder, { recursive: true })
await close()
if (answered !== createHash('sha256').update(bytes).digest('hex')) throw new Error('the checksums differ')
console.log(`${bytes.length} bytes from the disk, checksums equal`)
