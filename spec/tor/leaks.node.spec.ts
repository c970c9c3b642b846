import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, get } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { serveHttp } from '../../lib/node/onion/serve-http.ts'
import { encodeHex } from '../../lib/directory/text/encoding.ts'
import { NOBODY } from '../onion/support/nobody.ts'
import { whyLacking } from '../support/engines.ts'
import { findProgram, requireProgram } from '../support/programs.ts'
import type { FrontClient, Session } from './support/front-clients.ts'
import { FrontFixture } from './support/front-fixture.ts'
import { LIBRARIES } from './support/library-clients.ts'
import { TorNetwork, type NetworkRelay } from './support/network.ts'
import { ChildRecorder } from './support/outgoing-child.ts'
import { RecordedCommands } from './support/recorded-commands.ts'
import { Outgoing } from './support/outgoing.ts'
import { until } from './support/poll.ts'
import { PROGRAMS } from './support/program-clients.ts'
import { socksGet } from './support/socks-get.ts'
import { testBytesSha256 } from './support/test-bytes.ts'
import { targetName } from './support/web-target.ts'

const SIZE = 20_000

/** Whether it can run. That a program is missing is what fronts.node.spec.ts says. */
const isHere = ({ program, feature, missing }: FrontClient): boolean =>
  missing === undefined &&
  (program === undefined || findProgram(program) !== undefined) &&
  (feature === undefined || whyLacking(feature) === undefined)

const anAnswer = (): string => 'an answer'
const sha256 = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex')

/** Addresses of services and of machines, names of hosts and of relays, paths: of circuits, requests and files. */
const NAMES = /[a-z2-7]{16}|onion\b.*\.|\.(?:onion|test)\b|\d+\.\d+\.\d+\.\d+|(?:relay|authority)\d|[\dA-F]{8}|\//

function expectToNameNothing(log: string): void {
  expect(log.split('\n').filter((line) => NAMES.test(line))).to.deep.equal([])
}

/** What a GET of `url` comes to for each client: `failed`, or what `of` makes of the body. */
async function outcomes(
  sessions: ReadonlyMap<string, Session>,
  url: string,
  of: (body: Uint8Array) => string = anAnswer,
): Promise<Record<string, string>> {
  const all = Array.from(
    sessions,
    async ([name, session]) => [name, await session.get(url).then(of, () => 'failed')] as const,
  )
  return Object.fromEntries(await Promise.all(all))
}

