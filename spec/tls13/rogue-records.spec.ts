import { expect } from 'chai'
import { joinBytes } from '../../lib/base/bytes/join-bytes.ts'
import { handshakeMessage } from '../../lib/tls13/messages/handshake-message.ts'
import { recordHeader } from '../../lib/tls13/records/record-keys.ts'
import { ContentType, HandshakeType } from '../../lib/tls13/protocol/registry.ts'
import { bytes } from './support/scripted-server.ts'
import { begin, connect, expectToFail, restOf, type Rogue, type Script } from './support/rogue.ts'

const { ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE } = ContentType
const UNEXPECTED_MESSAGE = 10
const BAD_RECORD_MAC = 20
const RECORD_OVERFLOW = 22
const DECODE_ERROR = 50

const keyUpdate = (request: number): Uint8Array => handshakeMessage(HandshakeType.KEY_UPDATE, bytes(request))
const ticket = handshakeMessage(HandshakeType.NEW_SESSION_TICKET, new Uint8Array(20))

const repeat = async (times: number, step: () => Promise<void>): Promise<void> => {
  for (let left = times; left > 0; left--) await step()
}

const BEFORE_KEYS: readonly (readonly [does: string, script: Script, alert: number | undefined])[] = [
  ['speaks HTTP', async (server) => server.raw(new TextEncoder().encode('HTTP/1.1 400 Bad Request\r\n')), UNEXPECTED_MESSAGE], // prettier-ignore
  ['has another major version in its record', async (server) => server.raw(bytes(22, 2, 0, 0, 1, 0)), UNEXPECTED_MESSAGE], // prettier-ignore
  ['sends a record that is too long', async (server) => server.raw(recordHeader(HANDSHAKE, 16_385)), RECORD_OVERFLOW],
  ['sends an empty record of the handshake', (server) => server.record(HANDSHAKE, bytes()), UNEXPECTED_MESSAGE],
  ['sends an alert of one byte', (server) => server.record(ALERT, bytes(2)), DECODE_ERROR],
  ['sends an alert of three bytes', (server) => server.record(ALERT, bytes(2, 40, 0)), DECODE_ERROR],
  ['refuses', (server) => server.alert(40), undefined],
  ['refuses as a warning', (server) => server.alert(40, 1), undefined],
  ['says the end', (server) => server.alert(0, 1), undefined],
  ['sends a change_cipher_spec that is none', (server) => server.record(CHANGE_CIPHER_SPEC, bytes(2)), UNEXPECTED_MESSAGE], // prettier-ignore
  ['sends an empty change_cipher_spec', (server) => server.record(CHANGE_CIPHER_SPEC, bytes()), UNEXPECTED_MESSAGE],
  ['sends three of them', (server) => repeat(3, () => server.record(CHANGE_CIPHER_SPEC, bytes(1))), UNEXPECTED_MESSAGE],
  ['says user_canceled without end', (server) => repeat(40, () => server.alert(90, 1)), UNEXPECTED_MESSAGE],
  [
    'puts change_cipher_spec between the halves of a message',
    async (server) => {
      await server.record(HANDSHAKE, bytes(2, 0, 0, 76, 3, 3))
      await server.record(CHANGE_CIPHER_SPEC, bytes(1))
    },
    UNEXPECTED_MESSAGE,
  ],
  [
    'has another message in the record of its hello',
    async (server) => {
      server.hold()
      await server.hello()
      const extra = handshakeMessage(HandshakeType.ENCRYPTED_EXTENSIONS, bytes(0, 0))
      await server.record(HANDSHAKE, joinBytes([server.held().subarray(5), extra]), { plain: true })
    },
    UNEXPECTED_MESSAGE,
  ],
]

