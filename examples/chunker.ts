// prints: ^498 498 4$
/** The chunker by itself: bytes of any size in, pieces that each fit one RELAY_DATA cell out. */
import { RelayDataChunker } from 'tor-streams/stream'

const reader = new Blob(['a'.repeat(1000)]).stream().pipeThrough(new RelayDataChunker()).getReader()
const sizes: number[] = []
for (let piece = await reader.read(); !piece.done; piece = await reader.read()) sizes.push(piece.value.length)
console.log(sizes.join(' '))
