/** The part of Cloudflare's sockets that the example uses (WinterTC Sockets API). */
declare module 'cloudflare:sockets' {
  export function connect(address: { hostname: string; port: number }): {
    readonly readable: ReadableStream<Uint8Array>
    readonly writable: WritableStream<Uint8Array>
    readonly opened: Promise<unknown>
    close(): Promise<void>
  }
}
