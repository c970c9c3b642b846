/**
 * The keys of a relay and of a directory authority, in the files that C tor keeps them in.
 *
 * RSA identities are made here, so that fingerprints are known before any tor runs; tor makes the others when it
 * starts, and their public halves are read from its key directory.
 *
 * @module
 */
import { createHash, generateKeyPair } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { run } from './process.ts'

/** The public keys that tor makes for a relay when it first starts. */
export interface RelayKeys {
  /** 32 bytes. */
  readonly ed25519Identity: Uint8Array
  /** 32 bytes. */
  readonly ntorOnionKey: Uint8Array
}

/**
 * Makes a relay's RSA identity in its key directory. Resolves with the fingerprint: 20 bytes, the SHA-1 of the public
 * key.
 */
export async function writeRelayIdentity(keyDirectory: string): Promise<Uint8Array> {
  // tor accepts identity keys of 1024 bits only (tor-spec, "Keys and names").
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 1024,
    publicExponent: 65537,
    publicKeyEncoding: { type: 'pkcs1', format: 'der' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  await writeFile(join(keyDirectory, 'secret_id_key'), privateKey, { mode: 0o600 })
  return new Uint8Array(createHash('sha1').update(publicKey).digest())
}

/**
 * Makes an authority's identity key, signing key and certificate in its key directory, by `tor-gencert`.
 * Resolves with the fingerprint of the identity key: 40 hexadecimal digits.
 */
export async function writeAuthorityKeys(keyDirectory: string, dirPort: number): Promise<string> {
  const certificate = join(keyDirectory, 'authority_certificate')
  const files = [
    ['-i', join(keyDirectory, 'authority_identity_key')],
    ['-s', join(keyDirectory, 'authority_signing_key')],
    ['-c', certificate],
  ]
  const options = ['--create-identity-key', '--passphrase-fd', '0', '-m', '12', '-a', `127.0.0.1:${dirPort}`]
  await run('tor-gencert', [...options, ...files.flat()], 'a passphrase\n')
  const found = /^fingerprint ([0-9A-F]{40})$/m.exec(await readFile(certificate, 'latin1'))
  if (found?.[1] === undefined) throw new Error('tor-gencert wrote a certificate without a fingerprint')
  return found[1]
}

/** Reads the public keys that tor has made in a key directory. Rejects while one of them is missing. */
export async function readRelayKeys(keyDirectory: string): Promise<RelayKeys> {
  const identity = await readTagged(
    join(keyDirectory, 'ed25519_master_id_public_key'),
    '== ed25519v1-public: type0 ==',
    32,
  )
  const onion = await readTagged(join(keyDirectory, 'secret_onion_key_ntor'), '== c25519v1: onion ==', 64)
  // The onion key's file holds the secret half, then the public half.
  return { ed25519Identity: identity, ntorOnionKey: onion.slice(32) }
}

/** The contents of a key file: what follows a tag of 32 bytes, padded with zeros. */
async function readTagged(file: string, tag: string, length: number): Promise<Uint8Array> {
  const bytes = await readFile(file)
  if (bytes.length !== 32 + length || bytes.toString('latin1', 0, 32) !== tag.padEnd(32, '\0')) {
    throw new Error(`${file} is not a key file of the known form`)
  }
  return new Uint8Array(bytes.subarray(32))
}
