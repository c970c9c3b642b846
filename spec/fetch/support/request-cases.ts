/**
 * What is sent: methods, fields, bodies (Fetch standard, "Request class", "HTTP-network-or-cache fetch", "extract a
 * body").
 *
 * @module
 */
import { answer, ok, streamOf, type FetchCase } from './fetch-case.ts'

const REFUSED = { rejected: 'TypeError' } as const
const FINE = { status: 200, body: 'ok' } as const
const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => new Uint8Array(values)
const form = (): FormData => {
  const data = new FormData()
  data.append('name', 'a\nb')
  data.append('file', new File(['<x>'], 'q".txt', { type: 'text/x' }))
  return data
}
/** A stream of what is no bytes. */
const textStream = (): ReadableStream<never> =>
  new ReadableStream({
    start(controller) {
      controller.enqueue('text' as never)
      controller.close()
    },
  })
const sends = (method: string, node?: string): FetchCase => ({
  title: `sends ${method}`,
  init: () => ({ method }),
  replies: [ok()],
  expect: FINE,
  requests: [{ method, fields: { 'content-length': undefined } }],
  ...(node !== undefined && { node }),
})
const normalizes = (method: string, to: string): FetchCase => ({
  title: `writes the method ${method} as ${to}`,
  init: () => ({ method }),
  replies: [ok()],
  expect: FINE,
  requests: [{ method: to }],
})
const refuses = (
  title: string,
  init: () => FetchCase['init'] extends (() => infer I) | undefined ? I : never,
  node?: string,
): FetchCase => ({
  title,
  init,
  expect: REFUSED,
  requests: [],
  ...(node !== undefined && { node }),
})
const NO_LENGTH = 'Node says that there is no body; the Fetch standard has that for POST and PUT only'
const OWN_FIELDS = 'Node lets the caller set it, or throws for it; the Fetch standard forbids it silently'

