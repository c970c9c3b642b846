/**
 * What comes back: status, fields, framing, codings (RFC 9112, sections 4 to 7; Fetch standard, "HTTP-network fetch").
 * The hostile ones are the larger half.
 *
 * @module
 */
import { answer, ok, raw, rawEnd, type FetchCase, type Reply } from './fetch-case.ts'

const CHUNKED = 'Transfer-Encoding: chunked'
const text = (title: string, reply: string | Reply, body: string | null, node?: string): FetchCase => ({
  title,
  replies: [reply],
  expect: { status: 200, body },
  ...(node !== undefined && { node }),
})
const rejects = (title: string, reply: string | Reply, code: string, node?: string): FetchCase => ({
  title,
  replies: [reply],
  expect: { rejected: 'TypeError', code },
  ...(node !== undefined && { node }),
})
const breaks = (title: string, reply: string | Reply, code: string, node?: string): FetchCase => ({
  title,
  replies: [reply],
  expect: { status: 200, bodyFailed: 'TypeError', code },
  ...(node !== undefined && { node }),
})
const hex = (digits: string): string =>
  digits.replaceAll(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)))

/** "hello hello hello", as Python's gzip and zlib modules write it; the last with gzip over zlib. */
const GZIP = hex('1f8b0800000000000203cb48cdc9c957c84090008088f9e511000000')
const ZLIB = hex('789ccb48cdc9c957c84090003a2e067d')
const DEFLATE = hex('cb48cdc9c957c8409000')
const TWO = hex('1f8b0800000000000203ab9873dae3ecc993e1271c263058e9b1d5020064e451c610000000')
const HELLO = 'hello hello hello'

/** Fields that contradict each other, or mean nothing, where a body follows (RFC 9112, section 6.3). */
const CONTRADICTIONS: readonly (readonly [what: string, fields: readonly string[], node?: string])[] = [
  ['a length and chunked', ['Content-Length: 3', CHUNKED], 'Node refuses it'],
  ['two equal lengths', ['Content-Length: 3', 'Content-Length: 3'], 'Node refuses it'],
  ['two lengths', ['Content-Length: 3', 'Content-Length: 4'], 'Node refuses it'],
  ['a length that is none', ['Content-Length: three'], 'Node refuses it'],
  ['another transfer coding', ['Transfer-Encoding: gzip, chunked']],
]

