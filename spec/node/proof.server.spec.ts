import http from 'node:http'
import https from 'node:https'
import axios from 'axios'
import { expect } from 'chai'
import got from 'got'
import nodeFetch from 'node-fetch'
import * as undici7 from 'undici7'
import { TorError } from '../../lib/base/errors.ts'
import { provenAgent, TorAgent } from '../../lib/node/tor-agent.ts'
import { provenConnector, undiciConnector } from '../../lib/node/undici-connector.ts'
import { engine } from '../support/engines.ts'
import { LocalServers } from '../support/local-servers.ts'
import { authority, serverCertificate, serverKey } from '../support/tls-authority.ts'

type Send = (url: string, agent: TorAgent) => Promise<string>

const overNode: Send = (url, agent) =>
  new Promise((resolve, reject) => {
    const answer = (response: http.IncomingMessage): void => {
      let text = ''
      response.on('data', (chunk: Uint8Array) => {
        text += new TextDecoder().decode(chunk)
      })
      response.on('end', () => resolve(text))
      response.on('error', reject)
    }
    const request = url.startsWith('https:')
      ? https.get(url, { agent: agent.https }, answer)
      : http.get(url, { agent: agent.http }, answer)
    request.on('error', reject)
  })

/** How each library takes the agents. */
const SENDS: Readonly<Record<string, Send>> = {
  'node:http': overNode,
  'got': (url, agent) => got(url, { agent, retry: { limit: 0 } }).text(),
  'axios': async (url, agent) =>
    (await axios.get<string>(url, { httpAgent: agent.http, httpsAgent: agent.https, proxy: false })).data,
  'node-fetch': async (url, agent) => (await nodeFetch(url, { agent: agent.forUrl })).text(),
}

/** The libraries that a runtime is known to replace by ones that ignore an agent. */
const IGNORE: readonly string[] = engine === 'bun' ? ['node-fetch'] : []

const rejection = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: unknown) => error,
  )

const expectIgnored = async (promise: Promise<unknown>): Promise<void> => {
  const error = await rejection(promise)
  expect(error).to.be.instanceOf(TorError)
  expect((error as TorError).code).to.equal('HOOK_IGNORED')
}

describe('The proof that a library uses an agent', () => {
  let servers: LocalServers
  let agent: TorAgent | undefined

  beforeEach(async () => {
    servers = new LocalServers()
    await servers.add(
      'target.test:80',
      http.createServer((_, response) => response.end('over http')),
    )
    const secure = https.createServer({ key: serverKey, cert: serverCertificate }, (_, response) =>
      response.end('over https'),
    )
    await servers.add('target.test:443', secure)
  })

  afterEach(async () => {
    agent?.destroy()
    agent = undefined
    await servers.stop()
  })

  for (const [name, send] of Object.entries(SENDS)) {
    if (IGNORE.includes(name)) {
      it(`shows that ${name} ignores it here, and gives none`, async () => {
        await expectIgnored(provenAgent({ connect: servers.connect }, send))
        expect(servers.calls).to.deep.equal([])
      })
    } else {
      it(`gives one that ${name} uses, for http: and https:`, async () => {
        agent = await provenAgent({ connect: servers.connect, ca: authority }, send)
        expect(servers.calls).to.deep.equal([])
        expect(await send('http://target.test/', agent)).to.equal('over http')
        expect(await send('https://target.test/', agent)).to.equal('over https')
        expect(servers.calls).to.deep.equal(['target.test:80', 'target.test:443'])
      })
    }
  }

  it('knocks at nothing but a port of 127.0.0.1', async () => {
    const urls: string[] = []
    await expectIgnored(
      provenAgent({ connect: servers.connect }, (url) => {
        urls.push(url)
      }),
    )
    expect(urls).to.have.length(1)
    expect(urls[0]).to.match(/^http:\/\/127\.0\.0\.1:(49|5\d|6[0-5])\d{3}\/$/)
  })

  it('fails when the library throws at once', async () => {
    await expectIgnored(
      provenAgent({ connect: servers.connect }, () => {
        throw new Error('broken')
      }),
    )
  })

  if (engine === 'bun') {
    it('must come first in Bun', () => {
      expect(() => new TorAgent({ connect: servers.connect })).to.throw(TypeError, /provenAgent/)
    })
  }
})

describe('The proof that fetch uses a connector for undici', () => {
  const connect = (): never => {
    throw new Error('nobody should come here')
  }
  const dispatched = (url: string, connector: ReturnType<typeof undiciConnector>): Promise<unknown> =>
    fetch(url, { dispatcher: new undici7.Agent({ connect: connector as never }) } as RequestInit)

  if (engine === 'node') {
    it('gives one in Node', async () => {
      const connector = await provenConnector({ connect }, dispatched)
      const answer = new Promise((resolve) =>
        connector({ hostname: 'target.test', protocol: 'http:' }, (...[failure]) => resolve(failure)),
      )
      expect(await answer).to.be.instanceOf(Error)
    })
  } else {
    it('shows that the fetch of this runtime ignores it', async () => {
      await expectIgnored(provenConnector({ connect }, dispatched))
    })

    it('must come first', () => {
      expect(() => undiciConnector({ connect })).to.throw(TypeError, /provenConnector/)
    })
  }
})
