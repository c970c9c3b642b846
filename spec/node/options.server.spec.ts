import { expect } from 'chai'
import { listenGateway } from '../../lib/node/gateway/listen-gateway.ts'
import { listenSocks } from '../../lib/node/listen-socks.ts'
import { toDuplex } from '../../lib/node/to-duplex.ts'
import { provenAgent, TorAgent } from '../../lib/node/tor-agent.ts'
import { provenConnector, undiciConnector } from '../../lib/node/undici-connector.ts'
import { tcpExit } from '../../lib/testing/exit/tcp-exit.ts'

const connect = (): never => {
  throw new Error('it must not be asked')
}

describe('An object of options for what Node expects', () => {
  const refused: Readonly<
    Record<string, readonly [misuse: (options: never) => unknown, options: object, meant?: string]>
  > = {
    'listenSocks': [(options) => listenSocks(options), { connect, port: 0, maxHandshake: 1 }, 'maxHandshakes'],
    'listenGateway': [(options) => listenGateway(options), { port: 0, maxLink: 1 }, 'maxLinks'],
    'toDuplex': [(options) => toDuplex({} as never, options), { clocks: 1 }, 'clock'],
    'TorAgent': [(options) => new TorAgent(options), { connect, maxSocket: 1 }, 'maxSockets'],
    'TorAgent, whose connect has the token': [(options) => new TorAgent(options), { connect, isolation: 'a' }],
    'provenAgent': [(options) => provenAgent(options, connect), { connect, keepalive: true }, 'keepAlive'],
    'undiciConnector': [(options) => undiciConnector(options), { connect, exit: () => true }],
    'tls of undiciConnector': [
      (options) => undiciConnector({ connect, tls: options }),
      { serverName: 'a' },
      'tls.servername',
    ],
    'provenConnector': [(options) => provenConnector(options, connect), { conect: connect }, 'connect'],
    'tcpExit': [(options) => tcpExit(options), { allows: () => true }, 'allow'],
  }
  for (const [front, [misuse, options, meant]] of Object.entries(refused)) {
    it(`is refused by ${front} with a name that it does not know`, async () => {
      let error: unknown
      try {
        await misuse(options as never)
      } catch (caught) {
        error = caught
      }
      expect(error).to.be.instanceOf(TypeError)
      expect((error as Error).message).to.contain(`"${Object.keys(options).at(-1)}" as there is none of this name`)
      if (meant !== undefined) expect((error as Error).message).to.contain(`did you mean ${meant}?`)
    })
  }

  it('has all the options of the agents of Node', async () => {
    const options = {
      keepAlive: false,
      keepAliveMsecs: 1000,
      maxSockets: 1,
      maxTotalSockets: 1,
      maxFreeSockets: 1,
      scheduling: 'lifo',
      timeout: 1000,
      maxCachedSessions: 0,
      servername: 'a.test',
      ca: 'pem',
      rejectUnauthorized: false,
      family: 4,
      localAddress: '127.0.0.1',
      noDelay: true,
      agentKeepAliveTimeoutBuffer: 1000,
      defaultPort: 80,
      protocol: 'http:',
    } as const
    const agent = await provenAgent({ connect, ...options }, (url, { http, https }) =>
      (url.startsWith('https:') ? https : http).createConnection({
        host: '127.0.0.1',
        port: Number(new URL(url).port),
      }),
    )
    expect([agent.http.maxSockets, agent.https.maxTotalSockets]).to.deep.equal([1, 1])
    agent.destroy()
  })
})
