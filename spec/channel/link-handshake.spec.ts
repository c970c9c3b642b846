import { expect } from 'chai'
import { CellCommand } from '../../lib/cell/commands.ts'
import { encodeNetinfo } from '../../lib/cell/channel/netinfo.ts'
import { Deframer, type LinkItem } from '../../lib/channel/deframer.ts'
import { LinkHandshake, type LinkHandshakeOptions } from '../../lib/channel/link-handshake.ts'
import { hex, padded } from '../cell/support/bytes.ts'
import { expectRejection, expectThrow, handshakeBytes, platform, relay } from './support/relay-side.ts'
import {
  AUTH_CHALLENGE_BODY,
  CERTS_BODY,
  NETINFO_BODY,
  RECORDED_AT,
  TLS_CERTIFICATE,
} from './vectors/recorded-relay.ts'

const cell = (command: number, body: Uint8Array, circuitId = 0): LinkItem => ({
  kind: 'cell',
  circuitId,
  command,
  body: new Uint8Array(body),
})

const VERSIONS = cell(CellCommand.VERSIONS, hex('0003 0004 0005'))
const CERTS = cell(CellCommand.CERTS, CERTS_BODY)
const AUTH_CHALLENGE = cell(CellCommand.AUTH_CHALLENGE, AUTH_CHALLENGE_BODY)
const NETINFO = cell(CellCommand.NETINFO, padded(NETINFO_BODY))
const VPADDING = cell(CellCommand.VPADDING, hex('aabb'))
const ALL: readonly LinkItem[] = [VERSIONS, CERTS, AUTH_CHALLENGE, NETINFO]

const begun = (changes: Partial<LinkHandshakeOptions> = {}): LinkHandshake =>
  new LinkHandshake({
    expected: relay,
    address: { hostname: '127.0.0.1', port: 9001 },
    peerCertificate: TLS_CERTIFICATE,
    platform,
    clock: { now: () => RECORDED_AT },
    linkPadding: 'normal',
    ...changes,
  })

/** A handshake that has taken these cells. */
async function after(cells: readonly LinkItem[], changes: Partial<LinkHandshakeOptions> = {}): Promise<LinkHandshake> {
  const handshake = begun(changes)
  for (const item of cells) expect(await handshake.receive(item)).to.equal(undefined)
  return handshake
}

/** What the client answers to NETINFO. */
const answer = async (versions: LinkItem, changes: Partial<LinkHandshakeOptions> = {}): Promise<Uint8Array> =>
  (await (await after([versions, CERTS, AUTH_CHALLENGE], changes)).receive(NETINFO)) as Uint8Array

describe('the link handshake', () => {
  it('begins with VERSIONS 3, 4 and 5, as every tor client does', () => {
    expect(begun().start()).to.deep.equal(hex('0000 07 0006 0003 0004 0005'))
  })

  it('speaks no link protocol 3 all the same', async () => {
    await expectRejection(begun().receive(cell(CellCommand.VERSIONS, hex('0003'))), 'LINK_VERSION')
  })

  it('with a real relay ends with NETINFO, and says nothing of padding unless less of it is wanted', async () => {
    for (const linkPadding of ['normal', 'reduced', 'off'] as const) {
      const sent = await answer(VERSIONS, { linkPadding })
      // No time, the relay's address as it was dialled, no address of ours.
      expect(sent.subarray(0, 514)).to.deep.equal(
        Uint8Array.of(...hex('00000000 08'), ...padded(hex('00000000 04 04 7f000001 00'))),
      )
      expect(sent.length, linkPadding).to.equal(linkPadding === 'normal' ? 514 : 2 * 514)
    }
  })

  it('with a real relay ends with NETINFO, and where less padding is wanted with the word to stop it', async () => {
    const handshake = begun({ linkPadding: 'off' })
    const answers: (Uint8Array | undefined)[] = []
    for (const item of new Deframer().push(handshakeBytes())) answers.push(await handshake.receive(item))
    expect(answers.slice(0, 3)).to.deep.equal([undefined, undefined, undefined])
    const sent = answers[3] as Uint8Array
    expect(sent.length).to.equal(2 * 514)
    // No time, the relay's address as it was dialled, no address of ours; then PADDING_NEGOTIATE with command STOP.
    expect(sent.subarray(0, 514)).to.deep.equal(
      Uint8Array.of(...hex('00000000 08'), ...padded(hex('00000000 04 04 7f000001 00'))),
    )
    expect(sent.subarray(514)).to.deep.equal(Uint8Array.of(...hex('00000000 0c'), ...padded(hex('00 01 0000 0000'))))
    expect(handshake.result).to.deep.include({ linkVersion: 5, clockSkew: 0 })
  })

  it('settles on link protocol 4 with a relay that has no higher one, and negotiates no padding then', async () => {
    for (const versions of ['0004', '0003 0004', '0004 0003 0002', '0004 0006']) {
      const handshake = await after([cell(CellCommand.VERSIONS, hex(versions)), CERTS, AUTH_CHALLENGE], {
        linkPadding: 'off',
      })
      expect(((await handshake.receive(NETINFO)) as Uint8Array).length).to.equal(514)
      expect(handshake.result?.linkVersion).to.equal(4)
    }
  })

  it('settles on link protocol 5 with a relay that has higher ones', async () => {
    const handshake = await after([cell(CellCommand.VERSIONS, hex('0006 0005 0004')), CERTS, AUTH_CHALLENGE])
    await handshake.receive(NETINFO)
    expect(handshake.result?.linkVersion).to.equal(5)
  })

  it('tells the relay the address that was dialled, and none when it was a name', async () => {
    expect((await answer(VERSIONS, { address: { hostname: '2001:db8::7', port: 1 } })).subarray(5, 28)).to.deep.equal(
      hex('00000000 06 10 20010db8000000000000000000000007 00'),
    )
    expect(
      (await answer(VERSIONS, { address: { hostname: 'bridge.example', port: 1 } })).subarray(5, 16),
    ).to.deep.equal(hex('00000000 04 04 00000000 00'))
  })

  it("reports how far the relay's clock is ahead of ours, in seconds", async () => {
    const told = Math.floor(RECORDED_AT / 1000)
    for (const [timestamp, skew] of [
      [told, 0],
      [told + 90, 90],
      [told - 3600, -3600],
      [0, undefined],
    ] as const) {
      const handshake = await after([VERSIONS, CERTS, AUTH_CHALLENGE])
      await handshake.receive(
        cell(CellCommand.NETINFO, encodeNetinfo({ timestamp, otherAddress: undefined, myAddresses: [] })),
      )
      expect(handshake.result?.clockSkew).to.equal(skew)
    }
  })

  it('has no result before it is done', async () => {
    for (let count = 0; count < 4; count++) expect((await after(ALL.slice(0, count))).result).to.equal(undefined)
  })

  it('passes over VPADDING anywhere, and over a further VERSIONS', async () => {
    const handshake = await after([
      VPADDING,
      VERSIONS,
      VPADDING,
      cell(CellCommand.VERSIONS, hex('0004')),
      CERTS,
      VPADDING,
      AUTH_CHALLENGE,
      VPADDING,
    ])
    await handshake.receive(NETINFO)
    expect(handshake.result?.linkVersion).to.equal(5)
  })
})

