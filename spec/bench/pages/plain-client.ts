/**
 * A download by a WebSocket and nothing else, in a page.
 *
 * @module
 */

/** Resolves when so many bytes have come from this URL. */
export function receivePlain(url: string, length: number): Promise<void> {
  let left = length
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url)
    socket.binaryType = 'arraybuffer'
    socket.onerror = () => reject(new Error('the WebSocket failed'))
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      left -= data.byteLength
      if (left === 0) resolve()
    }
  })
}
