/**
 * A Cloudflare Worker that fetches through Tor: `GET /?url=https://example.com/`. Its transport is TCP by
 * `cloudflare:sockets`; TLS to the relays is the library's.
 *
 * What a Worker has opened ends with the request that it was opened for, so each request has a client of its own here.
 * To keep one, and with it its guards, put it into a Durable Object and give it a `storage` there.
 *
 * @module
 */
import { connect } from 'cloudflare:sockets'
import { MemoryStorage, TorClient, type Transport } from '../../lib/index.ts'
import { networkOf, type Variables } from './network.ts'

/** TCP of Workers. */
const transport: Transport = {
  async connect({ hostname, port }, { signal }) {
    const socket = connect({ hostname, port })
    signal.addEventListener('abort', () => void socket.close().catch(() => undefined)) // it was not open yet
    await socket.opened
    return { readable: socket.readable, writable: socket.writable }
  },
}

// eslint-disable-next-line no-restricted-syntax -- what a Worker is, by its runtime
export default {
  async fetch(request: Request, variables: Variables): Promise<Response> {
    const url = new URL(request.url).searchParams.get('url')
    if (url === null || !URL.canParse(url)) return new Response('Ask for /?url=https://example.com/\n', { status: 400 })
    const tor = await TorClient.open({ network: networkOf(variables), transport, storage: new MemoryStorage() })
    const response = await tor.fetch(url)
    const [body, rest] = [new TransformStream<Uint8Array, Uint8Array>(), response.body ?? new Blob([]).stream()]
    // The client lives as long as the body is on its way.
    void rest
      .pipeTo(body.writable)
      .catch(() => undefined) // the reader of the response sees it
      .finally(() => tor.close())
    return new Response(body.readable, { status: response.status })
  },
}