describe('What goes out beside the relays', function () {
  const outgoing = new Outgoing()
  let directory: string
  let network: TorNetwork
  let recorder: ChildRecorder
  let fixture: FrontFixture
  /** The exit of every stream. */
  let exit: NetworkRelay
  let commands: RecordedCommands
  /** The front of such a command. */
  let otherFront: string | undefined
  let canary: Server
  /** How many connections somebody made to the port that nobody should be led to. */
  let caught = 0
  const sessions = new Map<string, Session>()

  const programs = (): FrontClient[] => PROGRAMS.filter(({ name }) => sessions.has(name))

  /** Every client with the same outcome. */
  const all = (outcome: string): Record<string, string> =>
    Object.fromEntries(Array.from(sessions.keys(), (name) => [name, outcome]))

  const relays = (): string[] => network.relays.map(({ relay }) => `127.0.0.1:${relay.addresses[0]?.port}`)

  /**
   * Nothing but TLS to the relays and connections to its own front, or that of a recorded program, from this process, and
   * from any program none but to the front. Some ask the resolver for the name.
   */
  async function expectNothingElse(): Promise<void> {
    const front = `127.0.0.1:${fixture.front.port}`
    const wanted = new Set([front, otherFront, ...relays()])
    expect(outgoing.connections.filter((each) => !wanted.has(each))).to.deep.equal([])
    expect(outgoing.connections).not.to.deep.equal([])
    expect(outgoing.otherWays).to.deep.equal([])
    for (const { name, asksResolver = false, byItself } of programs()) {
      const seen = (await recorder.seen(name)).filter((line) => byItself?.test(line) !== true)
      // It is known, and the README says so: when it no longer does, that has to change.
      if (asksResolver) expect(seen, name).to.include(`name ${targetName}`)
      const rest = asksResolver ? seen.filter((line) => !line.startsWith('name ')) : seen
      expect(rest, name).to.deep.equal([`address ${front}`])
    }
    expect(caught).to.equal(0)
  }

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    const gcc = requireProgram(this, 'gcc')
    directory = await mkdtemp(join(tmpdir(), 'tor-streams-leaks-'))
    recorder = await ChildRecorder.make(gcc, directory)
    network = await TorNetwork.start({ authorities: 1, relays: 3, exits: 2 })
    canary = createTcpServer((socket) => {
      caught += 1
      socket.destroy()
    })
    await once(canary.listen(0, '127.0.0.1'), 'listening')
    outgoing.start()
    fixture = await FrontFixture.open(network, { repository: SIZE })
    commands = await RecordedCommands.make(recorder)
    exit = network.relays.find(({ isExit }) => isExit) as NetworkRelay
    fixture.exit = encodeHex(exit.relay.rsaIdentity)
    for (const client of [...LIBRARIES, ...PROGRAMS].filter(isHere)) {
      sessions.set(client.name, client.open(fixture.ways(recorder.environment(client.name))))
    }
    // A browser is driven by a connection of this process.
    await outgoing.apart(() => Promise.all(Array.from(sessions.values(), async (session) => session.start?.())))
  })

  after(async function () {
    outgoing.stop()
    await Promise.all(Array.from(sessions.values(), (session) => session.close?.()))
    await commands?.stop()
    await fixture?.close()
    canary?.close()
    await network?.stop()
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  })

  it('is nothing while every client gets its answer', async () => {
    expect(await outcomes(sessions, fixture.target.url('https:', `/${SIZE}`), sha256)).to.deep.equal(
      all(testBytesSha256(SIZE)),
    )
    await expectNothingElse()
  })

  it('is nothing when there is no such name, and every client is told', async () => {
    for (const protocol of ['http:', 'https:']) {
      const url = `${protocol}//nx.target.test:${fixture.target.ports['https:']}/`
      expect(await outcomes(sessions, url)).to.deep.equal(all('failed'))
    }
    await expectNothingElse()
  })

  it('is nothing when a redirect leads to a private address, and no client gets an answer', async () => {
    fixture.refusesPrivate = true
    for (const place of ['10.0.0.1:80', `127.0.0.1:${(canary.address() as AddressInfo).port}`]) {
      for (const protocol of ['http', 'https']) {
        const url = fixture.target.url('https:', `/to/${protocol}/${place}`)
        expect(await outcomes(sessions, url), `${protocol}://${place}`).to.deep.equal(all('failed'))
      }
    }
    fixture.refusesPrivate = false
    // They did follow it, to where it ends: most of them by both protocols.
    for (const host of ['10.0.0.1', '127.0.0.1']) {
      expect(fixture.refused.filter((each) => each === host).length, host).to.be.at.least(sessions.size)
    }
    await expectNothingElse()
  })

  it('is nothing while every client visits an onion service of this process, and when nobody serves', async () => {
    const problems: (string | undefined)[] = []
    await using service = await fixture.tor.serve({ ports: [80], onStatus: ({ problem }) => problems.push(problem) })
    fixture.target.answerOn(serveHttp(service, () => undefined))
    await service.published
    const url = `http://${service.hostname}/${SIZE}`
    expect(await outcomes(sessions, url, sha256)).to.deep.equal(all(testBytesSha256(SIZE)))
    expect(await outcomes(sessions, `http://${NOBODY}/`)).to.deep.equal(all('failed'))
    await expectNothingElse()
    expectToNameNothing([...problems, fixture.tor.status.message, ...fixture.tor.status.warnings].join('\n'))
  })

  it('is nothing of a program that serves and of one that visits, whatever becomes of the service', async () => {
    const torrc = join(directory, 'torrc')
    await writeFile(torrc, network.dirAuthorityLines)
    const common = ['--network', torrc]
    const port = fixture.target.ports['http:']
    const serve = commands.start('serve', ['serve', `80:127.0.0.1:${port}`, ...common])
    const proxy = commands.start('proxy', ['proxy', '--socks', '0', '--log', 'info', ...common])
    const [, onion = ''] = await serve.told(/^(\S+\.onion):80 /)
    const socks = Number((await proxy.told(/:(\d+)\n/))[1])
    otherFront = `127.0.0.1:${socks}`
    const visit = (host: string, patience = 60_000): Promise<string> =>
      socksGet(socks, host, 80, `/${SIZE}`, patience).then(anAnswer, () => 'failed')

    // Relays that have much to do refuse circuits, and a service is given up when all that lead to it were refused.
    const patience = AbortSignal.timeout(100_000)
    let visited = await visit(onion)
    while (visited === 'failed' && !patience.aborted) visited = await visit(onion)
    expect(visited).to.equal('an answer')
    expect(await visit(NOBODY)).to.equal('failed')
    expect(await visit(`x${onion}`)).to.equal('failed')
    await serve.end('SIGKILL')
    // A relay may not know yet, and then the client waits for who will not come.
    expect(await visit(onion, 5_000)).to.equal('failed')
    await proxy.end('SIGINT')

    await expectNothingElse()
    const onlyRelays = relays().map((relay) => `address ${relay}`)
    for (const [{ label }, more] of [
      [serve, [`address 127.0.0.1:${port}`]],
      [proxy, []],
    ] as const) {
      const seen = await recorder.seen(label)
      expect([...onlyRelays, ...more], label).to.include.members(seen)
      expect(seen, label).to.include.members(more)
      expect(
        onlyRelays.some((relay) => seen.includes(relay)),
        label,
      ).to.equal(true)
    }
    for (const { stderr } of [serve, proxy]) expectToNameNothing(stderr)
    expect(proxy.stderr).to.match(/ info: circuit \d+ for onion/)
  })

  it('is nothing when the circuits die in the middle of every answer, and every client is told', async function () {
    const url = fixture.target.url('https:', '/stall')
    const broken = outcomes(sessions, url)
    await until(
      'every client in the middle of its answer',
      AbortSignal.timeout(120_000),
      () => fixture.target.stalled >= sessions.size,
    )
    fixture.exit = 'none' // for whoever tries again
    await exit.kill()
    expect(await broken).to.deep.equal(all('failed'))
    await expectNothingElse()
  })

  // Last, as from here on something does go out.
  it('would be seen, in this process and in every program', async () => {
    const direct = createServer((_, response) => response.end('x'.repeat(10)))
    await once(direct.listen(0, '127.0.0.1'), 'listening')
    const { port } = direct.address() as AddressInfo
    const [response] = (await once(get(`http://localhost:${port}/`, { family: 4 }), 'response')) as [
      NodeJS.ReadableStream,
    ]
    response.resume()
    expect(outgoing.connections).to.include(`127.0.0.1:${port}`)
    expect(outgoing.otherWays).to.include('GETADDRINFOREQWRAP')
    for (const client of programs()) {
      const label = `${client.name} misled`
      const ways = { ...fixture.ways(recorder.environment(label)), proxy: `127.0.0.1:${port}` }
      const session = client.open(ways)
      await session.get('https://localhost:4443/').catch(() => undefined) // This is no proxy.
      await session.close?.()
      expect(await recorder.seen(label), client.name).to.include(`address 127.0.0.1:${port}`)
    }
    direct.closeAllConnections()
    direct.close()
  })
})
