import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { serveHttp } from '../../lib/node/onion/serve-http.ts'
import { requireProgram } from '../support/programs.ts'
import { ClientsTable, type ClientRow } from './support/clients-table.ts'
import { FrontFixture } from './support/front-fixture.ts'
import { GRPC_CLIENTS } from './support/grpc-clients.ts'
import { GrpcTarget } from './support/grpc-target.ts'
import type { Received } from './support/http-target.ts'
import type { FarEnd, OtherSession } from './support/other-clients.ts'
import { ChildRecorder } from './support/outgoing-child.ts'
import { until } from './support/poll.ts'
import { sharedNetworkOfClients } from './support/shared.ts'
import { SSH_CLIENTS } from './support/ssh-clients.ts'
import { SshTarget } from './support/ssh-target.ts'
import { testBytes, testBytesSha256 } from './support/test-bytes.ts'
import { TORSOCKS_CLIENTS } from './support/torsocks-clients.ts'
import { targetName } from './support/web-target.ts'

/** How much goes each way, in bytes. */
const SIZE = 300_000

const expected = { bytes: SIZE, sha256: testBytesSha256(SIZE) }

const contentOf = (content: Uint8Array): Received => ({
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
})

const outcomeOf = (attempt: Promise<unknown>): Promise<'done' | 'failed'> =>
  attempt.then(
    () => 'done',
    () => 'failed',
  )

/** What becomes of each way of a session, all at once. */
async function everyWay<W, T>(
  ways: Readonly<Record<string, W>>,
  of: (way: W) => Promise<T>,
): Promise<Record<string, T>> {
  return Object.fromEntries(
    await Promise.all(Object.entries(ways).map(async ([name, way]) => [name, await of(way)] as const)),
  )
}

/** The same of every way. */
const everyTime = <T>(ways: object, outcome: T): Record<string, T> =>
  Object.fromEntries(Object.keys(ways).map((name) => [name, outcome]))

/**
 * Each client is recorded all the time, and finds no name that it looks up: see leaks.node.spec.ts, and there too what
 * this process does.
 */
describe('Clients that speak something other than HTTP/1.1, through real tor', function () {
  let directory: string
  let recorder: ChildRecorder
  let fixture: FrontFixture
  let ssh: SshTarget
  let grpc: GrpcTarget
  let farEnd: FarEnd
  const sessions = new Map<string, OtherSession>()
  const rows: ClientRow[] = []

  const clients = [...SSH_CLIENTS, ...GRPC_CLIENTS, ...TORSOCKS_CLIENTS]
  const unseen = new Set(clients.filter(({ isUnseen = false }) => isUnseen).map(({ name }) => name))

  /** The front, and nothing else: no name, no other address. */
  async function expectOnlyTheFront(name: string): Promise<void> {
    const expected = unseen.has(name) ? [] : [`address ${fixture.ways().proxy}`]
    expect(await recorder.seen(name), name).to.deep.equal(expected)
  }

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    const sshd = requireProgram(this, 'sshd')
    requireProgram(this, 'git')
    directory = await mkdtemp(join(tmpdir(), 'tor-streams-others-'))
    recorder = await ChildRecorder.make(requireProgram(this, 'gcc'), directory)
    fixture = await FrontFixture.open(await sharedNetworkOfClients(), { repository: SIZE })
    ssh = await SshTarget.start(sshd, directory)
    grpc = await GrpcTarget.start()
    const service = await fixture.tor.serve({ ports: [80] })
    fixture.target.answerOn(serveHttp(service, () => undefined))
    await service.published
    const file = join(directory, 'file')
    await writeFile(file, testBytes(SIZE))
    farEnd = {
      file,
      repository: fixture.repository as string,
      ssh: ssh.identity,
      onion: service.hostname,
      grpc: grpc.ports,
    }
  })

  after(async () => {
    await ssh?.stop()
    grpc?.stop()
    await fixture?.close()
    if (directory !== undefined) await rm(directory, { recursive: true, force: true })
  })

  for (const { name, how, note = '', programs, open, openBeside } of clients) {
    const row: ClientRow = { name, how, note, seen: undefined }
    rows.push(row)

    describe(name, () => {
      let session: OtherSession

      before(async function () {
        for (const program of programs) requireProgram(this, program)
        session = await open(fixture.ways(recorder.environment(name)), farEnd)
        sessions.set(name, session)
      })

      after(function () {
        const { receives, sends } = session ?? {}
        if (this.test?.parent?.tests.every(({ state }) => state === 'passed') === true)
          row.seen = { receives: Object.keys(receives), sends: Object.keys(sends) }
      })

      it('receives, and goes nowhere but to the front', async () => {
        const received = await everyWay(session.receives, async (receive) => contentOf(await receive(targetName)))
        expect(received).to.deep.equal(everyTime(session.receives, expected))
        await expectOnlyTheFront(name)
      })

      it('sends, and goes nowhere but to the front', async () => {
        const sent = await everyWay(session.sends, (send) => send(targetName))
        expect(sent).to.deep.equal(everyTime(session.sends, expected))
        await expectOnlyTheFront(name)
      })

      it('is told that there is no such name, and goes nowhere but to the front', async () => {
        const outcomes = await everyWay(session.receives, (receive) => outcomeOf(receive(`nx.${targetName}`)))
        expect(outcomes).to.deep.equal(everyTime(session.receives, 'failed'))
        await expectOnlyTheFront(name)
      })

      it('would be seen to look up names', async () => {
        const label = `${name} beside Tor`
        const beside = await openBeside(fixture.ways(recorder.environment(label)), farEnd)
        const outcomes = await everyWay(beside.receives, (receive) => outcomeOf(receive(targetName)))
        expect(outcomes).to.deep.equal(everyTime(beside.receives, 'failed'))
        expect(await recorder.seen(label)).to.deep.equal([`name ${targetName}`])
      })
    })
  }

  describe('together', () => {
    it('are all told when the client closes under them, and go nowhere but to the front', async () => {
      const waiting = await Promise.all(
        Array.from(sessions, async ([name, session], index) => {
          const sign = join(directory, `sign-${index}`)
          const outcome = outcomeOf(session.waits(targetName, sign))
          await until(`${name} to wait`, AbortSignal.timeout(60_000), () => existsSync(sign))
          return { name, outcome }
        }),
      )
      expect(waiting).not.to.deep.equal([])
      await fixture.tor.close()
      for (const { name, outcome } of waiting) {
        expect(await outcome, name).to.equal('failed')
        await expectOnlyTheFront(name)
      }
    })

    it('are in the table of the README; UPDATE_README=1 writes it', () => {
      const table = new ClientsTable('other clients', ['receives', 'sends'])
      const made = table.of(rows)
      if (process.env['UPDATE_README'] === '1') table.write(made)
      expect(table.written()).to.equal(made)
    })
  })
})
