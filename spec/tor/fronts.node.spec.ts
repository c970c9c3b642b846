import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { unlessEngineLacks } from '../support/engines.ts'
import { requireProgram, skipBecause } from '../support/programs.ts'
import { ClientsTable, type ClientRow } from './support/clients-table.ts'
import type { Session } from './support/front-clients.ts'
import { FrontFixture } from './support/front-fixture.ts'
import { LIBRARIES } from './support/library-clients.ts'
import { ChildRecorder } from './support/outgoing-child.ts'
import { PROGRAMS } from './support/program-clients.ts'
import { sharedNetworkOfClients } from './support/shared.ts'
import { socksGet } from './support/socks-get.ts'
import { testBytes, testBytesSha256 } from './support/test-bytes.ts'
import { targetName } from './support/web-target.ts'

/** How much goes each way, in bytes. */
const SIZE = 300_000

const PROTOCOLS = ['http:', 'https:'] as const

/** Verbs, by the column of the table. */
type Seen = Record<`\`${(typeof PROTOCOLS)[number]}\``, string[]>

const received = (bytes: Uint8Array): object => ({
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
})

const expected = { bytes: SIZE, sha256: testBytesSha256(SIZE) }

/**
 * Names below `.test` exist for the exits of this network only: an answer is the proof that it was them who resolved
 * one.
 */
describe('Clients of the fronts, through real tor', function () {
  let fixture: FrontFixture
  const rows: ClientRow[] = []

  before(async function () {
    requireProgram(this, 'tor')
    requireProgram(this, 'tor-gencert')
    fixture = await FrontFixture.open(await sharedNetworkOfClients(), { repository: SIZE })
  })

  after(async function () {
    await fixture?.close()
  })

  it('serves 50 SOCKS clients at once', async () => {
    const { front, target } = fixture
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => socksGet(front.port, targetName, target.ports['http:'], '/20000', 25_000)),
    )
    for (const answer of answers) {
      const body = answer.subarray(Buffer.from(answer).indexOf('\r\n\r\n') + 4)
      expect(received(body)).to.deep.equal({ bytes: 20_000, sha256: testBytesSha256(20_000) })
    }
  })

  for (const {
    name,
    how,
    note = '',
    program,
    feature,
    missing,
    asksResolver = false,
    verbs = ['GET', 'POST'],
    open,
  } of [...LIBRARIES, ...PROGRAMS]) {
    const guarded = feature === undefined ? { describe } : unlessEngineLacks(feature)
    const seen: Seen = { '`http:`': [], '`https:`': [] }
    const row: ClientRow = { name, how, note, seen: undefined }
    rows.push(row)

    guarded.describe(name, () => {
      let session: Session | undefined

      before(async function () {
        if (missing !== undefined) skipBecause(this, missing)
        if (program !== undefined) requireProgram(this, program)
        // Only in vain: see leaks.node.spec.ts.
        const recorder = asksResolver
          ? await ChildRecorder.make(requireProgram(this, 'gcc'), fixture.ways().directory)
          : undefined
        session = open(fixture.ways(recorder?.environment(name)))
      })

      after(function () {
        if (this.test?.parent?.tests.every(({ state }) => state === 'passed') === true) row.seen = seen
        return session?.close?.()
      })

      for (const protocol of PROTOCOLS) {
        it(`${verbs[0]} by ${protocol}`, async () => {
          expect(received(await (session as Session).get(fixture.target.url(protocol, `/${SIZE}`)))).to.deep.equal(
            expected,
          )
          seen[`\`${protocol}\``].push(verbs[0])
        })

        if (verbs[1] === '') continue
        it(`${verbs[1]} by ${protocol}`, async () => {
          const answer = await session?.post?.(fixture.target.url(protocol, '/'), testBytes(SIZE))
          expect(JSON.parse(Buffer.from(answer as Uint8Array).toString())).to.deep.equal(expected)
          seen[`\`${protocol}\``].push(verbs[1])
        })
      }
    })
  }

  describe('the table in the README', () => {
    it('says what was seen; UPDATE_README=1 writes it', () => {
      const table = new ClientsTable(
        'clients',
        PROTOCOLS.map((protocol) => `\`${protocol}\``),
      )
      const made = table.of(rows)
      if (process.env['UPDATE_README'] === '1') table.write(made)
      expect(table.written()).to.equal(made)
    })
  })
})
