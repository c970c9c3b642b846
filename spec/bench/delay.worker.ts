/** A process that stands before relays and holds back whatever passes, in each direction, as a long way would. */
import { createServer, connect as connectTcp, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import { serve } from './worker.ts'

/**
 * What it is told to do: to listen before each of `ports`, and pass on after `delay` milliseconds. It answers with its
 * own ports.
 */
export interface DelayOrder {
  readonly ports: readonly number[]
  readonly delay: number
}

/**
 * One direction of a connection. Everything leaves in the order and with the spacing in which it came; nothing is
 * limited but by the receiver, who stops the sender by not reading.
 */
function passOn(from: Socket, to: Socket, delay: number): void {
  const onTheWay: { readonly bytes: Buffer; readonly due: number }[] = []
  let timer: NodeJS.Timeout | undefined
  let full = false
  const deliver = (): void => {
    timer = undefined
    const now = performance.now()
    for (let first = onTheWay[0]; first !== undefined && !full; first = onTheWay[0]) {
      if (first.due > now) {
        timer = setTimeout(deliver, first.due - now)
        return
      }
      onTheWay.shift()
      if (first.bytes.length === 0) to.end()
      else if (!to.write(first.bytes)) {
        full = true
        from.pause()
        to.once('drain', () => {
          full = false
          from.resume()
          deliver()
        })
      }
    }
  }
  const enter = (bytes: Buffer): void => {
    onTheWay.push({ bytes, due: performance.now() + delay })
    if (timer === undefined && !full) deliver()
  }
  from.on('data', enter)
  from.on('end', () => enter(Buffer.alloc(0)))
  from.on('error', () => to.destroy())
  from.on('close', () => {
    if (!from.readableEnded) to.destroy()
  })
}

async function standBefore(port: number, delay: number): Promise<number> {
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (incoming) => {
    const outgoing = connectTcp({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true })
    passOn(incoming, outgoing, delay)
    passOn(outgoing, incoming, delay)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

serve(({ ports, delay }: DelayOrder) => Promise.all(ports.map((port) => standBefore(port, delay))))
