import { expect } from 'chai'
import type { TorClient } from '../../../lib/client/tor-client.ts'
import type { DirectoryRelay } from '../../../lib/directory/network-directory.ts'
import { echo, source } from '../../../lib/testing/exit/exits.ts'
import { turn } from '../../support/turn.ts'
import { ClientFixture, pathOf } from '../support/client-fixture.ts'

const isDeeplyFrozen = (value: unknown): boolean =>
  typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen))

describe('TorClient.circuits', function () {
  let fixture: ClientFixture
  let tor: TorClient

  before(async () => {
    fixture = await ClientFixture.start({ congestionControl: false })
  })

  afterEach(() => fixture.tidy())
  after(() => fixture.end())

  const exits = (handler = echo()): void => {
    for (const relay of fixture.network.relays) relay.exit = handler
  }

  it('shows each circuit that there is, with the path that it really has', async () => {
    tor = await fixture.open()
    await fixture.quiet()
    const shown = tor.circuits.filter(({ purpose }) => purpose === 'streams')
    const real = fixture.network.circuits.filter(({ closed, hops }) => !closed && hops.length === 3).map(pathOf)
    expect(shown.map(({ path }) => path.map(({ nickname }) => nickname))).to.have.deep.members(real)
    expect(shown.map(({ state, hops }) => [state, hops])).to.deep.equal(shown.map(() => ['open', 3]))
    const [guard, , exit] = shown[0]?.path ?? []
    expect(guard?.fingerprint).to.match(/^[0-9A-F]{40}$/)
    expect(guard?.flags).to.deep.equal(['Fast', 'Guard', 'Running', 'Stable', 'V2Dir', 'Valid'])
    expect(exit?.flags).to.include('Exit')
    expect(guard?.country).to.equal(undefined)
  })

  it('is frozen to its depth, survives JSON, and holds for its moment', async () => {
    exits(source({ length: Infinity }))
    tor = await fixture.open()
    const socket = tor.connect('example.com:80')
    await fixture.passing(socket.opened)
    await turn(20)
    const before = tor.circuits
    expect(isDeeplyFrozen(before)).to.equal(true)
    expect(JSON.parse(JSON.stringify(before))).to.deep.equal(structuredClone(JSON.parse(JSON.stringify(before))))
    const text = JSON.stringify(before)
    await fixture.passing(socket.readable.getReader().read())
    expect(JSON.stringify(before)).to.equal(text)
    expect(JSON.stringify(tor.circuits)).to.not.equal(text)
  })

  it('shows a stream with its target, its bytes and windows that are those of the far end', async () => {
    exits(source({ length: Infinity }))
    tor = await fixture.open()
    const socket = tor.connect({ hostname: 'reader.example', port: 443 })
    await fixture.passing(socket.opened)
    await fixture.passing(
      fixture.network.when(() => farStream('reader.example')?.flow.packageWindow === 0), // nobody reads
    )
    await turn(20)
    const circuit = tor.circuits.find(({ streams }) => streams.length > 0)
    const far = farStream('reader.example')
    expect(circuit?.streams).to.deep.equal([
      {
        id: 1,
        circuit: circuit?.id,
        target: 'reader.example:443',
        state: 'open',
        flow: { kind: 'windows', package: 500, deliver: 0 },
        bytesIn: far?.bytesSent,
        bytesOut: 0,
        waiting: far?.bytesSent,
      },
    ])
    expect(far?.dataSent).to.equal(500)
    expect(circuit?.flow).to.deep.equal({ kind: 'windows', package: 1000, deliver: 1000 })
    expect(circuit?.bytesIn).to.be.greaterThan(500 * 514)
    expect(socket.circuit).to.deep.equal({ id: circuit?.id, path: circuit?.path })
    await fixture.passing(socket.close())
    expect(tor.circuits.flatMap(({ streams }) => streams)).to.deep.equal([])
    expect(socket.circuit).to.equal(undefined)
  })

  it('counts what was written, and what was read or thrown away', async () => {
    exits()
    tor = await fixture.open()
    const socket = tor.connect('example.com:80')
    const writer = socket.writable.getWriter()
    await fixture.passing(writer.write(new Uint8Array(12_345)))
    await fixture.passing(fixture.network.when(() => farStream('example.com')?.bytesSent === 12_345))
    await turn(20)
    const reader = socket.readable.getReader()
    const { value } = await fixture.passing(reader.read())
    const seen = (): unknown =>
      tor.circuits
        .flatMap(({ streams }) => streams)
        .map(({ bytesIn, bytesOut, waiting }) => [bytesIn, bytesOut, waiting])
    expect(seen()).to.deep.equal([[12_345, 12_345, 12_345 - (value?.length ?? 0)]])
    void reader.cancel()
    expect(seen()).to.deep.equal([[12_345, 12_345, 0]])
  })

  it('shows a lookup by its name, while it waits', async () => {
    tor = await fixture.open()
    let answer: (() => void) | undefined
    for (const relay of fixture.network.relays)
      relay.resolve = () =>
        new Promise((resolve) => (answer = () => resolve([{ type: 'ipv4', address: '203.0.113.5', ttl: 1 }])))
    const lookup = tor.resolve('name.example')
    for (let turns = 0; turns < 5000 && answer === undefined; turns++) await turn()
    const [stream] = tor.circuits.flatMap(({ streams }) => streams)
    expect(stream).to.deep.include({ target: 'name.example', state: 'connecting', flow: undefined })
    answer?.()
    await fixture.passing(lookup)
  })

  it('names the country that the lookup of the user gives, once a circuit, and none where it throws', async () => {
    const asked: string[] = []
    const countryOf = ({ nickname }: DirectoryRelay): string => {
      asked.push(nickname)
      if (nickname.startsWith('exit')) throw new Error('no such table')
      return 'NL'
    }
    tor = await fixture.open({ countryOf })
    await fixture.quiet()
    expect(asked).to.deep.equal([])
    const paths = (tor.circuits, tor.circuits).filter(({ purpose }) => purpose === 'streams').map(({ path }) => path)
    for (const { nickname = '', country } of paths.flat())
      expect(country).to.equal(nickname.startsWith('exit') ? undefined : 'NL')
    expect(asked).to.have.length(paths.flat().length)
  })

  it('shows the whole client through every view, and nothing once it is closed', async () => {
    exits()
    tor = await fixture.open()
    const socket = tor.isolated().connect('example.com:80')
    await fixture.passing(socket.opened)
    expect(tor.circuits.flatMap(({ streams }) => streams)).to.have.length(1)
    expect(tor.isolated().circuits.map(({ id }) => id)).to.deep.equal(tor.circuits.map(({ id }) => id))
    await fixture.passing(tor.close())
    expect(tor.circuits).to.deep.equal([])
  })

  it('shows the congestion window and who has stopped whom, under congestion control', async () => {
    const other = await ClientFixture.start({ exit: source({ length: Infinity }) })
    const client = await other.open()
    const socket = client.connect('stopped.example:80')
    await other.passing(socket.opened)
    await other.passing(other.network.when(() => farStream('stopped.example', other)?.flow.packageWindow === 0))
    await turn(20)
    const [circuit] = client.circuits.filter(({ streams }) => streams.length > 0)
    const flow = circuit?.flow
    expect(flow?.kind === 'congestion-control' && flow.cwnd).to.be.greaterThan(0)
    expect(circuit?.streams[0]?.flow).to.deep.equal({
      kind: 'congestion-control',
      xoffSent: true,
      xoffReceived: false,
    })
    await other.passing(socket.close())
    await other.tidy()
    await other.end()
  })

  /** The latest stream to this host, as its exit has it; undefined as long as there is none. */
  const farStream = (host: string, { network } = fixture) =>
    network.circuits
      .flatMap(({ hops }) => [...(hops.at(-1)?.streams.values() ?? [])])
      .findLast(({ target }) => target?.host === host)
})