export const statusCases: readonly FetchCase[] = [
  {
    title: 'tells status, text and fields',
    replies: [answer('201 Created here', ['X-One: 1', 'x-two:2', 'X-One: 3'], 'x')],
    expect: {
      status: 201,
      statusText: 'Created here',
      type: 'basic',
      redirected: false,
      headers: [
        ['content-length', '1'],
        ['x-one', '1, 3'],
        ['x-two', '2'],
      ],
      body: 'x',
    },
  },
  {
    title: 'takes a status line without a text',
    replies: ['HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n'],
    expect: { status: 200, statusText: '', body: '' },
  },
  {
    title: 'takes a status line without the last space',
    replies: ['HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n'],
    expect: { status: 200, statusText: '', body: '' },
  },
  {
    title: 'takes bytes above 0x7f as code points',
    replies: [answer('200 caf\u00e9', ['X-One: \u00e9'], '')],
    expect: {
      status: 200,
      statusText: 'caf\u00e9',
      headers: [
        ['content-length', '0'],
        ['x-one', '\u00e9'],
      ],
    },
    node: 'Node reads the text, but not the fields, as UTF-8',
  },
  { title: 'takes a status of 599', replies: [answer('599 Odd', [], 'x')], expect: { status: 599, body: 'x' } },
  { title: 'takes a status of 999', replies: [answer('999 Odd', [], 'x')], expect: { status: 999, body: 'x' } },
  { title: 'gives 204 no body', replies: ['HTTP/1.1 204 No Content\r\n\r\n'], expect: { status: 204, body: null } },
  { title: 'gives 205 no body', replies: [answer('205 Reset', [], '')], expect: { status: 205, body: null } },
  {
    title: 'gives 304 no body, whatever length it has',
    replies: ['HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n'],
    expect: { status: 304, body: null },
  },
  ...CONTRADICTIONS.flatMap(([what, fields, node]): FetchCase[] =>
    [
      { start: '204 No Content', expect: { status: 204, body: null } },
      { start: '304 Not Modified', expect: { status: 304, body: null } },
      { start: '103 Early Hints', expect: { status: 200, body: 'ok' } },
      { start: '200 OK', method: 'HEAD', expect: { status: 200, body: null } },
    ].map(({ start, method = 'GET', expect }) => ({
      title: `ends ${start} for ${method} at its head with ${what}`,
      init: () => ({ method }),
      replies: [`HTTP/1.1 ${[start, ...fields].join('\r\n')}\r\n\r\n${start.startsWith('1') ? ok() : ''}`],
      expect,
      ...(node !== undefined && { node }),
    })),
  ),
  {
    title: 'gives a HEAD with too many content codings no body',
    init: () => ({ method: 'HEAD' }),
    replies: [raw([`Content-Encoding: ${'gzip, '.repeat(9)}`])],
    expect: { status: 200, body: null },
    node: 'Node refuses it',
  },
  {
    title: 'skips 100',
    replies: [`HTTP/1.1 100 Continue\r\n\r\n${ok()}`],
    expect: { status: 200, body: 'ok' },
    node: 'Node takes it for a fault where it did not expect it',
  },
  {
    title: 'skips 103 and its fields',
    replies: [`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${ok()}`],
    expect: { status: 200, headers: [['content-length', '2']], body: 'ok' },
  },
  {
    title: 'skips several interim responses',
    replies: [`${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(20)}${ok()}`],
    expect: { status: 200, body: 'ok' },
  },
  rejects(
    'does not wait behind interim responses for ever',
    'HTTP/1.1 102 Processing\r\n\r\n'.repeat(21) + ok(),
    'HTTP_TOO_LARGE',
    'Node has no bound',
  ),
  rejects(
    'takes 101 for an error',
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    'HTTP_PROTOCOL',
  ),
  rejects('refuses HTTP/2', 'HTTP/2 200 OK\r\n\r\n', 'HTTP_MALFORMED'),
  rejects('refuses HTTP/0.9', { raw: '<html>', isEnd: true }, 'HTTP_MALFORMED'),
  rejects('refuses another protocol', 'SSH-2.0-x\r\n', 'HTTP_MALFORMED'),
  rejects('refuses a TLS alert', hex('15030300020228'), 'HTTP_MALFORMED'),
  rejects('refuses http in small letters', 'http/1.1 200 OK\r\n\r\n', 'HTTP_MALFORMED'),
  rejects('refuses a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', 'HTTP_MALFORMED'),
  rejects('refuses a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n', 'HTTP_MALFORMED'),
  rejects('refuses a status below 100', 'HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n', 'HTTP_MALFORMED'),
  rejects('refuses two spaces in the status line', 'HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n', 'HTTP_MALFORMED'),
  rejects('refuses a tabulator in the status line', 'HTTP/1.1\t200 OK\r\nContent-Length: 0\r\n\r\n', 'HTTP_MALFORMED'),
  rejects(
    'refuses a NUL in the status text',
    'HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n',
    'HTTP_MALFORMED',
    'Node lets it pass',
  ),
  rejects(
    'refuses a CR in the status text',
    'HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n',
    'HTTP_MALFORMED',
    'Node takes it for the end of the line',
  ),
  rejects('refuses an empty line before the response', `\r\n${ok()}`, 'HTTP_MALFORMED', 'Node skips it'),
]

