import { once } from 'node:events'
import tls from 'node:tls'
import { expect } from 'chai'
import { nobleX25519 } from '../../lib/platform/crypto/curves/noble-x25519.ts'
import { webTls } from '../../lib/tls13/streams/web-tls.ts'
import { CertificateFault } from '../../lib/webpki/certificate-fault.ts'
import { failureOf } from '../support/failures.ts'
import { LocalServers } from '../support/local-servers.ts'
import { anchorOf, authority, authorityExtensions, HOST, NOW, root, server } from './support/certificates.ts'
import { serverExtensions, type Fields, type Issued } from './support/certificates.ts'
import { derNull } from '../../lib/testing/identity/der.ts'
import { basicConstraints, dns, extension, ip, nameConstraints, purposes, Purposes } from './support/extensions.ts'
import { pemOf } from './support/pem.ts'

const DAY = 86_400_000

describe('TLS of our own and the certificates of a server', () => {
  let servers: LocalServers
  let top: Issued
  let middle: Issued

  before(async () => {
    top = await root()
    middle = await authority(top, 'middle')
  })
  beforeEach(() => {
    servers = new LocalServers()
  })
  afterEach(() => servers.stop())

  /** A server with this chain, and what it is told when the handshake fails. */
  async function serve(chain: readonly Issued[]): Promise<{ told: Promise<string> }> {
    const listener = tls.createServer({
      key: pemOf((chain[0] as Issued).key.pkcs8 as Uint8Array, 'PRIVATE KEY'),
      cert: chain.map(({ der }) => pemOf(der)).join(''),
      minVersion: 'TLSv1.3',
    })
    listener.on('secureConnection', (socket) => socket.on('error', () => undefined).end('hello'))
    const told = once(listener, 'tlsClientError').then(([error]) => String((error as NodeJS.ErrnoException).code))
    told.catch(() => undefined)
    await servers.add('server.test:443', listener)
    return { told }
  }

  const secure = (
    { ca, roots = [], serverName = HOST }: { ca?: readonly string[]; roots?: readonly Issued[]; serverName?: string },
    now = NOW,
  ) => {
    const adapter = webTls({ x25519: nobleX25519, now: () => now, roots: async () => roots.map(anchorOf) })
    const below = servers.connect({ hostname: 'server.test', port: 443 })
    below.closed.catch(() => undefined)
    return adapter.secure(below, { serverName, alpn: [], ca, signal: new AbortController().signal })
  }

  it('are good by the authorities of the web, or by those that are given in their place', async () => {
    await serve([await server(middle), middle])
    for (const from of [{ roots: [top] }, { ca: [pemOf(top.der)] }, { ca: [pemOf(middle.der)], roots: [] }]) {
      const { readable } = await secure(from)
      const reader = readable.getReader()
      expect(new TextDecoder().decode((await reader.read()).value)).to.equal('hello')
      await reader.cancel()
    }
    expect((await failureOf(secure({ ca: [pemOf((await root('other')).der)], roots: [top] }))).code).to.equal(
      'TLS_CERTIFICATE',
    )
  })

  it('are for an address too', async () => {
    await serve([await server(middle, { extensions: serverExtensions(ip(127, 0, 0, 1)) }), middle])
    await secure({ roots: [top], serverName: '127.0.0.1' })
    expect((await failureOf(secure({ roots: [top], serverName: '127.0.0.2' }))).code).to.equal('TLS_CERTIFICATE')
  })

  it('may be one that is given itself', async () => {
    const own = await root(HOST, { extensions: [basicConstraints(true), ...serverExtensions().slice(2)] })
    await serve([own])
    await secure({ ca: [pemOf(own.der)] })
    expect(((await failureOf(secure({ roots: [top] }))) as CertificateFault).fault).to.equal('usage')
  })

  it('are not looked at when the authorities that are given are none', async () => {
    let error: unknown
    await secure({ ca: ['none'] }).catch((reason: unknown) => (error = reason))
    expect(error).to.be.instanceOf(TypeError)
  })

  const critical = extension(99, derNull, true)
  const REFUSED: readonly (readonly [fault: string, alert: RegExp, of: Fields, step: Fields])[] = [
    ['malformed', /BAD_CERTIFICATE/, { extensions: serverExtensions(dns(HOST), dns('*')) }, {}],
    ['name', /BAD_CERTIFICATE/, { extensions: serverExtensions(dns('other.test')) }, {}],
    ['expired', /CERTIFICATE_EXPIRED/, { notAfter: NOW - DAY / 2 }, {}],
    ['not-yet-valid', /CERTIFICATE_EXPIRED/, { notBefore: NOW + DAY / 2 }, {}],
    [
      'usage',
      /UNSUPPORTED_CERTIFICATE/,
      { extensions: [...serverExtensions().slice(2), purposes(Purposes.CLIENT)] },
      {},
    ],
    ['usage', /UNSUPPORTED_CERTIFICATE/, {}, { extensions: [basicConstraints(false)] }],
    ['signature', /BAD_CERTIFICATE/, {}, { signature: new Uint8Array(8) }],
    [
      'constraint',
      /BAD_CERTIFICATE/,
      {},
      { extensions: [...authorityExtensions(), nameConstraints({ excluded: [dns('test')] })] },
    ],
    ['critical', /UNSUPPORTED_CERTIFICATE/, { extensions: [...serverExtensions(), critical] }, {}],
  ]
  for (const [fault, alert, fields, step] of REFUSED) {
    it(`are refused with a word and with an alert that says the same: ${fault}, ${alert.source}`, async () => {
      const issuer = await authority(top, 'middle', step)
      const { told } = await serve([await server(issuer, fields), issuer])
      const error = await failureOf(secure({ roots: [top] }))
      expect(error).to.be.instanceOf(CertificateFault)
      expect([error.code, (error as CertificateFault).fault]).to.deep.equal(['TLS_CERTIFICATE', fault])
      expect(error.message).to.not.include('test')
      expect(await told).to.match(alert)
    })
  }

  it('are refused as of an authority that nobody knows', async () => {
    const { told } = await serve([await server(middle), middle])
    expect(((await failureOf(secure({ roots: [] }))) as CertificateFault).fault).to.equal('issuer')
    expect(await told).to.match(/UNKNOWN_CA/)
  })
})
