import { gunzipSync } from 'node:zlib'
import { expect } from 'chai'
import { decodeSnapshot } from '../../../lib/directory/snapshot.ts'
import { GatewayFixture, linkRequest, until } from './support/gateway-fixture.ts'

describe('The directory that a gateway hands out', () => {
  let fixture: GatewayFixture

  beforeEach(() => {
    fixture = new GatewayFixture()
  })
  afterEach(() => fixture.stop())

  const get = (init: RequestInit = {}): Promise<Response> =>
    fetch(`http://127.0.0.1:${fixture.gateway.port}/directory`, init)
  const snapshotOf = async (response: Response): Promise<unknown> =>
    decodeSnapshot(gunzipSync(new Uint8Array(await response.arrayBuffer())).toString())

  it('is compressed whatever is said of encodings, and may be kept by caches as long as it is the newest', async () => {
    await fixture.start()
    fixture.directory.freshUntil = fixture.clock.now() + 1_000_000
    for (const encoding of ['gzip', 'identity']) {
      const response = await get({ headers: { 'Accept-Encoding': encoding } })
      expect(response.headers.get('content-encoding')).to.equal(null)
      expect(response.headers.get('content-type')).to.equal('application/gzip')
      expect(response.headers.get('cache-control')).to.equal('public, max-age=1000')
      expect(await snapshotOf(response)).to.deep.equal(fixture.directory.snapshot)
    }
    expect(fixture.gateway.counters.directories).to.equal(2)
  })

  it('has a tag, by which a cache asks whether it has changed', async () => {
    await fixture.start()
    const first = (await get()).headers.get('etag') as string
    expect(first).to.match(/^"[0-9a-f]{32}"$/)
    const again = await get({ headers: { 'If-None-Match': first } })
    expect([again.status, await again.text()]).to.deep.equal([304, ''])
    fixture.directory.snapshot = { consensus: 'next', certificates: '', microdescriptors: '' }
    const next = await get({ headers: { 'If-None-Match': first } })
    expect([next.status, await snapshotOf(next)]).to.deep.equal([200, fixture.directory.snapshot])
  })

  it('may be read by every page, or by those of the origins that are served', async () => {
    await fixture.start()
    expect((await get()).headers.get('access-control-allow-origin')).to.equal('*')
    await fixture.gateway.close()
    await fixture.start({ origin: 'https://a.example' })
    const allowed = async (headers: Record<string, string>): Promise<unknown[]> => {
      const response = await get({ headers })
      return [response.status, response.headers.get('access-control-allow-origin'), response.headers.get('vary')]
    }
    expect(await allowed({ Origin: 'https://a.example' })).to.deep.equal([200, 'https://a.example', 'Origin'])
    expect(await allowed({ Origin: 'https://b.example' })).to.deep.equal([403, null, null])
    expect(await allowed({ Origin: 'null' })).to.deep.equal([403, null, null])
    expect(await allowed({})).to.deep.equal([200, null, 'Origin'])
  })

  it('takes a place for as long as somebody reads it', async () => {
    await fixture.start({ maxLinksPerClient: 1 })
    fixture.directory.snapshot = {
      consensus: Array.from({ length: 2_000_000 }, (_, index) => (index * 7919).toString(36)).join(''),
      certificates: '',
      microdescriptors: '',
    }
    const slow = fixture.dial()
    slow.socket.pause()
    slow.socket.write('GET /directory HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => fixture.gateway.counters.directories === 1)
    expect(await fixture.statusOf(`/127.0.0.1:${fixture.relayPort}`)).to.equal(429)
    slow.socket.resume()
    await slow.closed()
    expect(slow.received).to.match(/^HTTP\/1\.1 200 /)
    expect(await fixture.statusOf(`/127.0.0.1:${fixture.relayPort}`)).to.equal(101)
  })

  it('is not there until there is one, and there is nothing else', async () => {
    await fixture.start()
    fixture.directory.snapshot = undefined
    const ask = (line: string): Promise<number> => fixture.ask(`${line} HTTP/1.1\r\nHost: a\r\n\r\n`).status()
    expect(await ask('GET /directory')).to.equal(503)
    for (const [line, status] of [
      ['GET /', 404],
      ['GET /directory/', 404],
      ['GET /directory?x', 404],
      ['GET //directory', 404],
      ['GET /../etc/passwd', 404],
      ['POST /directory', 405],
      ['OPTIONS /directory', 405],
      [`GET /127.0.0.1:${fixture.relayPort}`, 426],
    ] as const)
      expect(await ask(line), line).to.equal(status)
    expect(await fixture.statusOf('/directory')).to.equal(400)
    expect(await fixture.ask(linkRequest('/directory').replace('websocket', 'h2c')).status()).to.equal(426)
  })
})
