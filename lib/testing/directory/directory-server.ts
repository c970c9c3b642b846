/**
 * The directory of a relay, as it answers BEGIN_DIR: consensus, key certificates and microdescriptors by the URLs of
 * dir-spec, "General-use HTTP URLs", and consensus diffs from the consensuses of the hours before. Whatever else a directory has,
 * server descriptors, votes, is not found.
 *
 * @module
 */
import { EndReason } from '../../cell/reasons.ts'
import { digestAsSignedOf, writeConsensusDiff } from './consensus-diff-writer.ts'
import { decompressionBomb, deflated, dripping, endless, failing, inSequence, silence } from './byte-sources.ts'
import { documentsFor } from './directory-documents.ts'
import type { DirectoryDocuments } from './directory-documents.ts'
import { httpConnection, noAnswer } from './directory-http.ts'
import type { DirectoryAnswer, DirectoryResponse } from './directory-http.ts'
import { isTransferLie } from './directory-lies.ts'
import type { DirectoryLie, DirectoryRelay, DirectoryRequest, SlowLie, TransferLie } from './directory-lies.ts'
import { textBytes } from './document-text.ts'
import { ExitRefusal } from '../exit/exit.ts'
import type { ExitHandler } from '../exit/exit.ts'
import type { TestDirectory } from './test-directory.ts'

const CONSENSUS = /^\/tor\/status-vote\/current\/consensus-microdesc(?:\/([0-9A-Fa-f+]+))?$/
const KEYS = /^\/tor\/keys\/(all$|fp\/|fp-sk\/|sk\/)([0-9A-Fa-f+-]*)$/
const MICRODESCRIPTORS = /^\/tor\/micro\/d\/([A-Za-z0-9+/-]+)$/

/** A document, or why there is none. */
interface Found {
  readonly status: 200 | 304 | 400 | 404
  readonly text: string
}

const notFound: Found = { status: 404, text: '' }

/** What `relay` connects BEGIN_DIR to. */
export function directoryExit(relay: DirectoryRelay, directory: TestDirectory): ExitHandler {
  return () => {
    if (!relay.isDirectory) throw new ExitRefusal(EndReason.NOTDIRECTORY)
    return httpConnection((http) => {
      const request: DirectoryRequest = { ...http, kind: kindOf(http.path), relay }
      directory.log(request)
      relay.observer.notify()
      const usual = async (): Promise<DirectoryAnswer> =>
        (await directory.onion?.(request)) ?? (await answer(request, directory))
      return relay.serve === undefined ? usual() : relay.serve(request, usual)
    })
  }
}

/** What the path asks for. `.z` asks for compression. */
const documentPath = (path: string): string => path.replace(/\.z$/, '')

function kindOf(path: string): DirectoryRequest['kind'] {
  const document = documentPath(path)
  if (CONSENSUS.test(document)) return 'consensus'
  if (KEYS.test(document)) return 'certificates'
  return MICRODESCRIPTORS.test(document) ? 'microdescriptors' : 'other'
}

async function answer(request: DirectoryRequest, directory: TestDirectory): Promise<DirectoryAnswer> {
  const { relay } = request
  const choice = relay.lie ?? directory.lie
  const lie = typeof choice === 'function' ? choice(request) : choice
  const now = relay.clock.now()
  const documents = await documentsFor(directory, lie === undefined || isTransferLie(lie) ? undefined : lie, now)
  const asked = request.method === 'GET' ? find(request, documents, lie) : { status: 400, text: '' }
  const found = lie === undefined && request.kind === 'consensus' ? await newer(asked, request, directory, now) : asked
  const headers = {
    'Date': new Date(now + relay.clockSkew).toUTCString(),
    'Content-Type': 'text/plain',
    'X-Your-Address-Is': '192.0.2.254',
  }
  const plain = textBytes(found.text)
  const compress = found.status === 200 && wantsDeflate(request)
  const response = { status: found.status, headers, body: compress ? await deflated(plain) : plain }
  const encoding = compress ? 'deflate' : 'identity'
  if (lie === undefined || !isTransferLie(lie)) return framed(response, encoding)
  return typeof lie === 'object'
    ? slowly(response, encoding, lie, relay)
    : transfer(response, encoding, plain, lie, relay)
}

/** How many consensuses before this one a client may have for a diff. */
const DIFF_HOURS = 3
const HOUR = 3_600_000

/** The consensus as a client wants it that has an older one: a diff, or nothing when it has this one. */
async function newer(
  found: Found | { readonly status: number; readonly text: string },
  { headers }: DirectoryRequest,
  directory: TestDirectory,
  now: number,
): Promise<{ readonly status: number; readonly text: string }> {
  if (found.status !== 200) return found
  const { text } = found
  const since = headers.get('if-modified-since')
  const validAfter = /^valid-after (\S+) (\S+)$/m.exec(text)
  if (since !== undefined && Date.parse(`${validAfter?.[1]}T${validAfter?.[2]}Z`) <= Date.parse(since))
    return { status: 304, text: '' }
  const base = headers.get('x-or-diff-from-consensus')
  for (let hours = 1; base !== undefined && hours <= DIFF_HOURS; hours++) {
    const { consensus } = await documentsFor(directory, undefined, now - hours * HOUR)
    if (digestAsSignedOf(consensus) === base.toUpperCase())
      return { status: 200, text: writeConsensusDiff(consensus, text) }
  }
  return found
}

