/**
 * What the relays between a client and an onion service send, altered at random: for the specs a few of each kind, and for
 * the program that goes on for millions.
 *
 * @module
 */
import { x25519 } from '@noble/curves/ed25519.js'
import { joinBytes } from '../../../lib/base/bytes/join-bytes.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { decodeIntroduceAck, encodeIntroduceAck } from '../../../lib/cell/onion/introduce-ack.ts'
import { encodeIntroducePlain, IntroduceExtension } from '../../../lib/cell/onion/introduce-plain.ts'
import { introduceHeader } from '../../../lib/cell/onion/introduce.ts'
import { decodeRendezvous2 } from '../../../lib/cell/onion/rendezvous.ts'
import { answerHsNtor, startHsNtor } from '../../../lib/circuit/handshake/hs-ntor.ts'
import { openDescriptor } from '../../../lib/onion/descriptor/descriptor.ts'
import { parseInner } from '../../../lib/onion/descriptor/inner.ts'
import { parseMiddle } from '../../../lib/onion/descriptor/middle.ts'
import { parseOuter } from '../../../lib/onion/descriptor/outer.ts'
import { blindedIdentity } from '../../../lib/onion/identity/key-blinding.ts'
import { decodeProof } from '../../../lib/onion/pow/puzzle.ts'
import { readIntroduction, type IntroductionRule } from '../../../lib/onion/service/introduction/introduction.ts'
import { ReplayCache } from '../../../lib/onion/service/introduction/replay-cache.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { writeDescriptor } from '../../../lib/testing/onion/descriptor-writer.ts'
import type { DescriptorLies } from '../../../lib/testing/onion/onion-lies.ts'
import { ServiceKeys } from '../../../lib/testing/onion/service-keys.ts'
import { beheaded, mutated, randomFrom, unaltered, type Outcome, type Random } from '../../tls13/support/mutations.ts'
import * as everybodys from '../vectors/open-descriptor.ts'
import * as withPow from '../vectors/second-layer-with-pow.ts'

export { beheaded, randomFrom, unaltered, type Outcome, type Random }

const platform = currentPlatform()

/** As if every signature were right: what is behind it is to be reached. */
const trusting = { ...platform, verifyEd25519: async () => true }

const MIDDLE = `desc-auth-type x25519
desc-auth-ephemeral-key ${'A'.repeat(43)}=
auth-client ${'A'.repeat(11)} ${'A'.repeat(22)} ${'A'.repeat(22)}
encrypted
-----BEGIN MESSAGE-----
AAAA
-----END MESSAGE-----`

/** What may be pasted into a text: beginnings and ends of things, and what is none. */
const SCRAPS = ['\n', '\0', '\u00ff', ' ', '-----BEGIN MESSAGE-----\n', '-----END MESSAGE-----\n', 'introduction-point ',
  'pow-params v1 ', 'enc-key ntor ', '4294967295', '99999999999999999999', 'signature '] // prettier-ignore

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

/** A text with one to four stretches left out, doubled, exchanged or written over. */
export function mutatedText(text: string, random: Random): string {
  let changed = text
  for (let left = 1 + random(4); left > 0; left--) {
    const at = random(changed.length + 1)
    const part = changed.slice(at, at + random(80))
    const scrap = SCRAPS[random(SCRAPS.length)] as string
    const between = ['', part + part, scrap, changed.slice(random(changed.length + 1)).slice(0, 80)][
      random(4)
    ] as string
    changed = changed.slice(0, at) + between + changed.slice(at + part.length)
  }
  return changed
}

const CODES = ['DIRECTORY_MALFORMED', 'CELL_MALFORMED', 'ONION_DESCRIPTOR_INVALID', 'CIRCUIT_HANDSHAKE']

function judged(error: unknown): Outcome {
  if (error instanceof TorError && CODES.includes(error.code)) return 'refused'
  throw error
}

async function outcomeOf(read: () => unknown): Promise<Outcome> {
  try {
    await read()
    return 'taken'
  } catch (error) {
    return judged(error)
  }
}

/** One kind of mutation: does it once. Throws what nobody expected. */
export type Kind = (random: Random) => Promise<Outcome>

/** Layers of descriptors and messages of relays, each by itself. */
export function parserKinds(): Readonly<Record<string, Kind>> {
  const rule = {
    signingKey: new Uint8Array(32),
    now: withPow.now,
    testing: true,
    sendmeIncrement: 31,
    platform: trusting,
  }
  const ack = encodeIntroduceAck(0)
  const message = new Uint8Array(148).fill(7)
  const proof = Uint8Array.of(1, ...new Uint8Array(40))
  const { blindedKey, now } = everybodys
  return {
    'outer wrapper': (random) =>
      outcomeOf(() => parseOuter(mutatedText(everybodys.text, random), { blindedKey, now, platform: trusting })),
    'first layer': (random) => outcomeOf(() => parseMiddle(latin1(mutatedText(MIDDLE, random)))),
    'second layer': (random) => outcomeOf(() => parseInner(latin1(mutatedText(withPow.text, random)), rule)),
    'INTRODUCE_ACK': (random) => outcomeOf(() => decodeIntroduceAck(mutated(ack, random))),
    'RENDEZVOUS2': (random) => outcomeOf(() => decodeRendezvous2(mutated(message.subarray(0, 64 + random(9)), random))),
    'proof of work': (random) => outcomeOf(() => decodeProof(mutated(proof, random))),
  }
}