export const headCases: readonly FetchCase[] = [
  text('takes a field without space', raw(['Content-Length:2'], 'ok'), 'ok'),
  text(
    'takes space around a value',
    raw(['Content-Length: \t 2 \t'], 'ok'),
    'ok',
    'Node refuses space behind a length',
  ),
  {
    title: 'takes an empty value',
    replies: [ok('x', 'X-One:')],
    expect: {
      status: 200,
      headers: [
        ['content-length', '1'],
        ['x-one', ''],
      ],
      body: 'x',
    },
  },
  {
    title: 'takes every character that a name may have',
    replies: [ok('x', "!#$%&'*+-.^_`|~09azAZ: v")],
    expect: { status: 200, body: 'x' },
  },
  {
    title: 'puts a space in the place of a break within a field',
    replies: [raw(['X-One: 1 ', ' \t 2', '\t3', 'Content-Length: 0'])],
    expect: {
      status: 200,
      headers: [
        ['content-length', '0'],
        ['x-one', '1 2 3'],
      ],
      body: '',
    },
    node: 'Node keeps the tabulator',
  },
  text('reads a length on the line after its name', raw(['Content-Length:', ' 2'], 'ok'), 'ok'),
  rejects('refuses a length that folds into two numbers', raw(['Content-Length: 1', ' 0'], 'a'), 'HTTP_FRAMING'),
  rejects(
    'refuses a control character in a folded line',
    raw(['X: a', ' b\u0001', 'Content-Length: 0']),
    'HTTP_MALFORMED',
  ),
  rejects('refuses a first line that folds', raw([' X-One: 1', 'Content-Length: 0']), 'HTTP_MALFORMED'),
  rejects('refuses space before the colon', raw(['Content-Length : 2'], 'ok'), 'HTTP_MALFORMED'),
  rejects('refuses a line without a colon', raw(['garbage', 'Content-Length: 0']), 'HTTP_MALFORMED'),
  rejects('refuses a field without a name', raw([': x', 'Content-Length: 0']), 'HTTP_MALFORMED', 'Node lets it pass'),
  rejects('refuses a name with a space', raw(['X One: 1', 'Content-Length: 0']), 'HTTP_MALFORMED', 'Node lets it pass'),
  rejects('refuses a name with a byte above 0x7f', raw(['X\u00e9: 1', 'Content-Length: 0']), 'HTTP_MALFORMED'),
  rejects('refuses a NUL in a value', raw(['X: a\0b', 'Content-Length: 0']), 'HTTP_MALFORMED'),
  rejects('refuses a control character in a value', raw(['X: a\u0001b', 'Content-Length: 0']), 'HTTP_MALFORMED'),
  rejects('refuses DEL in a value', raw(['X: a\u007fb', 'Content-Length: 0']), 'HTTP_MALFORMED'),
  rejects('refuses a CR in a value', raw(['X: a\rb', 'Content-Length: 0']), 'HTTP_MALFORMED'),
  rejects('refuses a line that ends with LF', 'HTTP/1.1 200 OK\r\nX: 1\nContent-Length: 0\r\n\r\n', 'HTTP_MALFORMED'),
  rejects('refuses a head with LF only', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'HTTP_MALFORMED'),
  rejects(
    'refuses an empty line of LF only',
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\n',
    'HTTP_MALFORMED',
    'Node takes it for the end of the head',
  ),
  rejects(
    'refuses a head of more than 64 KiB',
    raw([`X: ${'x'.repeat(65_536)}`, 'Content-Length: 0']),
    'HTTP_TOO_LARGE',
  ),
  rejects('refuses a head that never ends', `HTTP/1.1 200 ${'x'.repeat(70_000)}`, 'HTTP_TOO_LARGE'),
  rejects(
    'refuses more than 1000 fields',
    raw([...Array.from({ length: 1001 }, () => 'a: b'), 'Content-Length: 0']),
    'HTTP_TOO_LARGE',
    'Node counts bytes only',
  ),
  rejects('refuses a head that is cut short', { raw: 'HTTP/1.1 200 OK\r\nContent-Le', isEnd: true }, 'HTTP_TRUNCATED'),
  rejects('refuses no response at all', { raw: '', isEnd: true }, 'HTTP_NO_RESPONSE'),
]

