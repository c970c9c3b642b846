import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { TorClient } from '../../lib/client/tor-client.ts'
import { parseDirAuthorityLines } from '../../lib/directory/network/dir-authority-lines.ts'
import { MemoryStorage } from '../../lib/platform/storage/storage.ts'
import { requireProgram } from '../support/programs.ts'
import { upload } from './support/client.ts'
import { TorNetwork } from './support/network.ts'
import { until } from './support/poll.ts'
import { socksPut } from './support/socks-get.ts'
import { toldApart } from './support/told-apart.ts'
import { Command, readWire, type WireView } from './support/wire-view.ts'

const UPLOADED = 40_000

/** How often a command comes in all. */
const count = ({ links }: WireView, command: number): number =>
  links.flatMap(({ cells }) => cells).filter((cell) => cell.command === command).length

/** The different ones, in their order. */
const set = (values: readonly string[]): string[] => [...new Set(values)].sort()

/** The head of the request whose path begins so, without what depends on who is asked, and what is offered to decompress. */
const head = (view: WireView, path: string): string | undefined =>
  view.requests
    .find((request) => request.startsWith(`GET ${path}`))
    ?.replace(/^Host: 127\.0\.0\.1:\d+/m, 'Host: it')
    .replace(/^Accept-Encoding: .*/m, 'Accept-Encoding: some')

/** What a tor offers that is built without LZMA and Zstandard, as Tor Browser's is. */
const withoutOptional = (offered: string): string => offered.replace(/x-tor-lzma, |x-zstd, /g, '')

/** Of each circuit that carries much, how many of the first cells are RELAY_EARLY: seven or eight, as the die falls. */
function earlyCells({ links }: WireView): string[] {
  const seen = links.flatMap(({ cells }) => {
    const circuits = new Map<number, number[]>()
    for (const { command, circuit } of cells)
      if (command === Command.RELAY || command === Command.RELAY_EARLY)
        circuits.set(circuit, [...(circuits.get(circuit) ?? []), command])
    return [...circuits.values()].filter((commands) => commands.includes(Command.RELAY_EARLY) && commands.length > 20)
  })
  return set(
    seen.map((commands) => {
      const early = commands.filter((command) => command === Command.RELAY_EARLY).length
      const areFirst = commands.lastIndexOf(Command.RELAY_EARLY) === early - 1
      return `${early === 7 || early === 8 ? '7 or 8' : early}${areFirst ? '' : ', not the first'}`
    }),
  )
}

/** What is looked at, by its name: a row of SECURITY.md's if the two clients differ in it. */
const OBSERVED: Readonly<Record<string, (view: WireView) => unknown>> = {
  'versions of the link protocol': ({ links }) =>
    set(links.map(({ cells }) => cells[0]?.body.toString('hex') ?? 'none')),
  'NETINFO': ({ links }) => set(links.map(({ cells }) => netinfo(cells[1]?.body))),
  'what is written together first': ({ links }) => links[0]?.records.slice(0, 2),
  'the first circuit': ({ links }) => links[0]?.cells[2]?.command,
  'handshakes with the first relay': ({ links }) =>
    set(
      links
        .flatMap(({ cells }) => cells)
        .filter(({ command }) => command === Command.CREATE2)
        .map(({ body }) => `type ${body.readUInt16BE(0)}, ${body.readUInt16BE(2)} bytes`),
    ),
  'ids of circuits': ({ links }) =>
    set(
      links.flatMap(({ cells }) =>
        cells.filter(({ circuit }) => circuit !== 0).map(({ circuit }) => String(circuit >>> 31)),
      ),
    ),
  'RELAY_EARLY cells': earlyCells,
  'PADDING_NEGOTIATE': (view) => count(view, Command.PADDING_NEGOTIATE),
  'the request for a consensus': (view) => head(view, '/tor/status-vote/'),
  'the request for certificates': (view) => head(view, '/tor/keys/'),
  'the request for descriptions': (view) => head(view, '/tor/micro/'),
  'kinds of requests': ({ requests }) => set(requests.map((request) => request.split('/', 3)[2] ?? request)),
  'compression of directory documents': ({ requests }) =>
    set(requests.map((request) => withoutOptional(/^Accept-Encoding: (.*)/m.exec(request)?.[1] ?? 'none'))),
  'circuits ahead of need': (view) => count(view, Command.CREATE2) >= 6,
  'the end of a client': (view) => count(view, Command.DESTROY) > 0,
}

