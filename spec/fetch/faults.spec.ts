import { expect } from 'chai'
import { createFetch, type Fetch } from '../../lib/fetch/create-fetch.ts'
import type { FetchAddress, FetchConnectOptions, FetchSocket } from '../../lib/fetch/connection/socket.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { answer, ok } from './support/fetch-case.ts'
import { ScriptedServer } from './support/scripted-server.ts'

const ONE = 'http://one.example/'
const SECURE = 'https://one.example/'

/** What a promise rejects with. */
const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('it did not reject'),
    (error: unknown) => error as Error,
  )

/** A signal that counts who listens to it. */
function countedSignal(): { readonly signal: AbortSignal; readonly listeners: () => number } {
  const { signal } = new AbortController()
  let count = 0
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)]
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    count += 1
    add(...args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    count -= 1
    remove(...args)
  }
  return { signal, listeners: () => count }
}

describe('fetch, when its surroundings misbehave', () => {
  let server: ScriptedServer
  let replies: string[]
  let fetch: Fetch
  const clock = new FakeClock()

  beforeEach(() => {
    replies = []
    server = new ScriptedServer((_, connection) => connection.send(replies.shift() ?? ok()))
    fetch = createFetch({ connect: server.connect, clock })
  })

  afterEach(() => fetch.close())

  it('leaves no listener on a signal behind when nobody reads a body that is empty', async () => {
    const { signal, listeners } = countedSignal()
    for (const reply of [answer('201 Created'), 'HTTP/1.1 204 No\r\n\r\n', answer('303 See Other', ['Location: /b'])]) {
      for (let count = 0; count < 20; count++) {
        replies = [reply, answer('200 OK')]
        await fetch(ONE, { signal, method: 'POST' })
      }
    }
    expect(listeners()).to.equal(0)
  })

  it('leaves no listener behind when a body was read, was cancelled, or never came', async () => {
    const { signal, listeners } = countedSignal()
    for (let count = 0; count < 20; count++) await (await fetch(ONE, { signal })).text()
    await (await fetch(ONE, { signal })).body?.cancel()
    replies = ['no HTTP\r\n\r\n']
    await failure(fetch(ONE, { signal }))
    expect(listeners()).to.equal(0)
  })

  it('closes a connection on which startTls cannot even begin', async () => {
    const startTls = (): FetchSocket => {
      throw new TypeError('no TLS today')
    }
    fetch = createFetch({ connect: server.connect, startTls, clock })
    const error = await failure(fetch(SECURE))
    expect((error.cause as Error).message).to.equal('no TLS today')
    expect(server.last.isClosed).to.equal(true)
  })

  it('closes a connection whose streams are locked', async () => {
    const connect = (address: FetchAddress, options: FetchConnectOptions): FetchSocket => {
      const socket = server.connect(address, options)
      socket.writable.getWriter()
      return socket
    }
    fetch = createFetch({ connect, clock })
    expect(await failure(fetch(ONE))).to.be.instanceOf(TypeError)
    expect(server.last.isClosed).to.equal(true)
  })

  it('says nothing over a connection without TLS that it got for https:', async () => {
    const connect = (address: FetchAddress, options: FetchConnectOptions): FetchSocket => ({
      ...server.connect(address, options),
      secureTransport: 'off',
    })
    fetch = createFetch({ connect, clock })
    expect(await failure(fetch(SECURE))).to.be.instanceOf(TypeError)
    expect(server.last.isClosed).to.equal(true)
    expect(server.last.received).to.equal('')
    expect(await (await fetch(ONE)).text()).to.equal('ok')
  })

  it('asks for a part of what is there, and not of its compressed form', async () => {
    await fetch(ONE, { headers: { range: 'bytes=100-' } })
    expect(server.last.requests[0]?.fields.get('accept-encoding')).to.equal('identity')
  })
})