export const framingCases: readonly FetchCase[] = [
  text('reads a body by its length', ok('12345'), '12345'),
  text('reads an empty body', ok(''), ''),
  text('reads a length with leading zeros', raw(['Content-Length: 0002'], 'ok'), 'ok'),
  text('reads a body up to the end of the connection', rawEnd([], 'until the end'), 'until the end'),
  text(
    'reads an HTTP/1.0 body up to the end of the connection',
    { raw: 'HTTP/1.0 200 OK\r\n\r\nold', isEnd: true },
    'old',
  ),
  text(
    'reads an HTTP/1.0 body by its length',
    { raw: 'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold', isEnd: true },
    'old',
  ),
  text('reads a chunked body', raw([CHUNKED], '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'), 'abcde'),
  text(
    'reads chunk sizes in any case',
    raw([CHUNKED], 'A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n'),
    '01234567890123456789',
  ),
  text('reads chunk sizes with leading zeros', raw([CHUNKED], '0003\r\nabc\r\n000\r\n\r\n'), 'abc'),
  text('reads an empty chunked body', raw([CHUNKED], '0\r\n\r\n'), ''),
  text(
    'ignores empty members of the list of transfer codings',
    raw(['Transfer-Encoding: , chunked ,'], '1\r\na\r\n0\r\n\r\n'),
    'a',
    'Node does not know it for chunked',
  ),
  rejects(
    'refuses an empty list of transfer codings',
    rawEnd(['Transfer-Encoding:'], 'a'),
    'HTTP_FRAMING',
    'Node reads on',
  ),
  text('reads Chunked in any case', raw(['transfer-encoding: Chunked'], '1\r\na\r\n0\r\n\r\n'), 'a'),
  text(
    'ignores chunk extensions',
    raw([CHUNKED], '3;a=b;c="d"\r\nabc\r\n0;x\r\n\r\n'),
    'abc',
    'Node refuses some of these',
  ),
  {
    title: 'drops trailers',
    replies: [raw([CHUNKED], '1\r\na\r\n0\r\nX-Trailer: 1\r\n\r\n')],
    expect: { status: 200, headers: [['transfer-encoding', 'chunked']], body: 'a' },
  },
  text(
    'drops a length among the trailers',
    raw([CHUNKED], '1\r\na\r\n0\r\nContent-Length: 9\r\n\r\n'),
    'a',
    'Node refuses it',
  ),
  text(
    'leaves what follows the body alone',
    { raw: `${ok('one')}HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo`, isEnd: true },
    'one',
  ),
  rejects(
    'refuses a length beside chunked',
    raw(['Content-Length: 3', CHUNKED], '1\r\na\r\n0\r\n\r\n'),
    'HTTP_FRAMING',
  ),
  rejects(
    'refuses chunked beside a length',
    raw([CHUNKED, 'Content-Length: 3'], '1\r\na\r\n0\r\n\r\n'),
    'HTTP_FRAMING',
  ),
  rejects('refuses two lengths', raw(['Content-Length: 2', 'Content-Length: 3'], 'abc'), 'HTTP_FRAMING'),
  rejects('refuses two equal lengths', raw(['Content-Length: 2', 'Content-Length: 2'], 'ab'), 'HTTP_FRAMING'),
  rejects('refuses two lengths in a line', raw(['Content-Length: 2, 2'], 'ab'), 'HTTP_FRAMING'),
  rejects('refuses a negative length', raw(['Content-Length: -1']), 'HTTP_FRAMING'),
  rejects('refuses a signed length', raw(['Content-Length: +1'], 'a'), 'HTTP_FRAMING'),
  rejects('refuses a hexadecimal length', raw(['Content-Length: 0x1'], 'a'), 'HTTP_FRAMING'),
  rejects('refuses a length with an exponent', raw(['Content-Length: 1e0'], 'a'), 'HTTP_FRAMING'),
  rejects('refuses a length with a fraction', raw(['Content-Length: 1.0'], 'a'), 'HTTP_FRAMING'),
  rejects('refuses a length with a space', raw(['Content-Length: 1 0'], 'a'), 'HTTP_FRAMING'),
  rejects('refuses an empty length', raw(['Content-Length:'], 'a'), 'HTTP_FRAMING'),
  rejects('refuses a length of words', raw(['Content-Length: two'], 'ab'), 'HTTP_FRAMING'),
  rejects('refuses a length beyond all numbers', raw(['Content-Length: 99999999999999999999'], 'a'), 'HTTP_FRAMING'),
  rejects(
    'refuses an unsafe length',
    raw(['Content-Length: 9007199254740993'], 'a'),
    'HTTP_FRAMING',
    'Node waits for so many bytes',
  ),
  rejects(
    'refuses another transfer coding',
    rawEnd(['Transfer-Encoding: gzip'], 'a'),
    'HTTP_FRAMING',
    'Node reads up to the end',
  ),
  rejects(
    'refuses a second transfer coding',
    raw(['Transfer-Encoding: gzip, chunked'], '1\r\na\r\n0\r\n\r\n'),
    'HTTP_FRAMING',
    'Node undoes chunked only',
  ),
  rejects(
    'refuses chunked that is not last',
    rawEnd(['Transfer-Encoding: chunked, identity'], '1\r\na\r\n0\r\n\r\n'),
    'HTTP_FRAMING',
    'Node reads up to the end',
  ),
  rejects(
    'refuses chunked twice',
    raw([CHUNKED, CHUNKED], '1\r\na\r\n0\r\n\r\n'),
    'HTTP_FRAMING',
    'Node takes it for one',
  ),
  rejects(
    'refuses chunked in HTTP/1.0',
    { raw: `HTTP/1.0 200 OK\r\n${CHUNKED}\r\n\r\n1\r\na\r\n0\r\n\r\n`, isEnd: true },
    'HTTP_FRAMING',
    'Node undoes it',
  ),
  breaks('says that a body is cut short', rawEnd(['Content-Length: 5'], 'abc'), 'HTTP_TRUNCATED'),
  breaks('says that a body never came', rawEnd(['Content-Length: 5']), 'HTTP_TRUNCATED'),
  breaks('says that chunks are cut short', rawEnd([CHUNKED], '5\r\nabc'), 'HTTP_TRUNCATED'),
  breaks('says that the last chunk is missing', rawEnd([CHUNKED], '3\r\nabc\r\n'), 'HTTP_TRUNCATED'),
  breaks('says that the end of the last chunk is missing', rawEnd([CHUNKED], '3\r\nabc\r\n0\r\n'), 'HTTP_TRUNCATED'),
  breaks('refuses a chunk size that is none', raw([CHUNKED], 'zz\r\nabc\r\n0\r\n\r\n'), 'HTTP_MALFORMED'),
  breaks('refuses an empty chunk size', raw([CHUNKED], '\r\nabc\r\n0\r\n\r\n'), 'HTTP_MALFORMED'),
  breaks('refuses a negative chunk size', raw([CHUNKED], '-1\r\nabc\r\n0\r\n\r\n'), 'HTTP_MALFORMED'),
  breaks('refuses 0x before a chunk size', raw([CHUNKED], '0x3\r\nabc\r\n0\r\n\r\n'), 'HTTP_MALFORMED'),
  breaks('refuses space before a chunk size', raw([CHUNKED], ' 3\r\nabc\r\n0\r\n\r\n'), 'HTTP_MALFORMED'),
  breaks('refuses space after a chunk size', raw([CHUNKED], '3 \r\nabc\r\n0\r\n\r\n'), 'HTTP_MALFORMED'),
  text(
    'takes space between a chunk size and its extension',
    raw([CHUNKED], '3 \t;a=b\r\nabc\r\n0 ; x\r\n\r\n'),
    'abc',
    'Node refuses it',
  ),
  text(
    'reads chunk sizes with very many leading zeros',
    raw([CHUNKED], `${'0'.repeat(100)}3\r\nabc\r\n${'0'.repeat(100)}\r\n\r\n`),
    'abc',
  ),
  breaks(
    'refuses a chunk size beyond all numbers behind zeros',
    raw([CHUNKED], `000ffffffffffffff\r\nabc`),
    'HTTP_MALFORMED',
  ),
  text('takes a trailer that folds', raw([CHUNKED], '1\r\na\r\n0\r\nX: 1\r\n 2\r\n\r\n'), 'a'),
  breaks(
    'refuses a first trailer that folds',
    raw([CHUNKED], '1\r\na\r\n0\r\n X: 1\r\n\r\n'),
    'HTTP_MALFORMED',
    'Node lets it pass',
  ),
  breaks('refuses a chunk size beyond all numbers', raw([CHUNKED], 'ffffffffffffffffff\r\nabc'), 'HTTP_MALFORMED'),
  breaks('refuses a chunk that is longer than its size', raw([CHUNKED], '2\r\nabc\r\n0\r\n\r\n'), 'HTTP_MALFORMED'),
  breaks('refuses a chunk size that ends with LF', raw([CHUNKED], '3\nabc\r\n0\r\n\r\n'), 'HTTP_MALFORMED'),
  breaks('refuses a chunk that ends with LF', raw([CHUNKED], '3\r\nabc\n0\r\n\r\n'), 'HTTP_MALFORMED'),
  breaks('refuses a CR in a chunk extension', raw([CHUNKED], '3;a\rb\r\nabc\r\n0\r\n\r\n'), 'HTTP_MALFORMED'),
  breaks('refuses a NUL in a chunk extension', raw([CHUNKED], '3;a\0b\r\nabc\r\n0\r\n\r\n'), 'HTTP_MALFORMED'),
  breaks(
    'refuses a chunk extension of more than 4 KiB',
    raw([CHUNKED], `3;${'x'.repeat(4096)}\r\nabc\r\n0\r\n\r\n`),
    'HTTP_TOO_LARGE',
    'Node allows 16 KiB',
  ),
  breaks(
    'refuses trailers of more than 16 KiB',
    raw([CHUNKED], `0\r\nX: ${'x'.repeat(16_384)}\r\n\r\n`),
    'HTTP_TOO_LARGE',
  ),
  breaks('refuses a trailer that is no field', raw([CHUNKED], '0\r\ngarbage\r\n\r\n'), 'HTTP_MALFORMED'),
]

