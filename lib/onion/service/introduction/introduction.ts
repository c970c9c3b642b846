/**
 * What an INTRODUCE2 comes to: who wants to be met, and where (rend-spec-v3, "Processing an INTRODUCE2 message at the
 * hidden service"). Whatever is wrong with it, nobody is told: a service that answers differently is one that can be asked.
 *
 * @module
 */
import { joinBytes } from '../../../base/bytes/join-bytes.ts'
import { constantTimeEqual } from '../../../cell/bytes.ts'
import { decodeIntroducePlain, IntroduceExtension } from '../../../cell/onion/introduce-plain.ts'
import { decodeIntroduce } from '../../../cell/onion/introduce.ts'
import { TorError } from '../../../base/errors.ts'
import type { ExtensionTarget } from '../../../circuit/build/extend-to.ts'
import { openIntroduce, type HsNtorService } from '../../../circuit/handshake/hs-ntor.ts'
import type { Platform } from '../../../platform/platform.ts'
import type { X25519SecretKey } from '../../../platform/crypto/curves/x25519.ts'
import { checkLinkSpecifiers } from '../../descriptor/intro-point.ts'
import { sha3 } from '../../hashing.ts'
import type { IntroductionPoint } from './introduction-point.ts'

/** A client that waits at a relay. */
export interface Visitor {
  /** By which the relay knows it: 20 bytes. */
  readonly cookie: Uint8Array
  /** The relay. */
  readonly meetingPoint: ExtensionTarget
  /** It speaks congestion control. */
  readonly congestionControl: boolean
  /** Its proof of work, as it came. */
  readonly proof: Uint8Array | undefined
  /** Its half of the handshake. */
  readonly clientKey: Uint8Array
  /** The keys that it was made for. */
  readonly keys: HsNtorService
  readonly encryptionSecret: X25519SecretKey
}

/** What an introduction point is known by, and what has come by it. */
export interface IntroductionKeys extends Pick<IntroductionPoint, 'listed' | 'replays'> {
  readonly encryptionSecret: X25519SecretKey
}

/** What a service makes of an introduction with. */
export interface IntroductionRule {
  readonly subcredential: Uint8Array
  /** True where its descriptor offers congestion control. */
  readonly congestionControl: boolean
  /** On a private network relays are at internal addresses. */
  readonly testing: boolean
  readonly now: number
  readonly platform: Platform
}

/**
 * Reads an introduction that came by `point`; undefined for one that is to be passed over: malformed, for other keys, with
 * a wrong MAC, seen before, or wanting what the service does not offer.
 */
export async function readIntroduction(
  body: Uint8Array,
  point: IntroductionKeys,
  rule: IntroductionRule,
): Promise<Visitor | undefined> {
  try {
    return await read(body, point, rule)
  } catch (error) {
    if (error instanceof TorError) return undefined
    throw error
  }
}

async function read(
  body: Uint8Array,
  { listed, encryptionSecret, replays }: IntroductionKeys,
  { subcredential, congestionControl, testing, now, platform }: IntroductionRule,
): Promise<Visitor | undefined> {
  const { authKey, encryptionKey } = listed
  const request = decodeIntroduce(body)
  if (!constantTimeEqual(request.authKey, authKey)) return undefined
  const keys: HsNtorService = { authKey, encryptionKey, subcredential }
  const plain = await openIntroduce(request, keys, encryptionSecret, platform)
  if (plain === undefined) return undefined
  // Behind the MAC: whoever does not know the service cannot fill the memory of what was seen. Without an await from here
  // to there, so that of two copies one is the second.
  const { clientKey, cipherText, mac } = request
  if (!replays.add(sha3(joinBytes([clientKey, cipherText, mac])), now)) return undefined
  const { cookie, extensions, ntorOnionKey, linkSpecifiers } = decodeIntroducePlain(plain)
  const wantsCongestionControl = extensions.has(IntroduceExtension.CONGESTION_CONTROL)
  if (wantsCongestionControl && !congestionControl) return undefined
  return {
    cookie,
    meetingPoint: { ...checkLinkSpecifiers(linkSpecifiers, testing), ntorOnionKey },
    congestionControl: wantsCongestionControl,
    proof: extensions.get(IntroduceExtension.PROOF_OF_WORK),
    clientKey,
    keys,
    encryptionSecret,
  }
}
