import { expect } from 'chai'
import { codeOf, failureOf } from '../../support/failures.ts'
import { secured } from '../support/live.ts'
import { LiveServers } from '../support/live-servers.ts'
import { once } from 'node:events'
import type { Socket } from 'node:net'

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)
const encode = (words: string): Uint8Array => new TextEncoder().encode(words)

/** What only Node's servers can be told: their curves, and to fall silent. */
describe('TLS 1.3 to servers of Node', () => {
  let servers: LiveServers
  beforeEach(() => {
    servers = new LiveServers()
  })
  afterEach(() => servers.stop())

  it('takes P-256 by a HelloRetryRequest, and refuses that where only X25519 is offered', async () => {
    const port = await servers.serve('P-256', { ecdhCurve: 'P-256' })
    const { readable, writable } = await secured(port)
    const writer = writable.getWriter()
    await writer.write(encode('again'))
    expect(text((await readable.getReader().read()).value)).to.equal('again')
    expect(await codeOf(secured(port, { p256: false }))).to.equal('TLS_FAILED')
  })

  it('tells a server that falls silent for good from one that ends', async () => {
    const port = await servers.serve('P-256', {}, (socket) => {
      // The bytes of TCP end, and TLS says nothing of it.
      socket.write('half', () => servers.peers.at(-1)?.end())
    })
    const { readable } = await secured(port)
    const reader = readable.getReader()
    expect(text((await reader.read()).value)).to.equal('half')
    expect(await codeOf(reader.read())).to.equal('TLS_TRUNCATED')
  })

  it('fails with a server that has neither curve, and leaves no connection behind', async () => {
    const port = await servers.serve('P-256', { ecdhCurve: 'P-384' })
    expect((await failureOf(secured(port))).message).to.contain('handshake_failure')
    const [peer] = servers.peers
    if (peer?.destroyed !== true) await once(peer as Socket, 'close')
  })
})