/** A whole descriptor, one of whose layers was altered before the service encrypted and signed it, or after. */
export async function descriptorKind(random: Random): Promise<Outcome> {
  const bytes = (length: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, () => random(256))
  const keys = new ServiceKeys(bytes)
  const period = { number: 20_000, minutes: 1440 }
  const identity = blindedIdentity(keys.identity, period)
  const now = period.number * 86_400_000
  const layer = (['inner', 'middle', 'signed', 'outer'] as const)[random(4)] as keyof DescriptorLies
  const lies: DescriptorLies = { [layer]: (text: string) => mutatedText(text, random).replace(/[^\0-\x7f]/g, '?') }
  const points = Array.from({ length: 3 }, () => ({
    target: {
      linkSpecifiers: joinBytes([Uint8Array.of(2, 0, 6, 192, 0, 2, 1, 35, 41, 2, 20), bytes(20)]),
      ntorOnionKey: bytes(32),
      rsaIdentity: bytes(20),
      ed25519Identity: undefined,
    },
    authKey: bytes(32),
    encryptionKey: x25519.keygen(bytes(32)).publicKey,
  }))
  const content = {
    points,
    clients: undefined,
    proofOfWork: { seed: bytes(32), effort: 1, expires: now },
    sendmeIncrement: 31,
  }
  const text = await writeDescriptor({ ...content, identity, signer: keys.blinded(period), now, random: bytes, lies })
  const options = { identity, clientSecret: undefined, now, sendmeIncrement: 31, testing: true, platform }
  return openDescriptor(text, options).then(
    () => 'taken' as const,
    (error: unknown) => {
      // A second layer that was altered after it was encrypted may as well be for clients with a key.
      if (error instanceof TorError && error.code === 'ONION_AUTHORIZATION_MISSING' && layer !== 'inner')
        return 'refused'
      return judged(error)
    },
  )
}

/** A service's half of the handshake, altered: nothing but the half itself may be taken. */
export async function handshakeKind(random: Random): Promise<Outcome> {
  const pair = x25519.keygen(Uint8Array.from({ length: 32 }, () => random(256)))
  const secret = await platform.x25519.secretKey(pair.secretKey)
  const service = { authKey: new Uint8Array(32), encryptionKey: pair.publicKey, subcredential: new Uint8Array(32) }
  const handshake = await startHsNtor(service, platform)
  const introduced = await handshake.introduce(new Uint8Array(56), new Uint8Array(1))
  const { reply, keys } = await answerHsNtor(introduced.subarray(56, 88), service, secret, platform)
  const padded = joinBytes([reply, new Uint8Array(84)])
  const altered = mutated(padded, random)
  const isSame = altered.length >= 64 && reply.every((byte, at) => byte === altered[at])
  let derived: Uint8Array | undefined
  const outcome = await outcomeOf(async () => {
    derived = await handshake.finish(decodeRendezvous2(altered))
  })
  if (outcome === 'taken' && !(isSame && derived !== undefined && derived.every((byte, at) => byte === keys[at])))
    throw new Error('a handshake was taken that the service did not make')
  if (outcome === 'refused' && isSame) throw new Error("the service's own handshake was refused")
  return outcome
}

/** A service that knows one client, and what that client tells it. */
interface ServiceSide {
  readonly point: Parameters<typeof readIntroduction>[1]
  readonly rule: IntroductionRule
  readonly plain: Uint8Array
  /** The message for a plain text. */
  introduce(plain: Uint8Array): Promise<Uint8Array>
}

let serviceSide: ServiceSide | undefined

async function makeServiceSide(): Promise<ServiceSide> {
  const filled = (byte: number, length = 32): Uint8Array<ArrayBuffer> => new Uint8Array(length).fill(byte)
  const pair = x25519.keygen(filled(1))
  const authKey = filled(2)
  const subcredential = filled(3)
  const service = { authKey, encryptionKey: pair.publicKey, subcredential }
  const plain = encodeIntroducePlain({
    cookie: filled(4, 20),
    extensions: new Map([
      [IntroduceExtension.CONGESTION_CONTROL, filled(0, 0)],
      [IntroduceExtension.PROOF_OF_WORK, filled(5, 41)],
    ]),
    ntorOnionKey: filled(6),
    linkSpecifiers: Uint8Array.of(2, 0, 6, 192, 0, 2, 1, 35, 41, 2, 20, ...filled(7, 20)),
  })
  return {
    point: {
      listed: { target: undefined as never, authKey, encryptionKey: pair.publicKey },
      encryptionSecret: await platform.x25519.secretKey(pair.secretKey),
      replays: new ReplayCache(1000),
    },
    rule: { subcredential, congestionControl: true, testing: false, now: 0, platform },
    plain,
    introduce: async (changed) => (await startHsNtor(service, platform)).introduce(introduceHeader(authKey), changed),
  }
}

/**
 * An INTRODUCE2, altered on its way: it is taken only as it was. Or what the client has encrypted, altered before: that is read as
 * what it says, or passed over.
 */
export async function introductionKind(random: Random): Promise<Outcome> {
  serviceSide ??= await makeServiceSide()
  const { point, rule, plain, introduce } = serviceSide
  const isOnTheWay = random(2) === 0
  const body = await introduce(isOnTheWay ? plain : mutated(plain, random))
  const altered = isOnTheWay ? mutated(body, random) : body
  const isSame = altered.length === body.length && altered.every((byte, at) => byte === body[at])
  const visitor = await readIntroduction(altered, point, rule)
  if (isOnTheWay && visitor !== undefined && !isSame) throw new Error('an introduction was taken that nobody made')
  if (isOnTheWay && visitor === undefined && isSame)
    throw new Error('an introduction was passed over that was not altered')
  if (visitor !== undefined && (await readIntroduction(altered, point, rule)) !== undefined)
    throw new Error('an introduction was taken twice')
  return visitor === undefined ? 'refused' : 'taken'
}
