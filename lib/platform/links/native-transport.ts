/**
 * The transports of Node, Deno and Bun, loaded when a link is first dialled: what they are made of is nothing for a web page.
 *
 * @module
 */
import type { LinkTransport } from './transport.ts'

/** That of Node and Bun: node:tls over its own connection. */
export const nativeTransport: LinkTransport = {
  connect: async (address, options) => {
    const { tlsTransport } = await import('./node-transport.ts')
    return await tlsTransport().connect(address, options)
  },
}

/** That of Deno. */
export const denoTransport: LinkTransport = {
  connect: async (address, options) => {
    const [{ tlsTransport }, { denoTcp }] = await Promise.all([import('./node-transport.ts'), import('./deno-tcp.ts')])
    return await tlsTransport(denoTcp).connect(address, options)
  },
}
