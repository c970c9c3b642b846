import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import { expect } from 'chai'
import { TorAgent } from '../../lib/node/tor-agent.ts'
import { LocalServers } from '../support/local-servers.ts'
import { authority, serverCertificate, serverKey } from '../support/tls-authority.ts'

describe('TorAgent, when its client takes a new identity', () => {
  const servers = new LocalServers()
  /** What `socket.outdated` says, of all sockets made before. */
  let identity = 0
  let made = 0

  before(async () => {
    const answer: http.RequestListener = (_, response) => void response.end('ok')
    await servers.add('target.test:80', http.createServer(answer))
    await servers.add('target.test:443', https.createServer({ key: serverKey, cert: serverCertificate }, answer))
  })
  after(() => servers.stop())

  const connect: LocalServers['connect'] = (address) => {
    const own = identity
    made += 1
    const socket = servers.connect(address)
    return Object.defineProperty(socket, 'outdated', { get: () => own !== identity })
  }

  async function get(agent: TorAgent, url: string, during = (): void => undefined): Promise<void> {
    const request = url.startsWith('https:')
      ? https.get(url, { agent: agent.https, ca: authority })
      : http.get(url, { agent: agent.http })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    during()
    response.resume()
    await once(response, 'end')
    await new Promise((resolve) => setImmediate(resolve)) // its connection goes back to the agent
  }

  for (const url of ['http://target.test/', 'https://target.test/']) {
    it(`uses no connection again that was made before: ${url}`, async () => {
      const agent = new TorAgent({ connect, ca: authority })
      made = 0
      await get(agent, url)
      await get(agent, url)
      expect(made).to.equal(1)
      identity += 1
      await get(agent, url)
      await get(agent, url)
      expect(made).to.equal(2)
      agent.destroy()
    })

    it(`keeps none that was in use meanwhile: ${url}`, async () => {
      const agent = new TorAgent({ connect, ca: authority })
      made = 0
      await get(agent, url, () => (identity += 1))
      await get(agent, url)
      expect(made).to.equal(2)
      agent.destroy()
    })
  }
})