export const codingCases: readonly FetchCase[] = [
  text('undoes gzip', ok(GZIP, 'Content-Encoding: gzip'), HELLO),
  text('undoes x-gzip', ok(GZIP, 'Content-Encoding: x-gzip'), HELLO),
  text('undoes gzip in any case', ok(GZIP, 'content-encoding: GZip'), HELLO),
  text('undoes deflate', ok(ZLIB, 'Content-Encoding: deflate'), HELLO),
  text('undoes deflate without its zlib header', ok(DEFLATE, 'Content-Encoding: deflate'), HELLO),
  text(
    'undoes gzip in chunks',
    raw([CHUNKED, 'Content-Encoding: gzip'], `${GZIP.length.toString(16)}\r\n${GZIP}\r\n0\r\n\r\n`),
    HELLO,
  ),
  text('undoes gzip up to the end of the connection', rawEnd(['Content-Encoding: gzip'], GZIP), HELLO),
  text('undoes two codings, the last one first', ok(TWO, 'Content-Encoding: deflate, gzip'), HELLO),
  text('undoes two codings in two lines', ok(TWO, 'Content-Encoding: deflate', 'Content-Encoding: gzip'), HELLO),
  text('takes no bytes for an empty body', ok('', 'Content-Encoding: gzip'), ''),
  text('gives a coding that it does not know as it is', ok('as it is', 'Content-Encoding: x-other'), 'as it is'),
  text(
    'gives gzip under a coding that it does not know as it is',
    ok('as it is', 'Content-Encoding: gzip, x-other'),
    'as it is',
  ),
  {
    title: 'keeps the fields of a body that it decodes',
    replies: [ok(GZIP, 'Content-Encoding: gzip')],
    expect: {
      status: 200,
      headers: [
        ['content-encoding', 'gzip'],
        ['content-length', String(GZIP.length)],
      ],
      body: HELLO,
    },
  },
  {
    title: 'gives 204 with a coding no body',
    replies: ['HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n'],
    expect: { status: 204, body: null },
  },
  text('takes several members of gzip for one body', ok(GZIP + GZIP, 'Content-Encoding: gzip'), HELLO + HELLO),
  text('ignores zeros behind gzip', ok(`${GZIP}${'\0'.repeat(99)}`, 'Content-Encoding: gzip'), HELLO),
  text(
    'ignores anything behind gzip, as browsers do',
    ok(`${GZIP}garbage`, 'Content-Encoding: gzip'),
    HELLO,
    'Node takes it for a member',
  ),
  text('ignores anything behind deflate', ok(`${ZLIB}garbage`, 'Content-Encoding: deflate'), HELLO),
  text(
    'ignores anything behind deflate without its zlib header',
    ok(`${DEFLATE}\0`, 'Content-Encoding: deflate'),
    HELLO,
  ),
  breaks(
    'says that a second member of gzip ends early',
    ok(GZIP + GZIP.slice(0, -10), 'Content-Encoding: gzip'),
    'HTTP_ENCODING',
    'Node gives what there is',
  ),
  breaks('says that gzip is none', ok('this is no gzip', 'Content-Encoding: gzip'), 'HTTP_ENCODING'),
  breaks(
    'says that gzip is damaged',
    ok(GZIP.slice(0, 12) + '\u00ff\u00ff' + GZIP.slice(14), 'Content-Encoding: gzip'),
    'HTTP_ENCODING',
    'Node gives what it made of it',
  ),
  breaks(
    'says that gzip ends early',
    ok(GZIP.slice(0, -10), 'Content-Encoding: gzip'),
    'HTTP_ENCODING',
    'Node gives what there is',
  ),
  breaks(
    'says that the connection ends within gzip',
    rawEnd([`Content-Length: ${GZIP.length}`, 'Content-Encoding: gzip'], GZIP.slice(0, 15)),
    'HTTP_TRUNCATED',
  ),
  rejects(
    'refuses more codings than two',
    ok('x', 'Content-Encoding: gzip, gzip, gzip'),
    'HTTP_ENCODING',
    'Node takes five',
  ),
  text(
    'gives brotli, which it does not ask for, as it is',
    ok('as it is', 'Content-Encoding: br'),
    'as it is',
    'Node undoes it',
  ),
]