export const methodCases: readonly FetchCase[] = [
  {
    title: 'is a GET without a body by default',
    replies: [ok()],
    expect: FINE,
    requests: [{ method: 'GET', body: '', fields: { 'content-length': undefined, 'transfer-encoding': undefined } }],
  },
  sends('DELETE'),
  sends('OPTIONS'),
  sends('PATCH', NO_LENGTH),
  sends('PROPFIND', NO_LENGTH),
  normalizes('get', 'GET'),
  normalizes('pOsT', 'POST'),
  normalizes('put', 'PUT'),
  normalizes('delete', 'DELETE'),
  normalizes('options', 'OPTIONS'),
  normalizes('chicken', 'chicken'),
  {
    title: 'gives a HEAD no body, whatever length it has',
    init: () => ({ method: 'HEAD' }),
    replies: ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    expect: { status: 200, body: null },
    requests: [{ method: 'HEAD' }],
  },
  {
    title: 'gives a chunked HEAD no body',
    init: () => ({ method: 'head' }),
    replies: ['HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    expect: { status: 200, body: null },
  },
  {
    title: 'gives a HEAD with a coding no body',
    init: () => ({ method: 'HEAD' }),
    replies: ['HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n'],
    expect: { status: 200, body: null },
  },
  {
    title: 'says that a POST without a body has none',
    init: () => ({ method: 'POST' }),
    replies: [ok()],
    expect: FINE,
    requests: [{ method: 'POST', fields: { 'content-length': '0' } }],
  },
  {
    title: 'says that a PUT without a body has none',
    init: () => ({ method: 'PUT' }),
    replies: [ok()],
    expect: FINE,
    requests: [{ method: 'PUT', fields: { 'content-length': '0' } }],
  },
  refuses('refuses CONNECT', () => ({ method: 'CONNECT' })),
  refuses('refuses TRACE', () => ({ method: 'TRACE' })),
  refuses('refuses track in any case', () => ({ method: 'TrAcK' })),
  refuses('refuses a method that is no token', () => ({ method: 'GET /x' })),
  refuses('refuses a method with a line end', () => ({ method: 'GET\r\nX: y' })),
  refuses('refuses an empty method', () => ({ method: '' })),
]

export const fieldCases: readonly FetchCase[] = [
  { title: 'names the host with its port', replies: [ok()], expect: FINE, requests: [{ fields: { host: /:\d+$/ } }] },
  { title: 'accepts anything', replies: [ok()], expect: FINE, requests: [{ fields: { accept: '*/*' } }] },
  {
    title: 'takes the Accept of the caller',
    init: () => ({ headers: { accept: 'text/x' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { accept: 'text/x' } }],
  },
  {
    title: 'sends fields of the caller',
    init: () => ({ headers: { 'X-One': '1', 'x-two': '2' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { 'x-one': '1', 'x-two': '2' } }],
  },
  {
    title: 'joins a field that is there twice',
    init: () => ({
      headers: [
        ['x-one', '1'],
        ['x-one', '2'],
      ],
    }),
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { 'x-one': '1, 2' } }],
  },
  {
    title: 'trims the value of a field',
    init: () => ({ headers: { 'x-one': ' \t1\t ' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { 'x-one': '1' } }],
  },
  {
    title: 'sends an empty field',
    init: () => ({ headers: { 'x-one': '' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { 'x-one': '' } }],
  },
  {
    title: 'sends code points up to U+00FF as bytes',
    init: () => ({ headers: { 'x-one': 'caf\u00e9' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { 'x-one': 'caf\u00e9' } }],
  },
  {
    title: 'sends the Authorization of the caller',
    init: () => ({ headers: { authorization: 'Basic eA==' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { authorization: 'Basic eA==' } }],
  },
  {
    title: 'sends the Cookie of the caller',
    init: () => ({ headers: { cookie: 'a=1' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { cookie: 'a=1' } }],
  },
  {
    title: 'sends the User-Agent of the caller',
    init: () => ({ headers: { 'user-agent': 'me' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { 'user-agent': 'me' } }],
  },
  {
    title: 'sends no User-Agent by itself',
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { 'user-agent': undefined } }],
    node: 'Node names itself',
  },
  {
    title: 'sends no Accept-Language by itself',
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { 'accept-language': undefined } }],
    node: 'Node sends *',
  },
  {
    title: 'sends no Sec-Fetch-Mode',
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { 'sec-fetch-mode': undefined } }],
    node: 'Node sends cors',
  },
  {
    title: 'sends no Referer, Origin or Cookie by itself',
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { referer: undefined, origin: undefined, cookie: undefined } }],
  },
  {
    title: 'names the codings that all runtimes have',
    init: () => ({ headers: { 'accept-encoding': 'zstd' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { 'accept-encoding': 'gzip, deflate' } }],
    node: OWN_FIELDS,
  },
  {
    title: 'leaves out Connection',
    init: () => ({ headers: { connection: 'close' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { connection: undefined } }],
    node: OWN_FIELDS,
  },
  {
    title: 'leaves out a Content-Length of the caller',
    init: () => ({ method: 'POST', body: 'abc', headers: { 'content-length': '1' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: 'abc', fields: { 'content-length': '3' } }],
    node: 'Node never settles',
    isForOursOnly: true,
  },
  {
    title: 'leaves out a Transfer-Encoding of the caller',
    init: () => ({ method: 'POST', body: 'abc', headers: { 'transfer-encoding': 'chunked' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: 'abc', fields: { 'content-length': '3', 'transfer-encoding': undefined } }],
    node: OWN_FIELDS,
  },
  {
    title: 'leaves out Keep-Alive, Upgrade, Expect, TE and Trailer',
    init: () => ({
      headers: { 'keep-alive': 'x', 'upgrade': 'h2c', 'expect': '100-continue', 'te': 'trailers', 'trailer': 'x' },
    }),
    replies: [ok()],
    expect: FINE,
    requests: [
      {
        fields: {
          'keep-alive': undefined,
          'upgrade': undefined,
          'expect': undefined,
          'te': undefined,
          'trailer': undefined,
        },
      },
    ],
    node: OWN_FIELDS,
  },
  refuses('refuses a field name with a space', () => ({ headers: { 'x y': '1' } })),
  refuses('refuses a field value with a line end', () => ({ headers: { x: '1\r\ny: 2' } })),
  refuses('refuses a field value with a NUL', () => ({ headers: { x: '1\0' } })),
  refuses('refuses a field value above U+00FF', () => ({ headers: { x: '\u2713' } })),
]

export const bodyCases: readonly FetchCase[] = [
  {
    title: 'sends a string as UTF-8',
    init: () => ({ method: 'POST', body: 'h\u00e9' }),
    replies: [ok()],
    expect: FINE,
    requests: [
      { body: 'h\u00c3\u00a9', fields: { 'content-length': '3', 'content-type': 'text/plain;charset=UTF-8' } },
    ],
  },
  {
    title: 'sends an empty string',
    init: () => ({ method: 'POST', body: '' }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: '', fields: { 'content-length': '0' } }],
  },
  {
    title: 'keeps the Content-Type of the caller',
    init: () => ({ method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: '{}', fields: { 'content-type': 'application/json' } }],
  },
  {
    title: 'sends bytes without a type',
    init: () => ({ method: 'PUT', body: bytes(0, 255, 10) }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: '\0\u00ff\n', fields: { 'content-length': '3', 'content-type': undefined } }],
  },
  {
    title: 'sends the part of a buffer that a view shows',
    init: () => ({ method: 'PUT', body: bytes(1, 2, 3, 4).subarray(1, 3) }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: '\u0002\u0003' }],
  },
  {
    title: 'sends a DataView',
    init: () => ({ method: 'PUT', body: new DataView(bytes(65, 66, 67).buffer, 1) }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: 'BC' }],
  },
  {
    title: 'sends an ArrayBuffer',
    init: () => ({ method: 'POST', body: bytes(65, 66).buffer }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: 'AB', fields: { 'content-length': '2' } }],
  },
  {
    title: 'sends a Blob with its type',
    init: () => ({ method: 'POST', body: new Blob(['blob'], { type: 'text/x' }) }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: 'blob', fields: { 'content-length': '4', 'content-type': 'text/x' } }],
  },
  {
    title: 'sends a Blob without a type',
    init: () => ({ method: 'POST', body: new Blob(['blob']) }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: 'blob', fields: { 'content-type': undefined } }],
  },
  {
    title: 'sends search parameters',
    init: () => ({ method: 'POST', body: new URLSearchParams({ a: '1 2', b: '&' }) }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: 'a=1+2&b=%26', fields: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' } }],
  },
  {
    title: 'sends a form with a file',
    init: () => ({ method: 'POST', body: form() }),
    replies: [ok()],
    expect: FINE,
    requests: [{ fields: { 'content-type': /^multipart\/form-data; boundary=/, 'content-length': /^\d+$/ } }],
  },
  {
    title: 'sends a stream in chunks',
    init: () => ({ method: 'POST', body: streamOf('one', 'two'), duplex: 'half' }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: 'onetwo', fields: { 'transfer-encoding': 'chunked', 'content-length': undefined } }],
  },
  {
    title: 'sends an empty stream',
    init: () => ({ method: 'POST', body: streamOf(), duplex: 'half' }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: '', fields: { 'transfer-encoding': 'chunked' } }],
    node: 'Node reads ahead and finds that it has a length',
  },
  {
    title: 'sends no empty chunk, which would be the last',
    init: () => ({ method: 'POST', body: streamOf('a', '', 'b'), duplex: 'half' }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: 'ab' }],
  },
  {
    title: 'sends a body with DELETE',
    init: () => ({ method: 'DELETE', body: 'x' }),
    replies: [ok()],
    expect: FINE,
    requests: [{ method: 'DELETE', body: 'x', fields: { 'content-length': '1' } }],
  },
  {
    title: 'writes any other object as its string',
    init: () => ({ method: 'POST', body: { toString: () => 'text' } as never }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: 'text' }],
  },
  {
    title: 'takes null for no body',
    init: () => ({ method: 'POST', body: null }),
    replies: [ok()],
    expect: FINE,
    requests: [{ body: '', fields: { 'content-length': '0', 'content-type': undefined } }],
  },
  {
    title: 'sends a Request',
    input: (url) =>
      new Request(url, { method: 'POST', body: 'abc', headers: { 'x-one': '1', 'content-type': 'text/x' } }),
    replies: [ok()],
    expect: FINE,
    requests: [
      { method: 'POST', body: 'abc', fields: { 'x-one': '1', 'content-type': 'text/x', 'content-length': '3' } },
    ],
  },
  {
    title: 'lets init go before a Request',
    input: (url) => new Request(url, { method: 'POST', body: 'abc', headers: { 'x-one': '1' } }),
    init: () => ({ method: 'PUT', body: 'xyz', headers: { 'x-two': '2' } }),
    replies: [ok()],
    expect: FINE,
    requests: [{ method: 'PUT', body: 'xyz', fields: { 'x-one': undefined, 'x-two': '2' } }],
  },
  {
    title: 'sends a Request without a body',
    input: (url) => new Request(url),
    replies: [ok()],
    expect: FINE,
    requests: [{ method: 'GET', body: '' }],
  },
  refuses('refuses a body with GET', () => ({ body: 'x' })),
  refuses('refuses a body with HEAD', () => ({ method: 'HEAD', body: '' })),
  ...['GET', 'HEAD'].map((method) => ({
    ...refuses(`refuses ${method} for a Request that has a body`, () => ({ method })),
    input: (url: string) => new Request(url, { method: 'POST', body: 'x' }),
  })),
  refuses('refuses a stream without duplex', () => ({ method: 'POST', body: streamOf('x') })),
  refuses('refuses a stream that is locked', () => {
    const body = streamOf('x')
    body.getReader()
    return { method: 'POST', body, duplex: 'half' }
  }),
  {
    title: 'fails with a stream that fails',
    init: () => ({
      method: 'POST',
      duplex: 'half',
      body: new ReadableStream<Uint8Array<ArrayBuffer>>({ pull: (controller) => controller.error(new Error('mine')) }),
    }),
    expect: REFUSED,
  },
  {
    title: 'fails with a stream of text',
    init: () => ({ method: 'POST', duplex: 'half', body: textStream() }),
    expect: REFUSED,
    requests: [],
    node: 'Node has sent the text before it says so',
  },
]

