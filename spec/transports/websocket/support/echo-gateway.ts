/**
 * A gateway as anybody could have it: a WebSocket to any port of this machine, which is named in the path.
 *
 * @module
 */
import http from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'

/** A gateway that runs. */
export interface EchoGateway {
  readonly port: number
  /** The WebSockets that it has. */
  readonly sockets: Set<WebSocket>
  stop(): Promise<void>
}

/** Starts one on 127.0.0.1. It answers when TCP is connected, and refuses where that fails. */
export async function startEchoGateway(): Promise<EchoGateway> {
  const server = http.createServer()
  const upgrades = new WebSocketServer({ noServer: true })
  const sockets = new Set<WebSocket>()
  server.on('upgrade', (request, socket, head) => {
    const port = Number(/:(\d+)$/.exec(request.url ?? '')?.[1] ?? 0)
    const tcp = connect({ port, host: '127.0.0.1' })
    tcp.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'))
    tcp.on('connect', () => upgrades.handleUpgrade(request, socket, head, (opened) => forward(opened, tcp)))
  })

  function forward(socket: WebSocket, tcp: Socket): void {
    sockets.add(socket)
    socket.on('message', (data: Buffer) => {
      if (tcp.write(data)) return
      socket.pause()
      tcp.once('drain', () => socket.resume())
    })
    tcp.on('data', (bytes) => {
      tcp.pause()
      socket.send(bytes, () => tcp.resume())
    })
    tcp.on('end', () => socket.close(1000))
    tcp.on('error', () => socket.close(1011))
    socket.on('error', () => tcp.destroy())
    socket.on('close', () => {
      sockets.delete(socket)
      tcp.end()
    })
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    sockets,
    async stop() {
      for (const socket of sockets) socket.terminate()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
