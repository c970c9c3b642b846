/**
 * Redirects (Fetch standard, "HTTP-redirect fetch").
 *
 * @module
 */
import { answer, ok, redirect, streamOf, type FetchCase } from './fetch-case.ts'

const REFUSED = { rejected: 'TypeError', code: 'HTTP_REDIRECT' } as const
const ARRIVED = { status: 200, url: '{here}/b', redirected: true, body: 'ok' } as const
const TYPE = 'Node tells the type cors, as if there were a page with an origin'
const SECRETS = { 'authorization': 'Basic eA==', 'cookie': 'a=1', 'x-kept': '1' }
const GONE = { 'content-type': undefined, 'content-length': undefined, 'transfer-encoding': undefined }

const changes = (status: number, method: string, to: string): FetchCase => {
  const body = method === 'GET' || method === 'HEAD' ? undefined : 'abc'
  const kept = method === to
  return {
    title: `${status} makes ${to} of ${method}`,
    init: () => ({ method, ...(body !== undefined && { body }), headers: { 'x-kept': '1' } }),
    replies: [
      redirect(status, '/b').replace(/moved$/, method === 'HEAD' ? '' : 'moved'),
      method === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n' : ok(),
    ],
    expect: { ...ARRIVED, body: method === 'HEAD' ? null : 'ok' },
    requests: [
      { method },
      { method: to, target: '/b', body: kept ? (body ?? '') : '', fields: { 'x-kept': '1', ...(kept ? {} : GONE) } },
    ],
  }
}
const refuses = (title: string, reply: string, more: Partial<FetchCase> = {}): FetchCase => ({
  title,
  replies: [reply, ok()],
  expect: REFUSED,
  ...more,
})

