/**
 * The bytes of a granted stream, both ways, each direction as fast as its slower side.
 *
 * Tor has no half-close (design, "Opening and closing"), so the two directions end differently:
 * - the client ends its side: as in C tor (`connection_edge_reached_eof`) the stream ends at once, after what the client
 *   sent. A client that has left says no more than one that waits for its answer, a stream that nobody needs costs
 *   memory and descriptors at every relay, and a relay sees what it sees of C tor
 * - the client ends its side, and may be half-open: `writable.close()`, with which a Tor stream goes on until the answer
 *   is complete
 * - the far end ends: the client gets what is left, then its connection closes
 * - the far end takes no more: what the client still sends is dropped, and the other direction says how it ends
 * - anything fails: both ends are given up, so that what is cut short never looks complete
 *
 * There is no `pipeTo` here because one cannot be given up while a write of its waits, and as two ports need no streams.
 *
 * @module
 */
import { markHandled } from '../base/waiting/deferred.ts'
import { SocketError } from '../base/errors.ts'
import type { Why } from '../base/why.ts'
import { bytePortOf, type BytePort } from '../base/streams/byte-port.ts'
import type { ClientEnd } from './client-end.ts'
import type { ProxySocket } from './connect.ts'
import type { ConnectRequest, RequestBody } from './handshake.ts'

/**
 * Joins the client to the socket that was opened for it. Resolves when the answer is complete or the connection was
 * given up.
 *
 * @param early what the client sent behind its request: it goes out before anything is known of the far end
 * @param allowHalfOpen the client may end its side and wait for the answer
 */
export async function tunnel(
  client: ClientEnd,
  socket: ProxySocket,
  request: ConnectRequest,
  early: Uint8Array,
  allowHalfOpen: boolean,
): Promise<void> {
  const far = bytePortOf(socket)
  let isBroken = false
  const breakOff = (why: Why | undefined): void => {
    if (why === undefined || isBroken) return
    isBroken = true
    const reason = why()
    client.giveUp(reason)
    far.abort(reason)
    far.cancel(reason)
    markHandled(socket.close(reason))
  }
  void client.port.readClosed.then(breakOff)
  void client.port.writeClosed.then(breakOff)
  void far.writeClosed.then(() => client.dropInput())
  void upload(client.port, far, early, request.body, () => {
    if (allowHalfOpen || !client.hasLeft) return markHandled(far.end())
    const reason = new SocketError('CLOSED', 'the client has left')
    markHandled(socket.close(reason)) // first: it seals what the client sent
    breakOff(() => reason)
  })
  const refusal = await socket.opened.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  try {
    if (refusal) await client.finish(request.failed(refusal.error))
    else await download(far, client, request.granted)
  } catch (reason) {
    breakOff(() => reason)
  } finally {
    markHandled(socket.close())
  }
}

/**
 * Never rejects: whatever fails is told by the `readClosed` or `writeClosed` of its port.
 *
 * @param ended called when all that the client sent is written
 */
async function upload(
  client: BytePort,
  far: BytePort,
  early: Uint8Array,
  body: RequestBody | undefined,
  ended: () => void,
): Promise<void> {
  try {
    if (early.length > 0) await far.write(early)
    for (;;) {
      const bytes = await client.read()
      if (bytes === undefined) break
      const part = body ? partOf(body, bytes, far) : bytes
      if (part.length > 0) await far.write(part)
    }
    ended()
  } catch {
    // see above
  }
}

/** What of these bytes belongs to the request; where they are none of it, nothing more is written. */
function partOf(body: RequestBody, bytes: Uint8Array, far: BytePort): Uint8Array {
  try {
    return body.take(bytes)
  } catch (error) {
    far.abort(error)
    throw error
  }
}

async function download(far: BytePort, client: ClientEnd, granted: Uint8Array): Promise<void> {
  if (granted.length > 0) await client.port.write(granted)
  for (;;) {
    const bytes = await far.read()
    if (bytes === undefined) break
    await client.port.write(bytes)
  }
  await client.finish()
}
