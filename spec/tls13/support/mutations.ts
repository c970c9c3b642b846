/**
 * What a server sends, altered at random: for the specs, a few of each kind, and for the program that goes on for millions.
 *
 * @module
 */
import { joinBytes } from '../../../lib/base/bytes/join-bytes.ts'
import { SocketError, TorError } from '../../../lib/base/errors.ts'
import { publicKeyInfoOf } from '../../../lib/crypto/public-key-info.ts'
import { fixedEcdsa } from '../../../lib/crypto/signature.ts'
import type { ClientHello } from '../../../lib/tls13/messages/client-hello.ts'
import { HandshakeReader, handshakeMessage } from '../../../lib/tls13/messages/handshake-message.ts'
import { RecordDeframer } from '../../../lib/tls13/records/record-deframer.ts'
import { recordHeader } from '../../../lib/tls13/records/record-keys.ts'
import { readServerHello } from '../../../lib/tls13/messages/server-hello.ts'
import {
  readCertificateRequest,
  readCertificates,
  readCertificateVerify,
  readEncryptedExtensions,
  readKeyUpdate,
} from '../../../lib/tls13/messages/server-messages.ts'
import { TlsClient } from '../../../lib/tls13/tls-client.ts'
import { TlsFault } from '../../../lib/tls13/protocol/tls-fault.ts'
import type { Identity } from './identity.ts'
import { freshHello } from './rogue.ts'
import { bytes, certificateBody, extensionBlock, ScriptedServer, u16 } from './scripted-server.ts'

/** Whole numbers from 0 to `below` - 1. */
export type Random = (below: number) => number

