/**
 * The bytes of a granted stream, both ways, each direction as fast as its slower side.
 *
 * Tor has no half-close (design, "Opening and closing"), so the two directions end differently:
 * - the client ends its side: `writable.close()`, with which a Tor stream goes on until the answer is complete
 * - the far end ends: the client gets what is left, then its connection closes
 * - the far end takes no more: what the client still sends is dropped, and the other direction says how it ends
 * - anything fails: both ends are given up, so that what is cut short never looks complete
 *
 * There is no `pipeTo` here because one cannot be given up while a write of its waits.
 *
 * @module
 */
import { markHandled } from '../base/deferred.ts'
import type { ClientEnd } from './client-end.ts'
import type { ProxySocket } from './connect.ts'
import type { ConnectRequest } from './handshake.ts'

/**
 * Joins the client to the socket that was opened for it. Resolves when the answer is complete or the connection was
 * given up.
 *
 * @param early what the client sent behind its request: it goes out before anything is known of the far end
 */
export async function tunnel(
  client: ClientEnd,
  socket: ProxySocket,
  request: ConnectRequest,
  early: Uint8Array,
): Promise<void> {
  const fromFar = socket.readable.getReader()
  const toFar = (socket.writable as WritableStream<Uint8Array>).getWriter() // no chunk of a connection is shared memory
  const breakOff = (reason: unknown): void => {
    client.giveUp(reason)
    markHandled(toFar.abort(reason))
    markHandled(fromFar.cancel(reason))
    markHandled(socket.close(reason))
  }
  client.reader.closed.catch(breakOff)
  client.writer.closed.catch(breakOff)
  toFar.closed.catch(() => client.dropInput())
  void upload(client.reader, toFar, early)
  const refusal = await socket.opened.then(
    () => undefined,
    (error: unknown) => ({ error }),
  )
  try {
    if (refusal) await client.finish(request.failed(refusal.error))
    else await download(fromFar, client, request.granted)
  } catch (error) {
    breakOff(error)
  } finally {
    markHandled(socket.close())
  }
}

/** Never rejects: whatever fails is told by the `closed` of its reader or writer. */
async function upload(
  fromClient: ReadableStreamDefaultReader<Uint8Array>,
  toFar: WritableStreamDefaultWriter<Uint8Array>,
  early: Uint8Array,
): Promise<void> {
  try {
    if (early.length > 0) await toFar.write(early)
    for (;;) {
      const { done, value } = await fromClient.read()
      if (done) break
      await toFar.write(value)
    }
    await toFar.close()
  } catch {
    // see above
  }
}

async function download(
  fromFar: ReadableStreamDefaultReader<Uint8Array>,
  client: ClientEnd,
  granted: Uint8Array,
): Promise<void> {
  await client.writer.write(granted)
  for (;;) {
    const { done, value } = await fromFar.read()
    if (done) break
    await client.writer.write(value)
  }
  await client.finish()
}
