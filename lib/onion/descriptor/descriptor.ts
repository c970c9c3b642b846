/**
 * A descriptor from its text to what it says, through both layers (rend-spec-v3, "Hidden service descriptors: encryption
 * format").
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'
import type { Platform } from '../../platform/platform.ts'
import type { BlindedIdentity } from '../identity/key-blinding.ts'
import { parseInner, type InnerLayer } from './inner.ts'
import { decryptLayer } from './layer.ts'
import { cookieFor, parseMiddle } from './middle.ts'
import { parseOuter } from './outer.ts'

/** The most bytes of a descriptor: `HSV3MaxDescriptorSize`. */
export const MAX_DESCRIPTOR_SIZE = 50_000

/** A service's descriptor, verified and read. */
export interface OnionDescriptor extends InnerLayer {
  readonly identity: BlindedIdentity
  readonly revision: bigint
  /** How long directories keep it, in ms. */
  readonly lifetime: number
  /** When the certificate of the key that signed it ends, in ms since the epoch. */
  readonly expires: number
}

/** What is needed to read a descriptor. */
export interface DescriptorOptions {
  readonly identity: BlindedIdentity
  /** The secret of a client that the service has authorized: 32 bytes. */
  readonly clientSecret: Uint8Array | undefined
  /** In ms since the epoch. */
  readonly now: number
  /** The network's `cc_sendme_inc`. */
  readonly sendmeIncrement: number
  readonly testing: boolean
  readonly platform: Pick<Platform, 'verifyEd25519' | 'x25519'>
}

/**
 * Reads a descriptor.
 *
 * @throws TorError `ONION_DESCRIPTOR_INVALID`; `ONION_AUTHORIZATION_MISSING` or `ONION_AUTHORIZATION_WRONG` when its
 * inner layer is closed without a key, or with the one that was given
 */
export async function openDescriptor(text: string, options: DescriptorOptions): Promise<OnionDescriptor> {
  try {
    return await open(text, options)
  } catch (error) {
    if (!(error instanceof TorError) || error.code.startsWith('ONION_')) throw error
    throw new TorError('ONION_DESCRIPTOR_INVALID', error.message, { cause: error })
  }
}

async function open(text: string, options: DescriptorOptions): Promise<OnionDescriptor> {
  const { identity, clientSecret, now, sendmeIncrement, testing, platform } = options
  if (text.length >= MAX_DESCRIPTOR_SIZE) invalid('it is too long')
  const { key, subcredential } = identity
  const outer = await parseOuter(text, { blindedKey: key, now, platform })
  const { revision, signingKey, expires, lifetime } = outer
  const secrets = { subcredential, revision }
  const first = await decryptLayer(outer.superencrypted, {
    ...secrets,
    secret: [key],
    purpose: 'hsdir-superencrypted-data',
  })
  if (first === undefined) return invalid('its first layer does not open')
  const middle = parseMiddle(first)
  const cookie = clientSecret && (await cookieFor(middle, clientSecret, subcredential, platform.x25519))
  const second = await decryptLayer(middle.encrypted, {
    ...secrets,
    // Without a line for this client: the service may let everybody read it.
    secret: cookie === undefined ? [key] : [key, cookie],
    purpose: 'hsdir-encrypted-data',
  })
  if (second === undefined) {
    throw clientSecret === undefined
      ? new TorError('ONION_AUTHORIZATION_MISSING', 'the onion service speaks only to clients whose keys it knows')
      : new TorError('ONION_AUTHORIZATION_WRONG', 'the onion service does not know the key that was given for it')
  }
  const inner = await parseInner(second, { signingKey, now, testing, sendmeIncrement, platform })
  if (inner.listed > 0 && inner.introPoints.length === 0) invalid('none of its introduction points is well-formed')
  return { ...inner, identity, revision, lifetime, expires }
}

function invalid(problem: string): never {
  throw new TorError('ONION_DESCRIPTOR_INVALID', `Malformed descriptor: ${problem}`)
}