export const urlCases: readonly FetchCase[] = [
  {
    title: 'asks for path and query',
    url: '{here}/a/b?c=d&e',
    replies: [ok()],
    expect: { ...FINE, url: '{here}/a/b?c=d&e' },
    requests: [{ target: '/a/b?c=d&e' }],
  },
  {
    title: 'asks for / where there is no path',
    url: '{here}',
    replies: [ok()],
    expect: { ...FINE, url: '{here}/' },
    requests: [{ target: '/' }],
  },
  { title: 'keeps an empty query out', url: '{here}/?', replies: [ok()], expect: FINE, requests: [{ target: '/' }] },
  {
    title: 'does not tell the fragment',
    url: '{here}/a#b',
    replies: [ok()],
    expect: { ...FINE, url: '{here}/a' },
    requests: [{ target: '/a' }],
  },
  {
    title: 'encodes what is no ASCII',
    url: '{here}/\u00e9 x?\u00e9"',
    replies: [ok()],
    expect: FINE,
    requests: [{ target: '/%C3%A9%20x?%C3%A9%22' }],
  },
  { title: 'resolves dots', url: '{here}/a/../b/./c', replies: [ok()], expect: FINE, requests: [{ target: '/b/c' }] },
  {
    title: 'drops line ends in a URL',
    url: '{here}/a\r\nb',
    replies: [ok()],
    expect: FINE,
    requests: [{ target: '/ab' }],
  },
  { title: 'refuses a relative URL', url: '/x', expect: REFUSED, requests: [] },
  { title: 'refuses what is no URL', url: 'http://', expect: REFUSED, requests: [] },
  { title: 'refuses a port that is none', url: 'http://127.0.0.1:65536/', expect: REFUSED, requests: [] },
  { title: 'refuses credentials', url: 'http://user:pass@127.0.0.1/', expect: REFUSED, requests: [] },
  { title: 'refuses a user name', url: 'http://user@127.0.0.1/', expect: REFUSED, requests: [] },
  { title: 'refuses ftp', url: 'ftp://127.0.0.1/', expect: REFUSED, requests: [] },
  { title: 'refuses file', url: 'file:///etc/hostname', expect: REFUSED, requests: [] },
  { title: 'refuses javascript', url: 'javascript:0', expect: REFUSED, requests: [] },
  {
    title: 'refuses data',
    url: 'data:,x',
    expect: REFUSED,
    requests: [],
    node: 'Node reads it: it needs no connection',
  },
  { title: 'refuses blob', url: 'blob:null/0', expect: REFUSED, requests: [] },
  { title: 'refuses about', url: 'about:blank', expect: REFUSED, requests: [] },
  { title: 'refuses the port of SMTP', url: 'http://127.0.0.1:25/', expect: REFUSED, requests: [] },
  { title: 'refuses the port of SSH', url: 'http://127.0.0.1:22/', expect: REFUSED, requests: [] },
  { title: 'refuses the port of IRC', url: 'http://127.0.0.1:6667/', expect: REFUSED, requests: [] },
  { title: 'refuses port 0', url: 'http://127.0.0.1:0/', expect: REFUSED, requests: [] },
  refuses('refuses a redirect mode that is none', () => ({ redirect: 'never' as never })),
  refuses('refuses a signal that is none', () => ({ signal: {} as never })),
  {
    title: 'refuses integrity, which it does not check',
    init: () => ({ integrity: 'sha256-AAAA' }),
    replies: [ok()],
    expect: REFUSED,
    requests: [],
    node: 'Node checks it, after the fact',
  },
  {
    title: 'answers 404 as a response',
    replies: [answer('404 Not Found', [], 'no')],
    expect: { status: 404, statusText: 'Not Found', body: 'no' },
  },
]