/** `Accept-Encoding` goes before the suffix (dir-spec, appendix B). */
function wantsDeflate({ path, headers }: DirectoryRequest): boolean {
  const accepted = headers.get('accept-encoding')
  if (accepted === undefined) return path.endsWith('.z')
  return accepted.split(',').some((encoding) => encoding.replace(/;.*/, '').trim() === 'deflate')
}

function find(request: DirectoryRequest, documents: DirectoryDocuments, lie: DirectoryLie | undefined): Found {
  const path = documentPath(request.path)
  const consensus = CONSENSUS.exec(path)
  if (consensus !== null) {
    const wanted = consensus[1]?.split('+')
    // A liar serves it all the same.
    if (wanted !== undefined && lie === undefined && !isSignedByMost(documents.consensus, wanted)) return notFound
    return { status: 200, text: documents.consensus }
  }
  const keys = KEYS.exec(path)
  if (keys !== null)
    return joined(certificatesFor(documents, keys[1] as string, (keys[2] as string).toUpperCase().split('+')))
  if (path === '/tor/keys/authority') {
    const own = documents.certificates.find(({ v3Identity }) => v3Identity === request.relay.v3Identity)
    return joined([own?.text])
  }
  const microdescriptors = MICRODESCRIPTORS.exec(path)
  if (microdescriptors === null) return notFound
  return joined((microdescriptors[1] as string).split('-').map((digest) => documents.microdescriptor(digest)))
}

/**
 * Whether more than half of the authorities that the client trusts have signed; it names them by the beginnings of
 * their identities.
 */
function isSignedByMost(consensus: string, prefixes: readonly string[]): boolean {
  const signers = [...consensus.matchAll(/^directory-signature sha256 ([0-9A-F]{40}) /gm)].map(
    (match) => match[1] as string,
  )
  const signed = prefixes.filter(
    (prefix) => prefix !== '' && signers.some((signer) => signer.startsWith(prefix.toUpperCase())),
  )
  return signed.length * 2 > prefixes.length
}

function certificatesFor(
  { certificates }: DirectoryDocuments,
  by: string,
  names: readonly string[],
): (string | undefined)[] {
  if (by === 'all') return certificates.map(({ text }) => text)
  return names.map((name) => {
    const certificate = certificates.find(({ v3Identity, signingKeyDigest }) => {
      if (by === 'fp/') return name === v3Identity
      return name === (by === 'sk/' ? signingKeyDigest : `${v3Identity}-${signingKeyDigest}`)
    })
    return certificate?.text
  })
}

/** What there is of it. */
function joined(texts: readonly (string | undefined)[]): Found {
  const text = texts.filter((each) => each !== undefined).join('')
  return text === '' ? notFound : { status: 200, text }
}

interface WholeResponse extends DirectoryResponse {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array<ArrayBuffer>
}

/** An honest answer's headers. */
function framed<T extends WholeResponse>(response: T, encoding: string): T {
  const headers = { ...response.headers, 'Content-Encoding': encoding, 'Content-Length': String(response.body.length) }
  return { ...response, headers }
}

function slowly(response: WholeResponse, encoding: string, { slow }: SlowLie, relay: DirectoryRelay): DirectoryAnswer {
  const { body, ...whole } = framed(response, encoding)
  return { ...whole, body: dripping(body, 498, slow, relay.clock) }
}

async function transfer(
  response: WholeResponse,
  encoding: string,
  plain: Uint8Array,
  lie: TransferLie,
  relay: DirectoryRelay,
): Promise<DirectoryAnswer> {
  const { body, ...whole } = framed(response, encoding)
  const half = body.subarray(0, body.length >>> 1)
  const { headers } = response
  switch (lie) {
    case 'hang':
      return noAnswer()
    case 'stall':
      return { ...whole, body: inSequence([half, silence()]) }
    case 'reset':
      return { ...whole, body: inSequence([half, failing(new ExitRefusal(EndReason.CONNRESET))]) }
    case 'truncated':
      return { ...whole, body: half }
    case 'empty':
      return framed({ status: 200, headers, body: new Uint8Array(0) }, encoding)
    case 'oversized':
      return {
        status: 200,
        headers,
        body: inSequence([plain, endless(textBytes('x-filler is not the end of it\n'.repeat(2_000)))]),
      }
    case 'bomb':
      return framed({ status: 200, headers, body: new Uint8Array(await decompressionBomb()) }, 'deflate')
    case 'garbage':
      return framed(
        { status: 200, headers, body: relay.random(Math.min(Math.max(body.length, 1_000), 65_536)) },
        encoding,
      )
    case 'not-http':
      return { raw: relay.random(10_000) }
    case 'endless-header':
      return {
        raw: inSequence([
          textBytes('HTTP/1.0 200 OK\r\n'),
          endless(textBytes('X-Filler: is not the end of it\r\n'.repeat(2_000))),
        ]),
      }
    case 'busy':
      return framed({ status: 503, headers, body: new Uint8Array(0) }, 'identity')
    case 'not-found':
      return framed({ status: 404, headers, body: new Uint8Array(0) }, 'identity')
  }
}
