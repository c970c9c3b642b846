import { createServer, type IncomingMessage, type Server } from 'node:http'
import { connect as dial, type AddressInfo, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { expect } from 'chai'
import { createFetch, type Fetch } from '../../lib/fetch/create-fetch.ts'
import type { FetchAddress, FetchSocket } from '../../lib/fetch/connection/socket.ts'
import { unlessEngineLacks } from '../support/engines.ts'
import { fetchCases } from './support/cases.ts'
import { placed, type FetchCase, type Reply } from './support/fetch-case.ts'
import { outcomeOf, type Outcome } from './support/outcome.ts'

/** A WinterTC `connect` to this machine. */
function connect({ hostname, port }: FetchAddress): FetchSocket {
  const socket = dial({ host: hostname, port, family: 4 })
  const opened = new Promise<object>((resolve, reject) =>
    socket.once('connect', () => resolve({})).once('error', reject),
  )
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
  opened.catch(() => undefined)
  const { readable, writable } = Duplex.toWeb(socket) as unknown as Pick<FetchSocket, 'readable' | 'writable'>
  const close = (): Promise<void> => {
    socket.destroy()
    return closed
  }
  return { readable, writable, opened, closed, close }
}

interface Arrived {
  readonly method: string | undefined
  readonly target: string | undefined
  readonly body: string
  /** Those that a caller sets or that delimit the body. */
  readonly fields: Readonly<Record<string, unknown>>
}

const COMPARED = [
  'host',
  'accept',
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'cookie',
  'expect',
  'referer',
  'origin',
  'te',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'accept-language',
  'sec-fetch-mode',
  'x-one',
  'x-two',
  'x-kept',
]

/** What tells the two apart in each request: compared only in the cases about it. */
const ALWAYS_DIFFERENT = ['user-agent', 'accept-encoding', 'accept-language', 'sec-fetch-mode', 'connection']

describe("fetch, side by side with Node's own", () => {
  let server: Server
  let here: string
  let there: string
  let replies: (Reply | string)[] = []
  let arrived: Arrived[] = []
  const sockets = new Set<Socket>()

  before(async () => {
    server = createServer((request) => void respond(request))
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined) // a client that is refused something hangs up
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    here = `http://127.0.0.1:${port}`
    there = `http://localhost:${port}`
  })

  after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })

  async function respond(request: IncomingMessage): Promise<void> {
    const { socket } = request
    let body = ''
    try {
      for await (const bytes of request) body += (bytes as Buffer).toString('latin1')
    } catch {
      return // The client gave up: there is nobody to answer.
    }
    const fields = Object.fromEntries(
      COMPARED.filter((name) => name in request.headers).map((name) => [name, request.headers[name]]),
    )
    arrived.push({ method: request.method, target: request.url, body, fields })
    const reply = replies.shift()
    if (reply === undefined) return void socket.destroy()
    socket.write(Buffer.from(placed(typeof reply === 'string' ? reply : reply.raw, here, there), 'latin1'))
    // The last response ends its connection, so that whoever waits for more hears that there is none.
    if (replies.length === 0 || (typeof reply !== 'string' && reply.isEnd === true)) socket.end()
  }

  /** Plays a case to one fetch. */
  async function play(
    each: FetchCase,
    fetch: Fetch | typeof globalThis.fetch,
  ): Promise<{ outcome: Outcome; arrived: Arrived[] }> {
    replies = [...(each.replies ?? [])]
    arrived = []
    const url = placed(each.url ?? '{here}/', here, there)
    const outcome = await outcomeOf((fetch as Fetch)(each.input?.(url) ?? url, each.init?.()))
    return { outcome, arrived }
  }

  function comparable({ outcome, arrived: requests }: Awaited<ReturnType<typeof play>>, each: FetchCase): unknown {
    const isCompared = (name: string): boolean =>
      !ALWAYS_DIFFERENT.includes(name) || (each.requests ?? []).some(({ fields = {} }) => name in fields)
    return {
      outcome: { ...outcome, code: undefined },
      requests: requests.map((request) => {
        const isForm = String(request.fields['content-type']).startsWith('multipart')
        return {
          ...request,
          body: isForm ? request.body.replaceAll(/----\S+/g, '(boundary)') : request.body,
          fields: Object.fromEntries(
            Object.entries(request.fields)
              .filter(([name]) => isCompared(name) && !(isForm && name === 'content-length'))
              .map(([name, value]) => [name, String(value).replace(/boundary=.*/, 'boundary')]),
          ),
        }
      }),
    }
  }

  async function both(each: FetchCase): Promise<{ ours: unknown; theirs: unknown }> {
    const own = createFetch({ connect })
    const ours = comparable(await play(each, own), each)
    own.close()
    const theirs = comparable(await play(each, globalThis.fetch), each)
    for (const socket of sockets) socket.destroy()
    sockets.clear()
    return { ours, theirs }
  }

  for (const [topic, cases] of Object.entries(fetchCases)) {
    describe(topic, () => {
      for (const each of cases.filter(({ node }) => node === undefined)) {
        it(each.title, async () => {
          const { ours, theirs } = await both(each)
          expect(ours).to.deep.equal(theirs)
        })
      }
    })
  }

  unlessEngineLacks('fetch of Node 20').describe('differs', () => {
    for (const each of Object.values(fetchCases)
      .flat()
      .filter(({ node, isForOursOnly }) => node !== undefined && isForOursOnly !== true)) {
      it(`in that ours ${each.title}: ${each.node}`, async () => {
        const { ours, theirs } = await both(each)
        expect(ours).not.to.deep.equal(theirs)
      })
    }
  })
})