export const redirectCases: readonly FetchCase[] = [
  ...[301, 302, 303, 307, 308].map((status) => changes(status, 'GET', 'GET')),
  ...[301, 302, 303, 307, 308].map((status) => changes(status, 'HEAD', 'HEAD')),
  changes(301, 'POST', 'GET'),
  changes(302, 'POST', 'GET'),
  changes(303, 'POST', 'GET'),
  changes(307, 'POST', 'POST'),
  changes(308, 'POST', 'POST'),
  changes(301, 'PUT', 'PUT'),
  changes(302, 'DELETE', 'DELETE'),
  changes(303, 'PUT', 'GET'),
  changes(303, 'DELETE', 'GET'),
  changes(307, 'PUT', 'PUT'),
  {
    title: '300 is no redirect',
    replies: [answer('300 Multiple Choices', ['Location: /b'], 'x')],
    expect: { status: 300, redirected: false, body: 'x' },
  },
  {
    title: '304 is no redirect',
    replies: ['HTTP/1.1 304 Not Modified\r\nLocation: /b\r\n\r\n'],
    expect: { status: 304, redirected: false, body: null },
  },
  {
    title: 'a redirect without a place is a response',
    replies: [answer('302 Found', [], 'nowhere')],
    expect: { status: 302, redirected: false, body: 'nowhere' },
  },
  {
    title: 'an empty place is the same URL',
    url: '{here}/a',
    replies: [redirect(302, ''), ok()],
    expect: { status: 200, url: '{here}/a', redirected: true, body: 'ok' },
  },
  {
    title: 'a place is relative to where it was said',
    url: '{here}/a/b?c',
    replies: [redirect(302, 'd'), redirect(302, '../e'), ok()],
    expect: { status: 200, url: '{here}/e', redirected: true },
    requests: [{}, { target: '/a/d' }, { target: '/e' }],
  },
  {
    title: 'a query only changes the query',
    url: '{here}/a?b',
    replies: [redirect(302, '?c'), ok()],
    expect: { status: 200, url: '{here}/a?c' },
  },
  { title: 'a fragment is not in the URL of the response', replies: [redirect(302, '/b#c'), ok()], expect: ARRIVED },
  {
    title: 'a place in UTF-8 is understood',
    replies: [redirect(302, '/\u00c3\u00a9'), ok()],
    expect: { status: 200, url: '{here}/%C3%A9' },
  },
  {
    title: 'twenty redirects are followed',
    replies: [...Array.from({ length: 20 }, () => redirect(302, '/b')), ok()],
    expect: ARRIVED,
  },
  refuses('twenty-one redirects are not followed', redirect(302, '/b'), {
    replies: Array.from({ length: 21 }, () => redirect(302, '/b')),
  }),
  {
    title: 'manual gives the redirect as it is',
    init: () => ({ redirect: 'manual' }),
    replies: [redirect(302, '/b')],
    expect: { status: 302, redirected: false, url: '{here}/', body: 'moved' },
  },
  refuses('error refuses a redirect', redirect(302, '/b'), { init: () => ({ redirect: 'error' }), requests: [{}] }),
  refuses('error refuses a redirect without a place', answer('302 Found'), { init: () => ({ redirect: 'error' }) }),
  {
    title: 'manual and error let other responses pass',
    init: () => ({ redirect: 'error' }),
    replies: [ok()],
    expect: { status: 200, body: 'ok' },
  },
  {
    title: 'the redirect mode of a Request counts',
    input: (url) => new Request(url, { redirect: 'manual' }),
    replies: [redirect(302, '/b')],
    expect: { status: 302 },
  },
  refuses('a place with another scheme is refused', redirect(302, 'ftp://127.0.0.1/')),
  refuses('a place in a file is refused', redirect(302, 'file:///etc/hostname')),
  refuses('a place in data is refused', redirect(302, 'data:,x')),
  refuses('a place that is no URL is refused', redirect(302, 'http://')),
  refuses('a place with credentials is refused', redirect(302, 'http://user:pass@{host}/b')),
  refuses('a place at a bad port is refused', redirect(302, 'http://127.0.0.1:25/')),
  refuses('two different places are refused', redirect(302, '/b', 'Location: /c'), { node: 'Node joins them to one' }),
  {
    title: 'the same place twice is one',
    replies: [redirect(302, '/b', 'Location: /b'), ok()],
    expect: ARRIVED,
    node: 'Node joins them to one',
  },
  {
    title: 'secrets stay within an origin',
    init: () => ({ headers: SECRETS }),
    replies: [redirect(302, '/b'), ok()],
    expect: ARRIVED,
    requests: [{}, { fields: SECRETS }],
  },
  {
    title: 'secrets do not go to another origin',
    init: () => ({ headers: SECRETS }),
    replies: [redirect(302, '{there}/b'), ok()],
    expect: { status: 200, url: '{there}/b', redirected: true },
    requests: [{ fields: SECRETS }, { fields: { 'authorization': undefined, 'cookie': undefined, 'x-kept': '1' } }],
    node: TYPE,
  },
  {
    title: 'secrets do not come back from another origin',
    init: () => ({ headers: SECRETS }),
    replies: [redirect(302, '{there}/'), redirect(302, '{here}/b'), ok()],
    expect: ARRIVED,
    requests: [{}, {}, { fields: { 'authorization': undefined, 'cookie': undefined, 'x-kept': '1' } }],
    node: TYPE,
  },
  {
    title: 'a body goes to another origin with 307',
    init: () => ({ method: 'POST', body: 'abc' }),
    replies: [redirect(307, '{there}/b'), ok()],
    expect: { status: 200 },
    requests: [{ body: 'abc' }, { method: 'POST', body: 'abc', fields: { 'content-length': '3' } }],
    node: TYPE,
  },
  {
    title: 'a Blob is sent again',
    init: () => ({ method: 'POST', body: new Blob(['abc']) }),
    replies: [redirect(308, '/b'), ok()],
    expect: ARRIVED,
    requests: [{ body: 'abc' }, { body: 'abc' }],
  },
  {
    title: 'the body of a Request is sent again',
    input: (url) => new Request(url, { method: 'POST', body: 'abc' }),
    replies: [redirect(307, '/b'), ok()],
    expect: ARRIVED,
    requests: [{ body: 'abc' }, { body: 'abc' }],
  },
  {
    title: 'what describes the body goes with it',
    init: () => ({
      method: 'POST',
      body: 'abc',
      headers: { 'content-type': 'a/b', 'content-language': 'en', 'content-encoding': 'x', 'content-location': '/x' },
    }),
    replies: [redirect(303, '/b'), ok()],
    expect: ARRIVED,
    requests: [
      {},
      {
        fields: {
          'content-type': undefined,
          'content-language': undefined,
          'content-encoding': undefined,
          'content-location': undefined,
        },
      },
    ],
  },
  {
    title: 'a stream goes nowhere with 303',
    init: () => ({ method: 'POST', body: streamOf('abc'), duplex: 'half' }),
    replies: [redirect(303, '/b'), ok()],
    expect: ARRIVED,
    requests: [{ body: 'abc' }, { method: 'GET', body: '' }],
  },
  refuses('a stream cannot be sent again with 307', redirect(307, '/b'), {
    init: () => ({ method: 'POST', body: streamOf('abc'), duplex: 'half' }),
    requests: [{ body: 'abc' }],
  }),
  refuses('a stream cannot be sent again with 308', redirect(308, '/b'), {
    init: () => ({ method: 'PUT', body: streamOf('abc'), duplex: 'half' }),
  }),
  refuses('a stream is refused with 302 too, as the standard has it', redirect(302, '/b'), {
    init: () => ({ method: 'POST', body: streamOf('abc'), duplex: 'half' }),
  }),
]
