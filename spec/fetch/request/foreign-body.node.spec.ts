import { createContext, runInContext } from 'node:vm'
import { expect } from 'chai'
import * as nodeFetch from 'node-fetch'
import * as undici6 from 'undici6'
import * as undici7 from 'undici7'
import { createFetch, type Fetch } from '../../../lib/fetch/create-fetch.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

interface Package {
  readonly FormData: typeof FormData
  readonly Request: typeof Request
  readonly Headers: typeof Headers
  readonly File?: typeof File
  readonly Blob?: typeof Blob
}

/** Packages that have classes of their own for what a fetch takes. */
const PACKAGES: Readonly<Record<string, Package>> = {
  'undici 6': undici6 as unknown as Package,
  'undici 7': undici7 as unknown as Package,
  'node-fetch 3': nodeFetch as unknown as Package,
}

describe('A body of a package', () => {
  let server: ScriptedServer
  let fetch: Fetch

  beforeEach(() => {
    server = new ScriptedServer((_, connection) => connection.send('HTTP/1.1 204 No\r\n\r\n'))
    fetch = createFetch({ connect: server.connect })
  })

  afterEach(() => fetch.close())

  for (const [name, package_] of Object.entries(PACKAGES)) {
    it(`may be a form with a file by ${name}`, async () => {
      const form = new package_.FormData()
      form.append('a', '1')
      const file = new (package_.File ?? File)(['<x>'], 'x.txt', { type: 'text/x' })
      form.append('f', file)
      await fetch('http://one.example/', { method: 'POST', body: form })
      const [request] = server.requests
      expect(request?.fields.get('content-type')).to.match(/^multipart\/form-data; boundary=----formdata-/)
      const parsed = await new Response(request?.body ?? '', {
        headers: { 'content-type': request?.fields.get('content-type') ?? '' },
      }).formData()
      expect(parsed.get('a')).to.equal('1')
      expect(await (parsed.get('f') as File).text()).to.equal('<x>')
      expect(parsed.get('f')).to.include({ name: 'x.txt', type: 'text/x' })
    })

    it(`may be a Request by ${name}`, async () => {
      const request = new package_.Request('http://one.example/there', {
        method: 'PUT',
        body: 'abc',
        headers: new package_.Headers({ 'x-one': '1' }),
      })
      expect((await fetch(request)).status).to.equal(204)
      const [seen] = server.requests
      expect([seen?.method, seen?.target, seen?.body]).to.deep.equal(['PUT', '/there', 'abc'])
      expect([seen?.fields.get('x-one'), seen?.fields.get('content-length')]).to.deep.equal(['1', '3'])
    })
  }

  it('may be a Blob and a File by node-fetch', async () => {
    const { Blob: ForeignBlob, File: ForeignFile } = nodeFetch as unknown as Required<Package>
    await fetch('http://one.example/', { method: 'POST', body: new ForeignBlob(['abc'], { type: 'text/x' }) })
    await fetch('http://one.example/', { method: 'POST', body: new ForeignFile(['def'], 'd') })
    expect(server.requests.map(({ body }) => body)).to.deep.equal(['abc', 'def'])
    expect(server.requests[0]?.fields.get('content-type')).to.equal('text/x')
  })

  it('may be buffers of another realm', async () => {
    const realm = createContext({})
    for (const made of [
      'Uint8Array.of(65, 66)',
      'Uint8Array.of(65, 66).buffer',
      'new DataView(Uint8Array.of(65, 66).buffer)',
    ])
      await fetch('http://one.example/', { method: 'POST', body: runInContext(made, realm) as never })
    const foreign = runInContext('Uint8Array.of(65, 66)', realm) as Uint8Array<ArrayBuffer>
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(foreign)
        controller.close()
      },
    })
    await fetch('http://one.example/', { method: 'POST', body, duplex: 'half' })
    expect(server.requests.map(({ body: seen }) => seen)).to.deep.equal(['AB', 'AB', 'AB', 'AB'])
  })
})
