import { once } from 'node:events'
import { expect } from 'chai'
import { AbstractConnector, Redis } from 'ioredis'
import { MqttClient } from 'mqtt'
import mysql from 'mysql2'
import { createTransport } from 'nodemailer'
import pg from 'pg'
import { SMTPServer } from 'smtp-server'
import ssh2 from 'ssh2'
import { TorClient } from '../../lib/client/tor-client.ts'
import { toDuplex, type SocketDuplex } from '../../lib/node/to-duplex.ts'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import { tcpExit } from '../../lib/testing/exit/tcp-exit.ts'
import { listenHere, mqttBroker, postgres, redis, sshServer, type ProtocolServer } from './support/protocol-servers.ts'

type Listens = Parameters<typeof listenHere>[0]
type ListensOn = Parameters<typeof listenHere>[1]

/** The server's side of a connection of mysql2, for which it has no types. */
interface MysqlServed {
  serverHandshake(options: object): void
  writeTextResult(rows: readonly object[], columns: readonly object[]): void
  on(event: 'query', listener: (sql: string) => void): void
  on(event: 'error', listener: () => void): void
  _resetSequenceId(): void
}

/** Longer than any buffer on the way. */
const LONG = 'tor '.repeat(25_000)

/** The names below exist in the exit alone: an answer is the proof that a client came through it. */
describe('A Duplex of a Tor stream serves as the socket of', function () {
  const servers = new Map<string, ProtocolServer>()
  const asked: string[] = []
  let network: TestNetwork
  let tor: TorClient

  const socketTo = (hostname: string): SocketDuplex => toDuplex(tor.connect({ hostname, port: 1 }))

  before(async () => {
    const redirect = (host: string): { host: string; port: number } => {
      asked.push(host)
      return { host: '127.0.0.1', port: servers.get(host)?.port ?? 1 }
    }
    network = await TestNetwork.start({ authorities: 3, exit: tcpExit({ redirect, allow: () => true }) })
    tor = await TorClient.open({ network: network.config, transport: network.transport })
  })

  after(async () => {
    await tor?.close()
    await network?.close()
    await Promise.all([...servers.values()].map((server) => server.stop()))
  })

  it('pg, which connects it itself', async () => {
    servers.set('pg.test', await postgres())
    const client = new pg.Client({ user: 'nobody', host: 'pg.test', stream: () => socketTo('pg.test') })
    await client.connect()
    const { rows } = await client.query<{ echo: string }>(LONG)
    expect(rows).to.deep.equal([{ echo: LONG }])
    await client.end()
    expect(asked).to.include('pg.test')
  })

  it('pg, which is told when the name does not resolve', async () => {
    const client = new pg.Client({ user: 'nobody', host: 'none.test', stream: () => socketTo('none.test') })
    const error = await client.connect().then(
      () => undefined,
      (reason: unknown) => reason as Error & { code?: string },
    )
    expect(error?.code).to.equal('ECONNREFUSED')
  })

  it('mysql2', async () => {
    const server = mysql.createServer((base) => {
      const connection = base as unknown as MysqlServed
      connection.serverHandshake({
        protocolVersion: 10,
        serverVersion: '8.0.0',
        connectionId: 1,
        statusFlags: 2,
        characterSet: 33,
        capabilityFlags: 0xffffff & ~0x800, // without TLS
        authCallback: (_parameters: unknown, done: (error: null) => void) => {
          done(null)
          connection._resetSequenceId() // as a client begins anew with each command
        },
      })
      connection.on('error', () => undefined) // the client has left
      connection.on('query', (sql: string) => {
        const names = { catalog: 'def', name: 'echo', orgName: 'echo', schema: '', table: '', orgTable: '' }
        const column = { ...names, characterSet: 33, columnLength: 300_000, columnType: 253, flags: 0, decimals: 0 }
        connection.writeTextResult([{ echo: sql }], [column])
      })
    }) as unknown as Listens & { readonly _server: ListensOn }
    servers.set('mysql.test', await listenHere(server, server._server))
    const connection = mysql.createConnection({ user: 'nobody', stream: () => socketTo('mysql.test') })
    const rows = await new Promise((resolve, reject) =>
      connection.query(LONG, (error, result) => (error ? reject(error) : resolve(result))),
    )
    expect(rows).to.deep.equal([{ echo: LONG }])
    connection.destroy()
  })

  it('ioredis, by a connector', async () => {
    servers.set('redis.test', await redis())
    class OverTor extends AbstractConnector {
      async connect(): ReturnType<AbstractConnector['connect']> {
        return (this.stream = socketTo('redis.test') as never)
      }
    }
    const client = new Redis({ Connector: OverTor as never, retryStrategy: () => null })
    expect(await client.echo(LONG)).to.equal(LONG)
    const ended = once(client, 'end')
    await client.quit()
    await ended
  })

  it('mqtt', async () => {
    servers.set('mqtt.test', await mqttBroker())
    const client = new MqttClient(() => socketTo('mqtt.test'), { reconnectPeriod: 0 })
    await client.subscribeAsync('news')
    const message = new Promise<readonly [string, Buffer]>((resolve) =>
      client.once('message', (topic, payload) => resolve([topic, payload])),
    )
    await client.publishAsync('news', LONG)
    const [topic, body] = await message
    expect(topic).to.equal('news')
    expect(body.toString()).to.equal(LONG)
    await client.endAsync()
  })

  it('ssh2, by a sock', async () => {
    servers.set('ssh.test', await sshServer())
    const client = new ssh2.Client()
    client.connect({ username: 'nobody', password: 'none', sock: socketTo('ssh.test') })
    await once(client, 'ready')
    const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
      client.exec('echo', (error, opened) => (error ? reject(error) : resolve(opened))),
    )
    channel.end(LONG)
    let echoed = ''
    for await (const bytes of channel) echoed += (bytes as Buffer).toString('latin1')
    expect(echoed).to.equal(LONG)
    const closed = once(client, 'close')
    client.end()
    await closed
  })

  it('nodemailer, by a connection', async () => {
    const mails: string[] = []
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      disableReverseLookup: true,
      onData(stream, _session, done) {
        let mail = ''
        stream.on('data', (bytes: Buffer) => (mail += bytes.toString('latin1')))
        stream.on('end', () => {
          mails.push(mail)
          done()
        })
      },
    })
    servers.set('smtp.test', await listenHere(server, server.server))
    const transport = createTransport({
      host: 'smtp.test',
      port: 1,
      ignoreTLS: true,
      connection: socketTo('smtp.test') as never,
    })
    await transport.sendMail({ from: 'a@a.test', to: 'b@b.test', text: LONG })
    expect(mails.join('').replaceAll(/=\r\n/g, '')).to.include(LONG.trim())
    transport.close()
  })

  it('and nothing else was dialled than relays', () => {
    const relays = new Set(
      network.relays.flatMap(({ description }) => description.addresses.map(({ hostname }) => hostname)),
    )
    for (const { hostname } of network.dials) expect([...relays]).to.include(hostname)
  })
})
