import { sha256 } from '@noble/hashes/sha2.js'
import { expect } from 'chai'
import { hasPkcs1Padding, rsaSignedBlock } from '../../../lib/crypto/rsa-signature.ts'
import { parseConsensus } from '../../../lib/directory/consensus.ts'
import { verifyConsensus } from '../../../lib/directory/consensus-signatures.ts'
import { parseKeyCertificates, verifyKeyCertificate } from '../../../lib/directory/key-certificate.ts'
import { parseMicrodescriptors } from '../../../lib/directory/microdescriptor.ts'
import { RelayFlag } from '../../../lib/directory/relay-flags.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { authorityKeys, strangerKeys } from '../../../lib/testing/directory/authority-keys.ts'
import type { AuthorityKeys } from '../../../lib/testing/directory/authority-keys.ts'
import { signConsensus, writeConsensus } from '../../../lib/testing/directory/consensus-writer.ts'
import type { ConsensusContent, ConsensusEntry } from '../../../lib/testing/directory/consensus-writer.ts'
import { documentTime, fingerprintOf, pemObject, textBytes } from '../../../lib/testing/directory/document-text.ts'
import { writeKeyCertificate } from '../../../lib/testing/directory/key-certificate-writer.ts'
import { writeMicrodescriptor } from '../../../lib/testing/directory/microdescriptor-writer.ts'
import { joinBytes } from '../../../lib/base/bytes/join-bytes.ts'
import { hex } from '../../cell/support/bytes.ts'
import { codeOf as rejectionCode } from '../../support/failures.ts'

const HOUR = 3_600_000
const NOW = Date.UTC(2026, 6, 27, 10)
const platform = currentPlatform()

const codeOf = (action: () => unknown): string | undefined => {
  try {
    action()
    return undefined
  } catch (error) {
    expect(error).to.be.instanceOf(TorError)
    return (error as TorError).code
  }
}

/** A SubjectPublicKeyInfo of a key of 2,048 bits (RFC 3279, section 2.3.1). */
const spkiOf = (publicKey: Uint8Array): Uint8Array<ArrayBuffer> =>
  joinBytes([hex('30820122300d06092a864886f70d01010105000382010f00'), publicKey])

