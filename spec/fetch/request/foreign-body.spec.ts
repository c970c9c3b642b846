import { expect } from 'chai'
import { createFetch, type Fetch } from '../../../lib/fetch/create-fetch.ts'
import { streamOf } from '../support/fetch-case.ts'
import { outcomeOf } from '../support/outcome.ts'
import { ScriptedServer } from '../support/scripted-server.ts'

const URL_HERE = 'http://one.example/'

/** Something that is like `what`, and no instance of this realm's class. */
const branded = (brand: string, what: object): never =>
  Object.defineProperty(what, Symbol.toStringTag, { value: brand }) as never

const blob = (text: string, type = '', more: object = {}): never =>
  branded('name' in more ? 'File' : 'Blob', { size: text.length, type, stream: () => streamOf(text), ...more })

const form = (...entries: readonly (readonly [string, unknown])[]): never =>
  branded('FormData', {
    ...Object.fromEntries(['append', 'delete', 'get', 'getAll', 'has', 'set'].map((name) => [name, () => null])),
    forEach: (callback: (value: unknown, name: string) => void) =>
      entries.forEach(([name, value]) => callback(value, name)),
  })

describe('A body of another realm or package', () => {
  let server: ScriptedServer
  let fetch: Fetch

  beforeEach(() => {
    server = new ScriptedServer((_, connection) => connection.send('HTTP/1.1 204 No\r\n\r\n'))
    fetch = createFetch({ connect: server.connect })
  })

  afterEach(() => fetch.close())

  /** What arrives: the type and the body. */
  async function sent(body: never, init: object = {}): Promise<readonly [type: string | undefined, body: string]> {
    expect((await fetch(URL_HERE, { method: 'POST', body, ...init })).status).to.equal(204)
    const request = server.requests.at(-1)
    return [request?.fields.get('content-type'), request?.body ?? '']
  }

  it('may be a Blob', async () => {
    expect(await sent(blob('abc', 'text/x'))).to.deep.equal(['text/x', 'abc'])
    expect(server.requests[0]?.fields.get('content-length')).to.equal('3')
    expect(await sent(blob('abc', '', { name: 'a.txt' }))).to.deep.equal([undefined, 'abc'])
  })

  it('may be a Blob whose stream only iterates', async () => {
    const stream = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array([97])
      yield new Uint8Array([98])
    }
    expect(await sent(branded('Blob', { size: 2, type: '', stream }))).to.deep.equal([undefined, 'ab'])
  })

  it('may be a form, with files of other realms in it', async () => {
    const [type, body] = await sent(form(['a', '1'], ['f', blob('abc', 'text/x', { name: 'q"' })], ['g', blob('d')]))
    const boundary = /^multipart\/form-data; boundary=(----formdata-[0-9a-f]{32})$/.exec(type ?? '')?.[1]
    expect(body.replaceAll(boundary ?? '?', 'B').split('\r\n')).to.deep.equal([
      '--B',
      'Content-Disposition: form-data; name="a"',
      '',
      '1',
      '--B',
      'Content-Disposition: form-data; name="f"; filename="q%22"',
      'Content-Type: text/x',
      '',
      'abc',
      '--B',
      'Content-Disposition: form-data; name="g"; filename="blob"',
      'Content-Type: application/octet-stream',
      '',
      'd',
      '--B--',
      '',
    ])
  })

  it('may be search parameters', async () => {
    const parameters = branded('URLSearchParams', { append: () => null, get: () => null, toString: () => 'a=1' })
    expect(await sent(parameters)).to.deep.equal(['application/x-www-form-urlencoded;charset=UTF-8', 'a=1'])
  })

  it('may be a stream', async () => {
    const inner = streamOf('ab', 'c')
    const stream = branded('ReadableStream', { locked: false, getReader: () => inner.getReader() })
    expect(await sent(stream, { duplex: 'half' })).to.deep.equal([undefined, 'abc'])
  })

  it('may be a Request, whose body iterates where it is no stream', async () => {
    for (const body of [
      streamOf('ab', 'c'),
      (async function* () {
        yield new TextEncoder().encode('abc')
      })(),
    ]) {
      const request = branded('Request', {
        url: `${URL_HERE}there`,
        method: 'PUT',
        headers: new Headers({ 'x-one': '1' }),
        redirect: 'follow',
        bodyUsed: false,
        body,
      })
      expect((await fetch(request)).status).to.equal(204)
      const seen = server.requests.at(-1)
      expect([seen?.method, seen?.target, seen?.body, seen?.fields.get('x-one')]).to.deep.equal([
        'PUT',
        '/there',
        'abc',
        '1',
      ])
      expect(seen?.fields.get('content-length')).to.equal('3')
    }
  })

  it('is sent again where a redirect asks for it', async () => {
    const replies = ['HTTP/1.1 307 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n']
    server = new ScriptedServer((_, connection) => connection.send(replies.shift() ?? 'HTTP/1.1 204 No\r\n\r\n'))
    const other = createFetch({ connect: server.connect })
    expect((await other(URL_HERE, { method: 'POST', body: blob('abc') })).status).to.equal(204)
    expect(server.requests.map(({ body }) => body)).to.deep.equal(['abc', 'abc'])
    other.close()
  })

  const refused: Readonly<Record<string, () => object>> = {
    'a FormData that has no entries to ask for': () => branded('FormData', { append: () => null }),
    'a FormData with something else in it': () => form(['a', { size: 1 }]),
    'a Blob without a stream': () => branded('Blob', { size: 1, type: '' }),
    'a Blob without a size': () => branded('Blob', { type: '', stream: () => streamOf('a') }),
    'a Blob of a size that is none': () => branded('Blob', { size: -1, type: '', stream: () => streamOf('a') }),
    'a URLSearchParams that has none': () => branded('URLSearchParams', {}),
    'a ReadableStream without a reader': () => branded('ReadableStream', {}),
    'an ArrayBuffer that is none': () => branded('ArrayBuffer', { byteLength: 1 }),
    // Pages that are not isolated have no SharedArrayBuffer by that name.
    'shared memory': () => new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer,
    'a promise': () => Promise.resolve('text'),
    'a Response': () => new Response('text'),
    'a Map': () => new Map(),
    'a plain object': () => ({ a: 1 }),
    'a symbol': () => Object(Symbol('a')) as object,
  }
  for (const [name, make] of Object.entries(refused)) {
    it(`is refused when it is ${name}, and nothing is sent`, async () => {
      const outcome = await outcomeOf(fetch(URL_HERE, { method: 'POST', body: make() as never }))
      expect(outcome.rejected).to.equal('TypeError')
      expect(server.connections).to.have.lengthOf(0)
    })
  }

  it('breaks off when a Blob has more or less than it says', async () => {
    for (const size of [2, 4]) {
      const body = branded('Blob', { size, type: '', stream: () => streamOf('abc') })
      expect((await outcomeOf(fetch(URL_HERE, { method: 'POST', body }))).rejected).to.equal('TypeError')
      expect(server.last.isClosed).to.equal(true)
    }
  })
})
