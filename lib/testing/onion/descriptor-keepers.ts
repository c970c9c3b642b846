/**
 * The relays that keep descriptors (rend-spec-v3, "Uploading" and "Downloading a hidden service descriptor"): each has those
 * that were published to it, and all have those of the network's own services, made when they are asked for.
 *
 * @module
 */
import { decodeBase64, encodeBase64 } from '../../directory/text/encoding.ts'
import type { DirectoryAnswer } from '../directory/directory-http.ts'
import type { DirectoryRequest } from '../directory/directory-lies.ts'
import { textBytes } from '../directory/document-text.ts'

const DESCRIPTOR = /^\/tor\/hs\/3\/([A-Za-z0-9+/]{43})$/
const PUBLISH = '/tor/hs/3/publish'

/** Where the blinded key is in the certificate of a descriptor. */
const CERTIFICATE = /\ndescriptor-signing-key-cert\n-----BEGIN ED25519 CERT-----\n([^-]+)-----END/
const REVISION = /\nrevision-counter (\d{1,20})\n/
const KEY_AT = 44
const KEY_SIZE = 32

/** A service of the network's own. */
export interface DescribedService {
  /** Its answer if the key, in base64, is its own in some period near now. */
  describe(blindedKey: string): Promise<DirectoryAnswer> | undefined
}

interface Kept {
  readonly revision: bigint
  readonly text: string
}

export class DescriptorKeepers {
  /** The network's own services. */
  readonly services: Set<DescribedService> = new Set()
  /** By relay and blinded key. */
  readonly #kept = new Map<string, Kept>()

  /** Answers a request for a descriptor, or one to keep one; undefined for any other. */
  async answer({ method, path, body, relay }: DirectoryRequest): Promise<DirectoryAnswer | undefined> {
    if (method === 'POST' && path === PUBLISH) return { status: this.#publish(relay.nickname, body) }
    const key = DESCRIPTOR.exec(path)?.[1]
    if (method !== 'GET' || key === undefined) return undefined
    for (const service of this.services) {
      const answer = service.describe(key)
      if (answer !== undefined) return await answer
    }
    const kept = this.#kept.get(`${relay.nickname} ${key}`)
    return kept === undefined ? { status: 404 } : { status: 200, body: textBytes(kept.text) }
  }

  #publish(nickname: string, body: Uint8Array): number {
    const text = new TextDecoder('latin1').decode(body)
    const certificate = decodeBase64((CERTIFICATE.exec(text)?.[1] ?? '').replaceAll('\n', ''))
    const revision = REVISION.exec(text)?.[1]
    if (certificate === undefined || certificate.length < KEY_AT + KEY_SIZE || revision === undefined) return 400
    const place = `${nickname} ${encodeBase64(certificate.subarray(KEY_AT, KEY_AT + KEY_SIZE))}`
    const known = this.#kept.get(place)
    if (known !== undefined && known.revision >= BigInt(revision)) return 400
    this.#kept.set(place, { revision: BigInt(revision), text })
    return 200
  }
}