/** The same numbers for the same seed (mulberry32). */
export function randomFrom(seed: number): Random {
  let state = seed | 0
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** Chance that alters nothing: the last of whatever there is to choose from. */
export const unaltered: Random = (below) => below - 1

/** Chance that cuts the beginning off, and alters nothing else: a byte, or 40 characters of a text. */
export const beheaded: Random = (below) => (below === 7 ? 3 : below === 80 ? 40 : 0)

const TELLING = [0, 1, 2, 3, 4, 20, 21, 22, 23, 24, 0x30, 0x7f, 0x80, 0x81, 0xfe, 0xff]

/** A copy with one to four alterations: bits, bytes, parts that are gone, doubled, inserted or cut off. */
export function mutated(original: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  let copy = new Uint8Array(original)
  for (let left = 1 + random(4); left > 0; left--) {
    const at = random(copy.length + 1)
    const end = Math.min(copy.length, at + 1 + random(random(4) === 0 ? 64 : 3))
    const kind = random(7)
    if (kind === 0 && at < copy.length) copy[at] = (copy[at] as number) ^ (1 << random(8))
    else if (kind === 1 && at < copy.length) copy[at] = TELLING[random(TELLING.length)] as number
    else if (kind === 2 && at < copy.length) copy[at] = (copy[at] as number) + (random(2) === 0 ? 1 : -1)
    else if (kind === 3) copy = joinBytes([copy.subarray(0, at), copy.subarray(end)])
    else if (kind === 4) copy = joinBytes([copy.subarray(0, end), copy.subarray(at)])
    else if (kind === 5) copy = joinBytes([copy.subarray(0, at), bytes(random(256), random(256)), copy.subarray(at)])
    else if (random(4) === 0) copy = copy.slice(0, at)
  }
  return copy
}

/** What became of one. */
export type Outcome = 'taken' | 'refused'

/** True for what a peer's bytes may bring about. Anything else is a fault of ours. */
const isExpected = (error: unknown): boolean =>
  error instanceof TlsFault || (error instanceof TorError && error.code === 'CELL_MALFORMED')

function outcomeOf(read: () => unknown): Outcome {
  try {
    read()
    return 'taken'
  } catch (error) {
    if (isExpected(error)) return 'refused'
    throw error
  }
}

/** One kind of mutation: does it once. Throws what nobody expected. */
export type Kind = (random: Random) => Outcome

/** Those of the parts that keep no promises. */
export function parserKinds(hello: ClientHello, identity: Identity): Readonly<Record<string, Kind>> {
  const { sessionId } = hello
  const head = joinBytes([u16(0x0303), new Uint8Array(32).fill(7), bytes(32), sessionId, u16(0x1301), bytes(0)])
  const serverHello = joinBytes([
    head,
    extensionBlock([
      [43, u16(0x0304)],
      [51, joinBytes([u16(29, 32), new Uint8Array(32).fill(9)])],
    ]),
  ])
  const extensions = extensionBlock([
    [0, bytes()],
    [16, bytes(0, 3, 2, 104, 50)],
    [10, u16(4, 29, 23)],
  ])
  const chain = certificateBody([identity.certificate, identity.certificate])
  const request = joinBytes([bytes(0), extensionBlock([[13, u16(4, 0x0403, 0x0804)]])])
  const verify = joinBytes([u16(0x0403, 70), new Uint8Array(70)])
  const messages = joinBytes([
    handshakeMessage(8, extensions),
    handshakeMessage(11, chain),
    handshakeMessage(15, verify),
    handshakeMessage(24, bytes(0)),
  ])
  const records = joinBytes(
    [23, 22, 23, 20, 21].map((type, index) => {
      const content = messages.subarray(index * 90, index * 90 + 90)
      return joinBytes([recordHeader(type, content.length), content])
    }),
  )
  const ecdsa = joinBytes([
    bytes(0x30, 68, 2, 32),
    new Uint8Array(32).fill(5),
    bytes(2, 32),
    new Uint8Array(32).fill(6),
  ])
  const parser =
    (original: Uint8Array, read: (body: Uint8Array) => unknown): Kind =>
    (random) => {
      const body = mutated(original, random)
      return outcomeOf(() => read(body))
    }
  return {
    'records': (random) => deframed(mutated(records, random), random),
    'messages': (random) => reassembled(mutated(messages, random), random),
    'ServerHello': parser(serverHello, (body) => readServerHello(body, hello)),
    'EncryptedExtensions': parser(extensions, (body) => readEncryptedExtensions(body, hello)),
    'Certificate': parser(chain, readCertificates),
    'CertificateRequest': parser(request, readCertificateRequest),
    'CertificateVerify': parser(verify, readCertificateVerify),
    'KeyUpdate': parser(bytes(1), readKeyUpdate),
    'key of a certificate': parser(identity.certificate, publicKeyInfoOf),
    'signature': (random) => (fixedEcdsa(mutated(ecdsa, random), 32) === undefined ? 'refused' : 'taken'),
  }
}

/** In pieces of any size: what comes out is what went in, and what is held back is no more than a record. */
function deframed(stream: Uint8Array, random: Random): Outcome {
  const deframer = new RecordDeframer()
  let out = 0
  for (let at = 0; at < stream.length;) {
    const end = Math.min(stream.length, at + 1 + random(200))
    const given = stream.subarray(at, end)
    at = end
    const outcome = outcomeOf(() => {
      for (const record of deframer.take(given)) {
        if (record.some((byte, index) => byte !== stream[out + index])) throw new Error('a record is not what was sent')
        out += record.length
      }
    })
    if (outcome === 'refused') return outcome
    if (deframer.isEmpty !== (out === at)) throw new Error('bytes got lost')
  }
  return 'taken'
}

function reassembled(stream: Uint8Array, random: Random): Outcome {
  const reader = new HandshakeReader()
  let out = 0
  for (let at = 0; at < stream.length;) {
    const end = Math.min(stream.length, at + 1 + random(300))
    const given = stream.subarray(at, end)
    at = end
    const outcome = outcomeOf(() => {
      reader.add(given)
      for (let message = reader.next(); message !== undefined; message = reader.next()) out += message.whole.length
    })
    if (outcome === 'refused') return outcome
    if (reader.isAtBoundary !== (out === at)) throw new Error('bytes got lost')
  }
  return 'taken'
}

/**
 * A whole connection, of which one message, or some bytes of the records, are altered. Whatever it is, the client fails
 * with its own code, or it is right after all: and then data gets through.
 */
export async function connectionKind(identity: Identity, random: Random): Promise<Outcome> {
  const client = new TlsClient(await freshHello(), () => undefined)
  const given: Uint8Array[] = []
  const server = new ScriptedServer(identity, (chunk) => given.push(chunk))
  await server.take(await client.takeOutput())
  const isOutside = random(3) === 0
  const altered = random(6)
  if (!isOutside) server.alter((body, index) => (index === altered ? mutated(body, random) : body))
  await server.handshake()
  await server.data(bytes(1, 2, 3))
  await server.record(22, handshakeMessage(24, bytes(1)))
  const all = isOutside ? mutated(joinBytes(given), random) : joinBytes(given)
  const data: Uint8Array[] = []
  try {
    for (let at = 0; at < all.length;) {
      const end = at + 1 + random(600)
      const { data: more, fault } = await client.receive(all.subarray(at, end))
      data.push(...more)
      if (fault !== undefined) throw fault.error
      at = end
    }
  } catch (error) {
    const isOurs = error instanceof SocketError && (error.code === 'TLS_FAILED' || error.code === 'TLS_CERTIFICATE')
    // What none of our code foresaw is told as TLS_FAILED, with its cause.
    const { cause } = error as Error
    if (!isOurs || (cause !== undefined && !isExpected(cause))) throw error
    await client.takeOutput()
    return 'refused'
  }
  await client.takeOutput()
  const read = joinBytes(data)
  if (read.length > 0 && read.join() !== '1,2,3') throw new Error('altered data got through')
  return 'taken'
}