const AFTER_HELLO: readonly (readonly [does: string, script: Script, alert: number | undefined])[] = [
  ['seals nothing', (server) => server.record(0, bytes()), UNEXPECTED_MESSAGE],
  ['sends an empty record of the handshake', (server) => server.record(HANDSHAKE, bytes()), UNEXPECTED_MESSAGE],
  ['sends data', (server) => server.data(bytes(1)), UNEXPECTED_MESSAGE],
  ['seals a change_cipher_spec', (server) => server.record(CHANGE_CIPHER_SPEC, bytes(1)), UNEXPECTED_MESSAGE],
  ['sends an empty body', async (server) => server.raw(bytes(23, 3, 3, 0, 0)), BAD_RECORD_MAC],
  ['sends less than a tag', async (server) => server.raw(joinBytes([bytes(23, 3, 3, 0, 15), new Uint8Array(15)])), BAD_RECORD_MAC], // prettier-ignore
  ['alerts in the clear', (server) => server.record(ALERT, bytes(2, 40), { plain: true }), UNEXPECTED_MESSAGE],
  ['refuses', (server) => server.alert(40), undefined],
  ['says the end', (server) => server.alert(0, 1), undefined],
  ['sends a record that is too long', async (server) => server.raw(recordHeader(APPLICATION_DATA, 16_641)), RECORD_OVERFLOW], // prettier-ignore
]

const ONCE_OPEN: readonly (readonly [does: string, script: Script, alert: number | undefined])[] = [
  ['sends 33 empty records', (server) => repeat(33, () => server.data(bytes())), UNEXPECTED_MESSAGE],
  [
    'sends 33 records of nothing but padding',
    (server) => repeat(33, () => server.data(bytes(), 100)),
    UNEXPECTED_MESSAGE,
  ],
  ['sends 33 KeyUpdates', (server) => repeat(33, () => server.keyUpdate(0)), UNEXPECTED_MESSAGE],
  ['sends 33 tickets', (server) => repeat(33, () => server.record(HANDSHAKE, ticket)), UNEXPECTED_MESSAGE],
  ['sends a KeyUpdate of no known kind', (server) => server.keyUpdate(2), 47],
  ['sends an empty KeyUpdate', (server) => server.record(HANDSHAKE, handshakeMessage(24, bytes())), DECODE_ERROR],
  ['goes on in the record of a KeyUpdate', (server) => server.record(HANDSHAKE, joinBytes([keyUpdate(0), ticket])), UNEXPECTED_MESSAGE], // prettier-ignore
  ['goes on in the record of a KeyUpdate with half a message', (server) => server.record(HANDSHAKE, joinBytes([keyUpdate(0), bytes(4)])), UNEXPECTED_MESSAGE], // prettier-ignore
  [
    'keeps its keys after a KeyUpdate',
    async (server) => {
      await server.record(HANDSHAKE, keyUpdate(0))
      await server.data(bytes(1))
    },
    BAD_RECORD_MAC,
  ],
  [
    'sends data in the middle of a message',
    async (server) => {
      await server.record(HANDSHAKE, ticket.subarray(0, 9))
      await server.data(bytes(1))
    },
    UNEXPECTED_MESSAGE,
  ],
  [
    'says the end in the middle of a message',
    async (server) => {
      await server.record(HANDSHAKE, ticket.subarray(0, 9))
      await server.alert(0, 1)
    },
    undefined,
  ],
  ['begins a message that is longer than any', (server) => server.record(HANDSHAKE, bytes(4, 255, 255, 255)), 47],
  ['sends too much content', (server) => server.data(new Uint8Array(16_385)), RECORD_OVERFLOW],
  ['sends too much content and padding', (server) => server.data(new Uint8Array(16_000), 400), RECORD_OVERFLOW],
  ['sends a change_cipher_spec', (server) => server.record(CHANGE_CIPHER_SPEC, bytes(1), { plain: true }), UNEXPECTED_MESSAGE], // prettier-ignore
  ['says internal_error', (server) => server.alert(80), undefined],
  ['says something unknown', (server) => server.alert(200), undefined],
]