describe('Documents of a test network', () => {
  let keys: AuthorityKeys
  let others: AuthorityKeys

  before(async () => {
    ;[keys, others] = await Promise.all([authorityKeys(0), strangerKeys(0)])
  })

  describe('the forms', () => {
    it('are those of dir-spec', () => {
      expect(documentTime(NOW)).to.equal('2026-07-27 10:00:00')
      expect(fingerprintOf(Uint8Array.of(0, 0xab, 0x10))).to.equal('00AB10')
      expect(pemObject('SIGNATURE', new Uint8Array(49))).to.equal(
        `-----BEGIN SIGNATURE-----\n${'A'.repeat(64)}\nAA==\n-----END SIGNATURE-----\n`,
      )
    })

    it('sign bare digests: the padded block names no algorithm', () => {
      const digest = sha256(textBytes('signed'))
      const signature = keys.signing.signRaw(digest)
      const [certificate] = parseKeyCertificates(writeKeyCertificate({ keys, published: NOW, expires: NOW + HOUR }))
      const block = rsaSignedBlock(
        signature,
        (certificate as ReturnType<typeof parseKeyCertificates>[0]).signingKey,
        platform,
      )
      expect(block !== undefined && hasPkcs1Padding(block, new Uint8Array(0), digest)).to.equal(true)
    })
  })

  describe('keys of authorities', () => {
    it('are the same each time, and those of nobody else', async () => {
      expect(await authorityKeys(0)).to.equal(keys)
      expect(others.v3Identity).not.to.equal(keys.v3Identity)
      expect(keys.identity.publicKey.length).to.equal(270)
      expect(keys.signing.publicKey.length).to.equal(270)
    })

    it('sign what the runtime verifies, each with a key of its own: those in the source, and those made when they run out', async () => {
      const all = await Promise.all([
        ...Array.from({ length: 4 }, (_, index) => authorityKeys(index)),
        ...Array.from({ length: 2 }, (_, index) => strangerKeys(index)),
      ])
      const signers = all.flatMap(({ identity, signing }) => [identity, signing])
      expect(new Set(signers.map(({ fingerprint }) => fingerprint.join())).size).to.equal(12)
      const message = textBytes('signed')
      const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      for (const { publicKey, signSha256 } of signers) {
        const key = await crypto.subtle.importKey('spki', spkiOf(publicKey), algorithm, false, ['verify'])
        expect(await crypto.subtle.verify(algorithm, key, new Uint8Array(signSha256(message)), message)).to.equal(true)
      }
    })
  })

  describe('key certificates', () => {
    const verdict = (text: string, identity: string = keys.v3Identity): string | undefined => {
      const [certificate] = parseKeyCertificates(text)
      return codeOf(() =>
        verifyKeyCertificate(certificate as ReturnType<typeof parseKeyCertificates>[0], {
          identity,
          now: NOW,
          platform,
        }),
      )
    }
    const times = { published: NOW - HOUR, expires: NOW + HOUR }

    it('hold', () => {
      expect(verdict(writeKeyCertificate({ keys, ...times }))).to.equal(undefined)
      expect(verdict(writeKeyCertificate({ keys, ...times, address: '192.0.2.1:80' }))).to.equal(undefined)
    })

    it('do not hold when one of the signatures is forged, or the time is over', () => {
      expect(verdict(writeKeyCertificate({ keys, ...times, forged: 'certification' }))).to.equal(
        'DIRECTORY_CERTIFICATE',
      )
      expect(verdict(writeKeyCertificate({ keys, ...times, forged: 'crosscert' }))).to.equal('DIRECTORY_CERTIFICATE')
      expect(verdict(writeKeyCertificate({ keys, published: NOW - HOUR, expires: NOW - 1_000 }))).to.equal(
        'DIRECTORY_CERTIFICATE',
      )
    })

    it('do not hold for an identity that they only claim', () => {
      const text = writeKeyCertificate({ keys: others, ...times, fingerprint: keys.v3Identity })
      expect(parseKeyCertificates(text)[0]?.identity).to.equal(keys.v3Identity)
      expect(verdict(text)).to.equal('DIRECTORY_CERTIFICATE')
      expect(verdict(writeKeyCertificate({ keys: others, ...times }))).to.equal('DIRECTORY_CERTIFICATE')
      expect(verdict(writeKeyCertificate({ keys: others, ...times }), others.v3Identity)).to.equal(undefined)
    })
  })

  describe('microdescriptors', () => {
    const ntorOnionKey = new Uint8Array(32).fill(9)
    const ed25519Identity = new Uint8Array(32).fill(5)

    it('say what they are given, and nothing else', async () => {
      const full = writeMicrodescriptor({
        ntorOnionKey,
        ed25519Identity,
        tapKey: keys.identity.publicKey,
        family: [`$${'A'.repeat(40)}`, 'somebody'],
        familyIds: ['ed25519:abc'],
        exitPolicy: 'accept 80,443',
        exitPolicyIPv6: 'reject 25',
      })
      const bare = writeMicrodescriptor({ ntorOnionKey, ed25519Identity, exitPolicy: 'reject 1-65535' })
      expect(bare.text.split('\n').map((line) => line.split(' ')[0])).to.deep.equal([
        'onion-key',
        'ntor-onion-key',
        'id',
        '',
      ])
      const [first, second] = await parseMicrodescriptors(full.text + bare.text)
      expect([first?.digest, second?.digest]).to.deep.equal([full.digest, bare.digest])
      expect(first?.microdescriptor?.ntorOnionKey).to.deep.equal(ntorOnionKey)
      expect(first?.microdescriptor?.ed25519Identity).to.deep.equal(ed25519Identity)
      expect(first?.microdescriptor?.family).to.have.members(['A'.repeat(40), 'somebody'])
      expect(first?.microdescriptor?.familyIds).to.deep.equal(['ed25519:abc'])
      expect([80, 81].map((port) => first?.microdescriptor?.exitPolicy.allows(port))).to.deep.equal([true, false])
      expect([80, 25].map((port) => first?.microdescriptor?.exitPolicyIPv6.allows(port))).to.deep.equal([true, false])
      expect(second?.microdescriptor?.exitPolicy.allows(80)).to.equal(false)
    })
  })

  describe('a consensus', () => {
    const entry = (number: number, changes: Partial<ConsensusEntry> = {}): ConsensusEntry => ({
      nickname: `relay${number}`,
      rsaIdentity: new Uint8Array(20).fill(number),
      address: { hostname: `192.0.2.${number}`, port: 9001 },
      microdescriptorDigest: 'A'.repeat(43),
      flags: ['Valid', 'Running', 'Exit'],
      version: 'Tor 0.4.9.11',
      protocols: 'Link=4-5 Relay=2',
      bandwidth: number,
      measured: true,
      ...changes,
    })

    const content = (changes: Partial<ConsensusContent> = {}): ConsensusContent => ({
      validAfter: NOW,
      freshUntil: NOW + HOUR,
      validUntil: NOW + 3 * HOUR,
      sources: [{ nickname: 'auth1', v3Identity: keys.v3Identity, address: { hostname: '198.51.100.1', port: 9001 } }],
      relays: [
        entry(9),
        entry(3, { ipv6Address: { hostname: '2001:db8::3', port: 443 }, measured: false }),
        entry(200),
      ],
      ...changes,
    })

    it('says what it is given, its relays in the order of their identities', async () => {
      const text = signConsensus(writeConsensus(content({ params: { b: 2, a: -1 } })), [keys])
      const consensus = await parseConsensus(text)
      expect([consensus.validAfter, consensus.freshUntil, consensus.validUntil]).to.deep.equal([
        NOW,
        NOW + HOUR,
        NOW + 3 * HOUR,
      ])
      expect(consensus.relays.map(({ nickname }) => nickname)).to.deep.equal(['relay3', 'relay9', 'relay200'])
      expect([...consensus.params]).to.deep.equal([
        ['a', -1],
        ['b', 2],
      ])
      expect(consensus.bandwidthWeights.size).to.equal(19)
      expect(consensus.requiredClientProtocols.supports('Relay', 2)).to.equal(true)
      const [first] = consensus.relays
      expect(first?.addresses).to.deep.equal([
        { hostname: '192.0.2.3', port: 9001 },
        { hostname: '2001:db8::3', port: 443 },
      ])
      expect(first?.flags).to.equal(RelayFlag.Exit | RelayFlag.Running | RelayFlag.Valid)
      expect([first?.bandwidth, first?.measured, first?.microdescriptorDigest]).to.deep.equal([
        3,
        false,
        'A'.repeat(43),
      ])
      expect(text).to.match(/^s Exit Running Valid$/m)
    })

    it('is signed by those who sign it, in the order of their identities', async () => {
      const signers = [keys, others].sort((a, b) => (a.v3Identity < b.v3Identity ? 1 : -1))
      const consensus = await parseConsensus(signConsensus(writeConsensus(content()), signers))
      expect(consensus.signatures.map(({ identity }) => identity)).to.deep.equal(
        [keys.v3Identity, others.v3Identity].sort(),
      )
      const certificates = parseKeyCertificates(writeKeyCertificate({ keys, published: NOW, expires: NOW + HOUR }))
      const check = { authorities: [keys], certificates, now: NOW, platform }
      expect(await verifyConsensus(consensus, check)).to.deep.equal([keys.v3Identity])
    })

    it('is not signed by a signature that is forged, or for any other text', async () => {
      const text = writeConsensus(content())
      const certificates = parseKeyCertificates(writeKeyCertificate({ keys, published: NOW, expires: NOW + HOUR }))
      const check = { authorities: [keys], certificates, now: NOW, platform }
      const forged = await parseConsensus(signConsensus(text, [{ ...keys, forged: true }]))
      expect(await rejectionCode(verifyConsensus(forged, check))).to.equal('DIRECTORY_SIGNATURES')
      const altered = await parseConsensus(signConsensus(text, [keys]).replace('Bandwidth=9', 'Bandwidth=8'))
      expect(await rejectionCode(verifyConsensus(altered, check))).to.equal('DIRECTORY_SIGNATURES')
    })

    it('can have weights and protocols of its own', async () => {
      const changes = {
        bandwidthWeights: { Wgg: 1 },
        requiredClientProtocols: 'Relay=60',
        recommendedClientProtocols: 'Link=7',
      }
      const consensus = await parseConsensus(signConsensus(writeConsensus(content(changes)), [keys]))
      expect([...consensus.bandwidthWeights]).to.deep.equal([['Wgg', 1]])
      expect(consensus.requiredClientProtocols.supports('Relay', 60)).to.equal(true)
      expect(consensus.recommendedClientProtocols.supports('Link', 7)).to.equal(true)
    })
  })
})