/** Time, address of the far end, and how many of its own (tor-spec, "NETINFO cells"). */
const netinfo = (body: Buffer | undefined): string =>
  body === undefined ? 'none' : `${body.readUInt32BE(0)} ${body[4]} ${body[5]} own ${body[6 + (body[5] as number)]}`

/** Rows that a private network does not show within seconds, or not to its relays. */
const NOT_HERE: Readonly<Record<string, string>> = {
  'the TLS ClientHello in Bun': 'another runtime: native-hello.server.spec.ts',
  'the TLS ClientHello in Deno': 'another runtime',
  'a directory server that holds up a client': 'none does',
  'a circuit that a stream waits for, slow': 'none is',
  'conflux': 'the exit alone can read it',
  'the handshake': 'the exit alone can read it',
}

describe('What relays see of this client', function () {
  let directory: string
  let network: TorNetwork
  let rows: string[]
  let theirs: WireView
  let ours: WireView

  before(async () => {
    rows = toldApart(await readFile('SECURITY.md', 'utf8'))
  })

  before(async function () {
    for (const program of ['tor', 'tor-gencert', 'gcc'] as const) requireProgram(this, program)
    directory = await mkdtemp(join(tmpdir(), 'tor-streams-wire-'))
    const prefix = join(directory, 'wire-')
    network = await TorNetwork.start({ authorities: 1, relays: 4, exits: 2, wireOut: prefix })
    const signal = AbortSignal.timeout(60_000)
    /** What was seen of a client that is over. */
    const seenFrom = async (start: number): Promise<WireView> =>
      until('the relays to let go of a client', signal, async () => {
        const view = await readWire(prefix, start, Infinity)
        return view.links.length > 0 && view.links.every(({ isOver }) => isOver) && view
      })

    const theirStart = Date.now()
    const client = await network.startClient('another')
    await until('a tor client', signal, () => client.log().includes('Bootstrapped 100%'))
    await socksPut(client.socksPort, '127.0.0.1', network.httpPort, UPLOADED, 30_000)
    await until(
      'circuits ahead of need',
      signal,
      async () => count(await readWire(prefix, theirStart, Infinity), Command.CREATE2) >= 6,
    )
    await client.stop()
    theirs = await seenFrom(theirStart)

    const ourStart = Date.now()
    const tor = await TorClient.open({
      network: { authorities: parseDirAuthorityLines(network.dirAuthorityLines), fallbacks: [], testing: true },
      storage: new MemoryStorage(),
    })
    await upload(tor.connect(`some.name.test:${network.httpPort}`), UPLOADED)
    await tor.close()
    ours = await seenFrom(ourStart)
  })

  after(async () => {
    await network?.stop()
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  })

  it('is told apart by what SECURITY.md lists, and all of that is looked at here or for a reason elsewhere', () => {
    expect(rows).to.not.be.empty
    expect(rows.filter((row) => !(row in OBSERVED) && !(row in NOT_HERE))).to.deep.equal([])
    expect(Object.keys(NOT_HERE).filter((row) => !rows.includes(row))).to.deep.equal([])
  })

  for (const [name, observe] of Object.entries(OBSERVED)) {
    it(`${name}: the same as of C tor's client, or listed in SECURITY.md`, () => {
      const [own, tors] = [observe(ours), observe(theirs)]
      if (rows.includes(name)) expect(own).to.not.deep.equal(tors)
      else expect(own).to.deep.equal(tors)
    })
  }
})
