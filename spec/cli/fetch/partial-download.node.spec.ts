/** What is put together, and what is not (RFC 9110, sections 13.1.5, 14 and 15.3.7). */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { continuationOf, forgetPart, notePart, partOf, validatorOf } from '../../../lib/cli/fetch/partial-download.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'

const answer = (status: number, headers: Record<string, string> = {}): { status: number; headers: Headers } => ({
  status,
  headers: new Headers(headers),
})
const url = new URL('https://example.com/file?a#b')

describe('fetch --continue: what tells that a file is still the same', () => {
  const modified = 'Wed, 01 Jan 2025 00:00:00 GMT'

  it('is a strong ETag, or a time a minute before the answer', () => {
    expect(validatorOf(answer(200, { 'etag': '"a-1"', 'last-modified': modified }))).to.equal('"a-1"')
    const late = { 'last-modified': modified, 'date': 'Wed, 01 Jan 2025 00:01:00 GMT' }
    expect(validatorOf(answer(200, late))).to.equal(modified)
  })

  const none: Readonly<Record<string, readonly [status: number, headers: Record<string, string>]>> = {
    'nothing at all': [200, {}],
    'a weak ETag': [200, { etag: 'W/"a"' }],
    'a weak ETag beside a time': [
      200,
      { 'etag': 'W/"a"', 'last-modified': modified, 'date': 'Thu, 02 Jan 2025 00:00:00 GMT' },
    ],
    'an ETag without quotes': [200, { etag: 'a' }],
    'a time just before the answer': [200, { 'last-modified': modified, 'date': 'Wed, 01 Jan 2025 00:00:59 GMT' }],
    'a time without one of the answer': [200, { 'last-modified': modified }],
    'a time that is none': [200, { 'last-modified': 'then', 'date': modified }],
    'a body that is decoded': [200, { 'etag': '"a"', 'content-encoding': 'gzip' }],
    'an error': [404, { etag: '"a"' }],
    'a part': [206, { etag: '"a"' }],
  }
  for (const [what, [status, headers]] of Object.entries(none)) {
    it(`is not ${what}`, () => expect(validatorOf(answer(status, headers))).to.equal(undefined))
  }
})

describe('fetch --continue: what an answer means', () => {
  const part = { size: 10, validator: '"a"' }

  it('is the rest, where it begins behind what there is', () => {
    expect(continuationOf(answer(206, { 'content-range': 'bytes 10-19/20', 'etag': '"a"' }), part)).to.deep.equal({
      kind: 'rest',
      total: 20,
    })
    expect(continuationOf(answer(206, { 'content-range': 'bytes 10-19/*' }), part)).to.deep.equal({
      kind: 'rest',
      total: undefined,
    })
  })

  it('is all of it, where the file has changed or the server knows no ranges', () => {
    expect(continuationOf(answer(200), part)).to.deep.equal({ kind: 'anew' })
  })

  it('is that nothing is missing', () => {
    expect(continuationOf(answer(416, { 'content-range': 'bytes */10' }), part)).to.deep.equal({ kind: 'whole' })
  })

  it('is an error', () => {
    for (const status of [301, 404, 500]) expect(continuationOf(answer(status), part)).to.deep.equal({ kind: 'error' })
  })

  const wrong: Readonly<Record<string, readonly [status: number, headers: Record<string, string>]>> = {
    'a part that begins elsewhere': [206, { 'content-range': 'bytes 0-19/20' }],
    'a part without its place': [206, {}],
    'parts in several pieces': [206, { 'content-type': 'multipart/byteranges; boundary=x' }],
    'a part of what is shorter': [206, { 'content-range': 'bytes 10-20/20' }],
    'a part of another file': [206, { 'content-range': 'bytes 10-19/20', 'etag': '"b"' }],
    'a part that is compressed': [206, { 'content-range': 'bytes 10-19/20', 'content-encoding': 'gzip' }],
    'a place in another unit': [206, { 'content-range': 'lines 10-19/20' }],
    'that there is less than what is here': [416, { 'content-range': 'bytes */9' }],
    'that there is no such part, and not what there is': [416, {}],
  }
  for (const [what, [status, headers]] of Object.entries(wrong)) {
    it(`is no good with ${what}`, () => {
      expect(() => continuationOf(answer(status, headers), part)).to.throw(Error, /^the server /)
    })
  }
})

describe('fetch --continue: what there is to go on with', () => {
  let folder: string
  let file: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tor-streams-part-'))
    file = join(folder, 'file')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('is nothing without a file, or with an empty one', async () => {
    expect(await partOf(file, url)).to.equal(undefined)
    writeFileSync(file, '')
    expect(await partOf(file, url)).to.equal(undefined)
  })

  it('is a part, as it was noted; the note has no host in it, and goes with the end', async () => {
    writeFileSync(file, '12345')
    await notePart(file, url, '"a"')
    expect(await partOf(file, new URL('https://example.com/file?a'))).to.deep.equal({ size: 5, validator: '"a"' })
    expect(readFileSync(`${file}.tor-streams`, 'utf8')).to.not.include('example')
    await forgetPart(file)
    expect(readdirSync(folder)).to.deep.equal(['file'])
    await forgetPart(file)
  })

  it('is noted anew, or no more, where the file is another one', async () => {
    await notePart(file, url, '"a"')
    await notePart(file, url, undefined)
    expect(readdirSync(folder)).to.deep.equal([])
  })

  it('is left as it is without a note, with a broken one, and with one of another URL', async () => {
    writeFileSync(file, '12345')
    for (const note of [undefined, '', 'null', '{}', '{"url":1}', '{"url":"a","validator":"b\\r\\nEvil: c"}']) {
      if (note !== undefined) writeFileSync(`${file}.tor-streams`, note)
      expect(await rejection(partOf(file, url)), note)
        .to.have.property('message')
        .that.matches(/^there is such a file/)
    }
    await notePart(file, new URL('https://example.com/other'), '"a"')
    expect(await rejection(partOf(file, url)))
      .to.have.property('message')
      .that.matches(/^what is in the file is a part of another/)
  })
})