describe('A TLS server whose records are wrong', () => {
  for (const [does, script, alert] of BEFORE_KEYS) {
    it(`before its hello: ${does}`, () => expectToFail({ does, script, alert }))
  }
  for (const [does, script, alert] of AFTER_HELLO) {
    it(`after its hello: ${does}`, () =>
      expectToFail({
        does,
        alert,
        async script(server, wire) {
          await server.hello()
          await script(server, wire)
        },
      }))
  }
  for (const [does, script, alert] of ONCE_OPEN) {
    it(`once open: ${does}`, () =>
      expectToFail({
        does,
        alert,
        async script(server, wire) {
          await server.handshake()
          await script(server, wire)
        },
      } satisfies Rogue))
  }

  it('has its records mixed up, repeated or left out: all before that is read, and not one byte of what is wrong', async () => {
    for (const [order, right] of [
      [[1, 0, 2], []],
      [[0, 0, 1], [1]],
      [[0, 2, 1], [1]],
      [
        [0, 1, 1],
        [1, 2],
      ],
    ] as const) {
      // prettier-ignore
      const { server, wire, streams, ...rest } = await connect()
      const records: Uint8Array[] = []
      for (const value of [1, 2, 3]) {
        server.hold()
        await server.data(bytes(value))
        records.push(server.held())
      }
      const over = restOf({ server, wire, ...rest })
      wire.give(joinBytes(order.map((at) => records[at] as Uint8Array)))
      const read: number[] = []
      const reader = streams.readable.getReader()
      const failure = await (async () => {
        for (;;) read.push(...((await reader.read()).value as Uint8Array))
      })().catch((error: { code: string }) => error.code)
      expect(failure).to.equal('TLS_FAILED')
      expect(read).to.deep.equal(right)
      expect((await over).at(-1)?.content).to.deep.equal(bytes(2, BAD_RECORD_MAC))
    }
  })

  it('ends in the middle of the handshake', async () => {
    for (const steps of [0, 1, 2, 3, 4]) {
      const script: Script = async (server, wire) => {
        const all = ['hello', 'encryptedExtensions', 'certificate', 'certificateVerify'] as const
        for (const step of all.slice(0, steps)) await server[step]()
        wire.end()
      }
      await expectToFail({ does: '', script, alert: undefined })
    }
  })
})

describe('A TLS server with unusual records that are right', () => {
  it('may split its handshake at every byte, and have several messages in a record', async () => {
    const lengths = [1, 2, 3, 4, 5, 7, 64, 1000]
    for (const length of lengths) {
      const { server, wire, secured } = await begin()
      await server.hello()
      server.gather()
      await server.encryptedExtensions()
      await server.certificate()
      await server.certificateVerify()
      await server.finished()
      const whole = server.gathered()
      for (let at = 0; at < whole.length; at += length) {
        await server.record(HANDSHAKE, whole.subarray(at, at + length), { early: true })
      }
      const { chain } = await secured
      expect(chain).to.deep.equal([server.identity.certificate])
      const answer = await server.take((await wire.take()) as Uint8Array)
      expect(answer.map(({ type }) => type)).to.deep.equal([CHANGE_CIPHER_SPEC, HANDSHAKE])
    }
  })

  it('may fill records with padding to the last byte, in the handshake as well', async () => {
    const { server, streams } = await connect()
    await server.data(bytes(7), 16_384 - 1)
    await server.data(new Uint8Array(16_384).fill(8))
    const reader = streams.readable.getReader()
    expect((await reader.read()).value).to.deep.equal(bytes(7))
    expect((await reader.read()).value).to.have.length(16_384)
  })

  it('may send the longest record there is in one piece with its hello', async () => {
    const { server, wire, secured } = await begin()
    server.hold()
    await server.hello()
    await server.record(HANDSHAKE, handshakeMessage(HandshakeType.ENCRYPTED_EXTENSIONS, bytes(0, 0)), {
      padding: 16_378,
    })
    server.raw(server.held())
    wire.end()
    expect(String(await secured.catch((error: unknown) => error))).to.contain('closed the connection')
  })

  it('may have KeyUpdates between any records of one piece, also when it asks for ours', async () => {
    const { server, wire, streams } = await connect()
    const reader = streams.readable.getReader()
    server.hold()
    for (let round = 0; round < 40; round++) {
      await server.data(bytes(round))
      if (round % 3 !== 0) await server.keyUpdate(round % 2)
    }
    server.raw(server.held())
    expect((await reader.read()).value).to.deep.equal(Uint8Array.from({ length: 40 }, (_, at) => at))
    const writer = streams.writable.getWriter()
    await writer.write(bytes(9))
    const from = await server.take((await wire.take()) as Uint8Array)
    expect(from.at(-1)).to.deep.equal({ type: APPLICATION_DATA, content: bytes(9) })
  })
})