describe('a relay that breaks the link handshake', () => {
  for (const versions of ['', '0003', '0001 0002 0003', '0006', '0400 0500']) {
    it(`with the versions ${versions === '' ? 'none' : versions} has none in common`, async () => {
      await expectRejection(begun().receive(cell(CellCommand.VERSIONS, hex(versions))), 'LINK_VERSION')
    })
  }

  const others: readonly LinkItem[] = [
    ...ALL,
    ...Object.values(CellCommand)
      .filter(
        (command) =>
          command !== CellCommand.VPADDING && !ALL.some((item) => item.kind === 'cell' && item.command === command),
      )
      .map((command) => cell(command, new Uint8Array(509))),
    cell(99, new Uint8Array(509)),
    cell(200, hex('')),
    { kind: 'run', circuitId: 0x80000001, bodies: new Uint8Array(509), count: 1 },
    { kind: 'run', circuitId: 0, bodies: new Uint8Array(509), count: 1 },
  ]
  ALL.forEach((due, count) => {
    for (const item of others) {
      const command = item.kind === 'run' ? CellCommand.RELAY : item.command
      const isIgnored = command === CellCommand.VERSIONS && count > 0
      if (item === due || isIgnored) continue
      it(`with command ${command} (${item.kind}) instead of its cell ${count + 1} is refused`, async () => {
        await expectRejection((await after(ALL.slice(0, count))).receive(item), 'LINK_PROTOCOL')
      })
    }

    it(`with a circuit id in its cell ${count + 1} is refused`, async () => {
      await expectRejection((await after(ALL.slice(0, count))).receive({ ...due, circuitId: 1 }), 'LINK_PROTOCOL')
    })
  })

  it('with anything once it is done is refused', async () => {
    const handshake = await after(ALL.slice(0, 3))
    await handshake.receive(NETINFO)
    for (const item of [NETINFO, CERTS, AUTH_CHALLENGE]) await expectRejection(handshake.receive(item), 'LINK_PROTOCOL')
  })

  for (const [what, done, item] of [
    ['VERSIONS of odd length', [], cell(CellCommand.VERSIONS, hex('0004 00'))],
    ['CERTS that is cut short', [VERSIONS], cell(CellCommand.CERTS, CERTS_BODY.subarray(0, 1000))],
    ['an empty CERTS', [VERSIONS], cell(CellCommand.CERTS, hex(''))],
    [
      'NETINFO that promises too much',
      [VERSIONS, CERTS, AUTH_CHALLENGE],
      cell(CellCommand.NETINFO, new Uint8Array(509).fill(0xff)),
    ],
  ] as const) {
    it(`with ${what} is refused, and the cause is told`, async () => {
      const handshake = await after(done)
      const error = await expectRejection(handshake.receive(item), 'LINK_PROTOCOL')
      expectThrow(() => {
        throw error.cause
      }, 'CELL_MALFORMED')
    })
  }

  it('with certificates that prove nothing is refused', async () => {
    await expectRejection((await after([VERSIONS])).receive(cell(CellCommand.CERTS, hex('00'))), 'LINK_CERTS')
    await expectRejection((await after([VERSIONS], { peerCertificate: hex('00') })).receive(CERTS), 'LINK_CERTS')
    await expectRejection((await after([VERSIONS], { clock: { now: () => 0 } })).receive(CERTS), 'LINK_CERTS')
  })

  it('with another identity is refused', async () => {
    const expected = { ...relay, rsaIdentity: new Uint8Array(20) }
    await expectRejection((await after([VERSIONS], { expected })).receive(CERTS), 'LINK_IDENTITY')
  })
})
