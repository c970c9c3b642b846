import { expect } from 'chai'
import { TorClient } from '../../lib/client/tor-client.ts'
import { deferred } from '../../lib/base/waiting/deferred.ts'
import { serveFetch } from '../../lib/http-server/serve-fetch.ts'
import type { OnionService } from '../../lib/onion/service/onion-service.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'

const SIZE = 300_000

describe('serveFetch, on an onion service', function () {
  let network: TestNetwork
  let tor: TorClient
  let visitor: TorClient
  let service: OnionService

  before(async () => {
    network = await TestNetwork.start({ relays: 8, authorities: 1 })
    const open = (): Promise<TorClient> =>
      TorClient.open({ network: network.config, transport: network.transport, storage: new MemoryStorage() })
    ;[tor, visitor] = await Promise.all([open(), open()])
  })
  beforeEach(async () => {
    service = await tor.serve({ ports: [80] })
    await service.published
  })
  afterEach(() => service.close())
  after(async () => {
    await visitor?.close()
    await tor?.close()
    await network?.close()
  })

  it('answers a fetch through Tor, over one connection for one after the other, and brings bodies whole', async () => {
    const lengths: number[] = []
    serveFetch(service, async (request) => {
      const body = new Uint8Array(await request.arrayBuffer())
      lengths.push(body.length)
      return request.method === 'GET' ? new Response(`hello at ${request.url}`) : new Response(body)
    })
    const origin = `http://${service.hostname}`
    expect(await (await visitor.fetch(`${origin}/a`)).text()).to.equal(`hello at ${origin}/a`)
    const bytes = new Uint8Array(SIZE).map((_, at) => at % 251)
    const response = await visitor.fetch(`${origin}/b`, { method: 'POST', body: bytes })
    expect(new Uint8Array(await response.arrayBuffer())).to.deep.equal(bytes)
    expect(lengths).to.deep.equal([0, SIZE])
    expect(service.status.visitors).to.equal(1)
  })

  it('tells a handler that its visitor has gone', async () => {
    const gone = deferred<string>()
    const cancelled = deferred<void>()
    serveFetch(service, (request) => {
      request.signal.addEventListener('abort', () => gone.resolve('gone'))
      return new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new Uint8Array(1)),
          cancel: () => cancelled.resolve(),
        }),
      )
    })
    const leaving = new AbortController()
    const response = await visitor.fetch(`http://${service.hostname}/`, { signal: leaving.signal })
    await response.body?.getReader().read()
    leaving.abort()
    await cancelled.promise
    expect(await gone.promise).to.equal('gone')
  })

  it('ends with its service', async () => {
    const server = serveFetch(service, () => new Response('ok'))
    expect((await visitor.fetch(`http://${service.hostname}/`)).status).to.equal(200)
    await service.close()
    await server.closed
  })
})
