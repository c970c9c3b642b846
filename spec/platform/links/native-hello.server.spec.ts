import { once } from 'node:events'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import { joinBytes } from '../../../lib/base/bytes/join-bytes.ts'
import { deferred } from '../../../lib/base/waiting/deferred.ts'
import { decodeBase64 } from '../../../lib/directory/text/encoding.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { helloCandidates } from '../../../lib/platform/links/native-hello.ts'
import { helloShape, isWholeRecord, OF_THE_BUILD, type HelloShape } from '../../support/client-hello.ts'
import { OPENSSL_3_0, OPENSSL_3_5 } from '../../support/tor-hellos.ts'

/** Of a tor client that is linked with this OpenSSL. */
const theirs = (hello: string): HelloShape =>
  helloShape(decodeBase64(hello.replace(/\s/g, '')) as Uint8Array, OF_THE_BUILD)

/** What this runtime's own transport shows to whoever is between it and a relay. */
async function ours(): Promise<HelloShape> {
  const hello = deferred<Uint8Array>()
  const server = net.createServer((socket) => {
    let bytes: Uint8Array = new Uint8Array(0)
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Uint8Array) => {
      bytes = joinBytes([bytes, chunk])
      if (!isWholeRecord(bytes)) return
      hello.resolve(bytes)
      socket.destroy()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { transport } = currentPlatform()
  // Nobody answers it.
  const failed = transport?.connect({ hostname: '127.0.0.1', port }, { signal: new AbortController().signal })
  const failure = Promise.resolve(failed).catch((error: unknown) => error)
  const shape = helloShape(await hello.promise)
  await failure
  server.close()
  return shape
}

const OPENSSL = process.versions['openssl'] ?? ''
const { name } = currentPlatform()

describe('the ClientHello of a link by node:tls', () => {
  if (name === 'node') {
    const [major = 0, minor = 0] = OPENSSL.split('.').map(Number)
    it(`is that of a tor client with OpenSSL ${major}.${minor}`, async () => {
      const shape = await ours()
      expect(shape).to.deep.equal(theirs(major > 3 || minor >= 5 ? OPENSSL_3_5 : OPENSSL_3_0))
    })
  }

  if (name === 'bun') {
    it('has the suites of TLS 1.2, the groups and the shares of a tor client as far as BoringSSL has them', async () => {
      const [shape, tors] = [await ours(), theirs(OPENSSL_3_5)]
      expect(shape.suites.slice(3)).to.deep.equal(tors.suites.slice(3))
      expect(shape.suites.slice(0, 3)).to.have.members(tors.suites.slice(0, 3))
      const hasNot = [0x11eb, 0x15] // SecP256r1MLKEM768, P-224
      expect(shape.groups).to.deep.equal(tors.groups.filter((group) => !hasNot.includes(group)))
      expect(shape.shares).to.deep.equal(tors.shares)
      const signatures = ({ extensions }: HelloShape): string[] =>
        (extensions
          .find(({ type }) => type === 13)
          ?.data.slice(4)
          .match(/.{4}/g) ?? []) as string[]
      const known = new Set(signatures(shape))
      expect(signatures(shape)).to.deep.equal(signatures(tors).filter((scheme) => known.has(scheme)))
    })
  }

  it('never gives an OpenSSL before 3.5 the groups that it takes for others, and ends with what every library has', () => {
    const groups = (version: string | undefined): (string | undefined)[] =>
      helloCandidates(version).map(({ ecdhCurve }) => ecdhCurve)
    const before = ['P-256:X25519:P-224', 'X25519MLKEM768:P-256:X25519', undefined]
    for (const version of ['3.0.19', '3.4.9', '3.0.15+quic', '1.1.1', '0.0.0', 'nonsense', '', undefined])
      expect(groups(version)).to.deep.equal(before)
    for (const version of ['3.5.0', '3.5.9', '3.10.1', '4.0.0'])
      expect(groups(version)).to.deep.equal(['?*X25519MLKEM768 / ?SecP256r1MLKEM768 / *P-256:?X25519:P-224', ...before])
  })
})
