import { expect } from 'chai'
import { EndReason } from '../../../lib/cell/reasons.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { Circuit } from '../../../lib/circuit.ts'
import { parseConsensus } from '../../../lib/directory/consensus.ts'
import type { Consensus } from '../../../lib/directory/consensus.ts'
import { checkLifetime } from '../../../lib/directory/consensus-lifetime.ts'
import { missingCertificates, verifyConsensus } from '../../../lib/directory/consensus-signatures.ts'
import { parseKeyCertificates } from '../../../lib/directory/key-certificate.ts'
import { parseMicrodescriptors } from '../../../lib/directory/microdescriptor.ts'
import { checkNetworkConfig } from '../../../lib/directory/network/network-config.ts'
import { isUsable, NetworkDirectory } from '../../../lib/directory/network-directory.ts'
import { SocketError, TorError } from '../../../lib/base/errors.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { fingerprintOf } from '../../../lib/testing/directory/document-text.ts'
import type { DirectoryLieChoice, DocumentLie } from '../../../lib/testing/directory/directory-lies.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import { turn } from '../../support/turn.ts'
import { exchange, get, getRaw, inflate, parseAnswer, textOf } from '../support/directory-get.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { MinimalClient } from '../support/minimal-client.ts'

const HOUR = 3_600_000
const CONSENSUS = '/tor/status-vote/current/consensus-microdesc'

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('The promise did not reject'),
    (error: unknown) => error,
  )

describe('A test network with authorities', () => {
  let clock: ManualClock
  let network: TestNetwork
  let directory: TestNetwork['directory']
  let guard: TestRelay
  let circuit: Circuit

  const start = async (): Promise<void> => {
    clock = new ManualClock()
    network = await TestNetwork.start({
      clock,
      authorities: 3,
      relays: [
        { bandwidth: 5_000, family: ['second', '$' + '0'.repeat(40), 'elsewhere'], tapKey: false },
        {
          nickname: 'second',
          address: { hostname: '203.0.113.7', port: 443 },
          ipv6Address: { hostname: '2001:DB8:0:0::7', port: 444 },
          family: ['test1'],
          familyIds: ['ed25519:xyz'],
          exitPolicy: 'accept 80,443',
          exitPolicyIPv6: 'accept 443',
          measured: false,
        },
        { exitPolicy: 'reject 1-65535', flags: ['Running', 'Valid'], protocols: 'Link=4-5' },
      ],
    })
    directory = network.directory
    guard = network.relays[0] as TestRelay
  }

  before(start)

  beforeEach(() => {
    circuit = Circuit.open(network.path(1), { transport: network.transport, clock })
  })

  afterEach(async () => {
    await circuit.close().catch(() => undefined) // some tests break it
    directory.lie = undefined
    directory.requests.length = 0
    guard.lie = undefined
    guard.serve = undefined
    guard.clockSkew = 0
  })

  after(() => network.close())

  /** What comes of `use` with another circuit through these relays, which is closed then. */
  async function through<T>(
    path: readonly (TestRelay | undefined)[],
    use: (circuit: Circuit) => Promise<T>,
  ): Promise<T> {
    const other = Circuit.open(
      path.map((relay) => (relay as TestRelay).description),
      { transport: network.transport, clock },
    )
    try {
      return await use(other)
    } finally {
      await other.close()
    }
  }

  const fetchConsensus = async (): Promise<Consensus> => parseConsensus(textOf((await get(circuit, CONSENSUS)).body))

  /** What a client makes of what the guard serves: the code of its objection, after that of the cause. */
  async function verdict(): Promise<string | undefined> {
    const consensus = await fetchConsensus()
    const { authorities } = network.config
    const now = clock.now()
    const names = missingCertificates(consensus, { authorities, certificates: [], now })
    const wanted = names.map(({ identity, signingKeyDigest }) => `${identity}-${signingKeyDigest}`).join('+')
    const answer = names.length === 0 ? undefined : await get(circuit, `/tor/keys/fp-sk/${wanted}`)
    const certificates = answer === undefined ? [] : parseKeyCertificates(textOf(answer.body))
    try {
      await verifyConsensus(consensus, { authorities, certificates, now, platform: currentPlatform() })
      checkLifetime(consensus, now)
      return undefined
    } catch (error) {
      expect(error).to.be.instanceOf(TorError)
      const { code, cause } = error as TorError
      return cause instanceof TorError ? `${cause.code} ${code}` : code
    }
  }

  describe('as a whole', () => {
    it('has the authorities behind the other relays, and says how to find it', () => {
      expect(network.relays.map(({ nickname }) => nickname)).to.deep.equal([
        'test1',
        'second',
        'test3',
        'auth1',
        'auth2',
        'auth3',
      ])
      expect(directory.authorities.map(({ relay }) => relay)).to.deep.equal(network.relays.slice(3))
      const { config } = network
      checkNetworkConfig(config, 'config')
      expect(config.testing).to.equal(true)
      expect(config.authorities.map(({ nickname }) => nickname)).to.deep.equal(['auth1', 'auth2', 'auth3'])
      expect(config.authorities[0]?.rsaIdentity).to.deep.equal(network.relays[3]?.description.rsaIdentity)
      // The third serves no directory.
      expect(config.fallbacks.map(({ addresses }) => addresses)).to.deep.equal(
        network.relays.slice(0, 2).map(({ description }) => description.addresses),
      )
    })

    it('has no directory without authorities', async () => {
      const plain = await TestNetwork.start({ relays: 1 })
      expect(() => plain.directory).to.throw(/authorities/)
      expect(() => plain.config).to.throw(/authorities/)
      const client = await MinimalClient.build(plain, plain.path(1))
      await client.message({ command: RelayCommand.BEGIN_DIR, streamId: 1 })
      expect((await client.answer(RelayCommand.END, 1)).body[0]).to.equal(EndReason.NOTDIRECTORY)
      await plain.close()
    })

    it('refuses plans that cannot be', async () => {
      const address = { hostname: '192.0.2.9', port: 1 }
      const wrong = [
        [{ authorities: 10 }, RangeError, /authorities/],
        [{ authorities: 0.5 }, RangeError, /authorities/],
        [{ relays: [] }, RangeError, /relays/],
        [{ relays: [{ nickname: 'not one' }] }, TypeError, /nickname/],
        [{ relays: [{ bandwidth: -1 }] }, RangeError, /bandwidth/],
        [{ relays: [{ exitPolicy: 'accept *:*' }] }, TypeError, /exit policy/],
        [{ relays: [{ address: { hostname: 'host', port: 1 } }] }, TypeError, /IPv4/],
        [{ relays: [{ ipv6Address: address }] }, TypeError, /IPv6/],
        [{ relays: [{ address }, { address }] }, TypeError, /same address/],
      ] as const
      for (const [options, type, message] of wrong) {
        const error = await failure(TestNetwork.start(options))
        expect(error).to.be.instanceOf(type)
        expect(error).to.match(message)
      }
    })

    it('is dialled at every address of a relay', async () => {
      const { signal } = new AbortController()
      const second = network.relays[1] as TestRelay
      expect(second.description.addresses[1]).to.deep.equal({ hostname: '2001:db8::7', port: 444 })
      for (const address of second.description.addresses) await network.transport.connect(address, { signal })
      expect(second.links.slice(-2).map(({ closed }) => closed)).to.deep.equal([false, false])
    })

    it('keeps the exit policies that it tells', async () => {
      await through([guard, network.relays[1]], async (path) => {
        await path.connect('destination.test:80').opened
        const error = await failure(path.connect('destination.test:25').opened)
        expect(error).to.be.instanceOf(SocketError)
        expect(error).to.have.property('code', 'END_EXITPOLICY')
      })
    })
  })

  describe('telling the truth', () => {
    it('is believed', async () => {
      expect(await verdict()).to.equal(undefined)
    })

    it('describes every relay as it was planned', async () => {
      const consensus = await fetchConsensus()
      const digests = consensus.relays.map(({ microdescriptorDigest }) => microdescriptorDigest)
      const answer = await get(circuit, `/tor/micro/d/${digests.join('-')}`)
      const entries = await parseMicrodescriptors(textOf(answer.body))
      expect(entries.map(({ digest }) => digest)).to.have.members(digests)
      const known = new NetworkDirectory(
        consensus,
        new Map(entries.map((entry) => [entry.digest, entry.microdescriptor as never])),
      )
      expect(consensus.relays.every(isUsable)).to.equal(true)
      for (const { description, nickname } of network.relays) {
        const relay = known.relay(fingerprintOf(description.rsaIdentity))
        expect(relay?.nickname).to.equal(nickname)
        const { addresses, ed25519Identity, ntorOnionKey, rsaIdentity } = relay as NonNullable<typeof relay>
        const { protocols, ...rest } = description
        expect({ addresses, ed25519Identity, ntorOnionKey, rsaIdentity }).to.deep.equal(rest)
        for (const [name, version] of [
          ['Relay', 2],
          ['Relay', 4],
          ['FlowCtrl', 2],
        ] as const) {
          expect(relay?.protocols.supports(name, version), name).to.equal(protocols?.supports(name, version))
        }
      }
      const [first, second, third] = network.relays.map(({ description }) =>
        known.relay(fingerprintOf(description.rsaIdentity)),
      )
      expect(first?.family).to.have.members([second?.fingerprint, '0'.repeat(40), 'elsewhere'])
      expect(second?.family).to.include(first?.fingerprint)
      expect(second?.familyIds).to.deep.equal(['ed25519:xyz'])
      expect(first?.exitPolicy.allows(25)).to.equal(true)
      expect([80, 81].map((port) => second?.exitPolicy.allows(port))).to.deep.equal([true, false])
      expect(second?.exitPolicyIPv6.allows(443)).to.equal(true)
      expect(third?.exitPolicy.allows(80)).to.equal(false)
      expect(third?.protocols.supports('Relay', 2)).to.equal(false)
      expect([first?.bandwidth, second?.bandwidth]).to.deep.equal([5_000, 1_000])
    })

    it('goes with the clock', async () => {
      const first = await fetchConsensus()
      expect(clock.now()).to.be.within(first.validAfter, first.freshUntil - 1)
      expect(textOf((await get(circuit, CONSENSUS)).body)).to.equal(directory.consensus())
      clock.advance(8 * HOUR)
      const second = await parseConsensus(textOf((await through([guard], (later) => get(later, CONSENSUS))).body))
      expect(second.validAfter).to.equal(first.validAfter + 8 * HOUR)
      expect(checkLifetime(second, clock.now()).phase).to.equal('fresh')
      clock.advance(400 * 24 * HOUR)
      const certificates = parseKeyCertificates(directory.certificates.join(''))
      const check = {
        authorities: network.config.authorities,
        certificates,
        now: clock.now(),
        platform: currentPlatform(),
      }
      expect(await verifyConsensus(await parseConsensus(directory.consensus()), check)).to.have.length(3)
    })

    it('tells of what its knobs are turned to, and still serves the microdescriptors of before', async () => {
      await network.close()
      await start()
      circuit = Circuit.open(network.path(1), { transport: network.transport, clock })
      const before = await fetchConsensus()
      guard.listing.bandwidth = 77
      guard.listing.exitPolicy = 'accept 22'
      ;(network.relays[1] as TestRelay).listed = false
      directory.params = { circwindow: 500 }
      directory.requiredClientProtocols = 'Relay=60'
      directory.interval = 60_000
      directory.lifetime = 120_000
      const after = await fetchConsensus()
      expect(await verdict()).to.equal(undefined)
      expect(after.relays.find(({ nickname }) => nickname === 'test1')?.bandwidth).to.equal(77)
      expect(after.relays.map(({ nickname }) => nickname)).not.to.include('second')
      expect(after.params.get('circwindow')).to.equal(500)
      expect(after.requiredClientProtocols.supports('Relay', 60)).to.equal(true)
      expect(after.validUntil - after.validAfter).to.equal(120_000)
      for (const { microdescriptorDigest } of before.relays) {
        expect((await get(circuit, `/tor/micro/d/${microdescriptorDigest}`)).status).to.equal(200)
      }
      await circuit.close()
      await network.close()
      await start()
    })

    it('answers CREATE_FAST and BEGIN_DIR in a circuit of one hop, at authorities as at other relays', async () => {
      for (const relay of [network.relays[3], network.relays[0]] as TestRelay[]) {
        const client = await MinimalClient.connect(network, relay.description, clock)
        await client.createFast()
        await client.message({ command: RelayCommand.BEGIN_DIR, streamId: 4 })
        const request = new TextEncoder().encode(`GET ${CONSENSUS} HTTP/1.0\r\n\r\n`)
        await client.message({ command: RelayCommand.DATA, streamId: 4, body: request })
        expect((await client.answer(RelayCommand.END, 4)).body[0]).to.equal(EndReason.DONE)
        expect((await client.answer(RelayCommand.CONNECTED, 4)).body).to.have.length(0)
        expect(textOf(parseAnswer(client.dataOf(4)).body)).to.equal(directory.consensus())
      }
    })

    it('keeps account of requests', async () => {
      await fetchConsensus()
      await get(circuit, '/tor/keys/all.z', ['If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT'])
      await get(circuit, `/tor/micro/d/${'A'.repeat(43)}`)
      await get(circuit, '/tor/server/all')
      expect(directory.requests.map(({ kind }) => kind)).to.deep.equal([
        'consensus',
        'certificates',
        'microdescriptors',
        'other',
      ])
      expect(directory.requests.every(({ relay }) => relay === guard)).to.equal(true)
      expect(directory.requests[1]?.headers.get('if-modified-since')).to.match(/2100/)
    })
  })

  describe('over HTTP', () => {
    const whole = async (
      path: string,
      headers: readonly string[] = [],
    ): Promise<[number, string | undefined, string]> => {
      const { status, headers: answered, body } = await get(circuit, path, headers)
      const encoding = answered.get('content-encoding')
      expect(answered.get('content-length')).to.equal(String(body.length))
      return [status, encoding, encoding === 'deflate' ? await inflate(body) : textOf(body)]
    }

    it('compresses for the suffix .z, or as Accept-Encoding has it', async () => {
      const text = directory.consensus()
      expect(await whole(CONSENSUS)).to.deep.equal([200, 'identity', text])
      expect(await whole(`${CONSENSUS}.z`)).to.deep.equal([200, 'deflate', text])
      expect(await whole(CONSENSUS, ['Accept-Encoding: x-zstd, deflate, identity'])).to.deep.equal([
        200,
        'deflate',
        text,
      ])
      expect(await whole(`${CONSENSUS}.z`, ['accept-encoding: identity'])).to.deep.equal([200, 'identity', text])
      const compressed = await get(circuit, `${CONSENSUS}.z`)
      expect(compressed.body.length).to.be.below(text.length)
    })

    it('tells its time', async () => {
      guard.clockSkew = 2 * HOUR
      const { headers } = await get(circuit, CONSENSUS)
      const date = Date.parse(headers.get('date') ?? '')
      expect(date).to.equal(Math.floor((clock.now() + 2 * HOUR) / 1_000) * 1_000)
      expect(headers.get('x-your-address-is')).to.equal('192.0.2.254')
    })

    it('serves a consensus to those who trust enough of its authorities', async () => {
      const [one, two] = directory.authorities.map(({ v3Identity }) => v3Identity) as [string, string]
      const status = async (names: readonly string[]): Promise<number> =>
        (await get(circuit, `${CONSENSUS}/${names.join('+')}.z`)).status
      const stranger = '0'.repeat(40)
      expect(await status([one, two])).to.equal(200)
      expect(await status([one.slice(0, 6), two.slice(0, 6).toLowerCase()])).to.equal(200)
      expect(await status([one, two, stranger])).to.equal(200)
      expect(await status([one, stranger])).to.equal(404)
    })

    it('serves key certificates by every name', async () => {
      const [one, two] = directory.authorities as [(typeof directory.authorities)[0], (typeof directory.authorities)[0]]
      const [first = '', second = '', third = ''] = directory.certificates
      const sk = ({ v3Identity, keys }: typeof one): string => `${v3Identity}-${keys.signingKeyDigest}`
      const text = async (path: string): Promise<string> => (await whole(`/tor/keys/${path}`))[2]
      expect(await text('all')).to.equal(first + second + third)
      expect(await text(`fp/${two.v3Identity}+${one.v3Identity.toLowerCase()}.z`)).to.equal(second + first)
      expect(await text(`sk/${one.keys.signingKeyDigest}`)).to.equal(first)
      expect(await text(`fp-sk/${sk(one)}+${sk(two)}`)).to.equal(first + second)
      expect(await text(`fp-sk/${one.v3Identity}-${two.keys.signingKeyDigest}+${sk(two)}`)).to.equal(second)
      expect((await whole('/tor/keys/authority'))[0]).to.equal(404)
      const own = await through([one.relay], (atAuthority) => get(atAuthority, '/tor/keys/authority'))
      expect(textOf(own.body)).to.equal(first)
    })

    it('serves the microdescriptors that it has, and none of the others', async () => {
      const [first, , third] = directory.microdescriptors
      const [status, , text] = await whole(`/tor/micro/d/${third?.digest}-${'x'.repeat(43)}-${first?.digest}.z`)
      expect([status, text]).to.deep.equal([200, `${third?.text}${first?.text}`])
    })

    const unknown = [
      '/',
      '/tor/',
      CONSENSUS.replace('-microdesc', ''),
      `${CONSENSUS}/XYZ`,
      '/tor/keys/all/',
      '/tor/keys/allow',
      '/tor/keys/fp/',
      `/tor/keys/fp/${'0'.repeat(40)}`,
      '/tor/micro/d/',
      `/tor/micro/d/${'x'.repeat(43)}`,
      '/tor/server/all.z',
    ]
    for (const path of unknown) {
      it(`does not find ${path}`, async () => {
        expect((await get(circuit, path)).status).to.equal(404)
      })
    }

    const malformed: readonly (readonly [string, string])[] = [
      ['POST', `POST ${CONSENSUS} HTTP/1.0\r\n\r\n`],
      ['a line that is none', 'hello\r\n\r\n'],
      ['a header that is none', `GET ${CONSENSUS} HTTP/1.0\r\nno header\r\n\r\n`],
      ['a head without an end', `GET ${CONSENSUS} HTTP/1.0\r\n${'X-Filler: x\r\n'.repeat(6_000)}`],
    ]
    for (const [name, request] of malformed) {
      it(`answers ${name} with 400`, async () => {
        expect(parseAnswer(await exchange(circuit, request)).status).to.equal(400)
      })
    }

    it('is no directory without the flag V2Dir', async () => {
      const error = await through([network.relays[2]], (plain) => failure(plain.connectDirectory().opened))
      expect(error).to.have.property('code', 'END_NOTDIRECTORY')
    })

    it('lets nobody wait when the client says nothing and goes', async () => {
      const socket = circuit.connectDirectory()
      await socket.opened
      await socket.close()
      expect((await get(circuit, CONSENSUS)).status).to.equal(200)
    })
  })

  describe('lying about documents', () => {
    const refused: readonly (readonly [DocumentLie, string])[] = [
      ['expired', 'DIRECTORY_EXPIRED'],
      ['future', 'DIRECTORY_FUTURE'],
      ['altered', 'DIRECTORY_SIGNATURES'],
      ['forged-signatures', 'DIRECTORY_SIGNATURES'],
      ['minority', 'DIRECTORY_SIGNATURES'],
      ['repeated-signature', 'DIRECTORY_SIGNATURES'],
      ['unknown-authorities', 'DIRECTORY_SIGNATURES'],
      ['impostors', 'DIRECTORY_CERTIFICATE DIRECTORY_SIGNATURES'],
      ['other-certificates', 'DIRECTORY_SIGNATURES'],
      ['expired-certificates', 'DIRECTORY_CERTIFICATE DIRECTORY_SIGNATURES'],
      ['forged-certificates', 'DIRECTORY_CERTIFICATE DIRECTORY_SIGNATURES'],
      ['uncrossed-certificates', 'DIRECTORY_CERTIFICATE DIRECTORY_SIGNATURES'],
    ]
    for (const [lie, code] of refused) {
      it(`is found out: ${lie}`, async () => {
        directory.lie = lie
        expect(await verdict()).to.equal(code)
        directory.lie = undefined
        expect(await verdict()).to.equal(undefined)
      })
    }

    const identities = async (): Promise<string[]> =>
      (await fetchConsensus()).signatures.map(({ identity }) => identity)

    it('has as many signatures as the lie says', async () => {
      const known = directory.authorities.map(({ v3Identity }) => v3Identity)
      directory.lie = 'minority'
      expect(await identities()).to.deep.equal([known[0]])
      directory.lie = 'repeated-signature'
      expect(await identities()).to.deep.equal([known[0], known[0], known[0]])
      directory.lie = 'impostors'
      expect(await identities()).to.have.members(known)
      directory.lie = 'unknown-authorities'
      const strangers = await identities()
      expect(strangers.filter((identity) => known.includes(identity))).to.deep.equal([])
      const certificates = parseKeyCertificates(
        textOf((await get(circuit, `/tor/keys/fp/${strangers.join('+')}`)).body),
      )
      expect(certificates.map(({ identity }) => identity)).to.deep.equal(strangers)
      const authorities = strangers.map((v3Identity) => ({ v3Identity }))
      // They would be believed by those who trust them.
      const check = { authorities, certificates, now: clock.now(), platform: currentPlatform() }
      expect(await verifyConsensus(await fetchConsensus(), check)).to.have.length(3)
    })

    it('serves a consensus of any time', async () => {
      guard.lie = { consensusAt: Date.UTC(2020, 0, 1) }
      expect((await fetchConsensus()).validAfter).to.equal(Date.UTC(2020, 0, 1))
      const { validUntil } = await parseConsensus(directory.consensus())
      guard.lie = { consensusAt: clock.now() - 25 * HOUR }
      expect((await fetchConsensus()).validUntil).to.equal(validUntil - 25 * HOUR)
      expect(await verdict()).to.equal(undefined)
    })

    for (const lie of ['altered-microdescriptors', 'swapped-microdescriptors'] as const) {
      it(`gives others for those that are asked for: ${lie}`, async () => {
        const honest = directory.microdescriptors
        directory.lie = lie
        const wanted = honest.slice(0, 2).map(({ digest }) => digest)
        const answer = await get(circuit, `/tor/micro/d/${wanted.join('-')}`)
        const entries = await parseMicrodescriptors(textOf(answer.body))
        expect(entries.map(({ microdescriptor }) => microdescriptor !== undefined)).to.deep.equal([true, true])
        expect(entries.map(({ digest }, index) => digest === wanted[index])).to.deep.equal([false, false])
        expect(await verdict()).to.equal(undefined)
      })
    }

    it('is the lie of one relay, and depends on the request when it is a function', async () => {
      directory.lie = 'busy'
      guard.lie = ({ kind }) => (kind === 'certificates' ? 'not-found' : undefined)
      expect((await get(circuit, CONSENSUS)).status).to.equal(200)
      expect((await get(circuit, '/tor/keys/all')).status).to.equal(404)
      expect((await through([network.relays[1]], (other) => get(other, CONSENSUS))).status).to.equal(503)
    })

    it('is whatever the test serves', async () => {
      guard.serve = async (request, usual) => {
        if (request.kind === 'other') return { raw: new TextEncoder().encode('not HTTP') }
        const answer = await usual()
        return 'raw' in answer ? answer : { ...answer, status: 299, headers: { ...answer.headers, 'X-More': 'yes' } }
      }
      const { status, headers, body } = await get(circuit, CONSENSUS)
      expect([status, headers.get('x-more'), textOf(body)]).to.deep.equal([299, 'yes', directory.consensus()])
      expect(textOf(await getRaw(circuit, '/anything'))).to.equal('not HTTP')
    })

    it('ends the stream when what the test serves throws', async () => {
      guard.serve = () => {
        throw new Error('wrong')
      }
      expect(await failure(getRaw(circuit, CONSENSUS))).to.have.property('code', 'END_CONNRESET')
    })
  })

  describe('lying about the transfer', () => {
    const lying = (lie: DirectoryLieChoice): void => {
      directory.lie = lie
    }

    it('answers with a status only: busy, not-found, empty', async () => {
      const answers: unknown[] = []
      for (const lie of ['busy', 'not-found', 'empty'] as const) {
        lying(lie)
        const { status, body } = await get(circuit, CONSENSUS)
        answers.push([status, body.length])
      }
      expect(answers).to.deep.equal([
        [503, 0],
        [404, 0],
        [200, 0],
      ])
    })

    it('sends half of a document and ends: truncated', async () => {
      lying('truncated')
      const plain = await get(circuit, CONSENSUS)
      expect(plain.headers.get('content-length')).to.equal(String(directory.consensus().length))
      expect(textOf(plain.body)).to.equal(directory.consensus().slice(0, directory.consensus().length >>> 1))
      const compressed = await get(circuit, `${CONSENSUS}.z`)
      expect(Number(compressed.headers.get('content-length')) >>> 1).to.equal(compressed.body.length)
      // Some engines take the end of the bytes for the end of what was compressed.
      const inflated = await inflate(compressed.body).catch(() => '')
      expect(inflated.length).to.be.below(directory.consensus().length)
    })

    it('sends half of a document and fails: reset', async () => {
      lying('reset')
      expect(await failure(getRaw(circuit, CONSENSUS))).to.have.property('code', 'END_CONNRESET')
    })

    it('sends more than there is: oversized', async () => {
      lying('oversized')
      const answer = parseAnswer(await getRaw(circuit, `${CONSENSUS}.z`, [], 200_000))
      expect(answer.headers.get('content-length')).to.equal(undefined)
      expect(textOf(answer.body).startsWith(directory.consensus())).to.equal(true)
      expect(answer.body.length).to.be.above(directory.consensus().length + 100_000)
    })

    it('sends header lines without end: endless-header', async () => {
      lying('endless-header')
      const text = textOf(await getRaw(circuit, CONSENSUS, [], 200_000))
      expect(text).to.match(/^HTTP\/1\.0 200 OK\r\n(X-Filler: [^\r]+\r\n)+/)
      expect(text).not.to.include('\r\n\r\n')
    })

    it('sends what inflates beyond measure: bomb', async () => {
      lying('bomb')
      const { headers, body } = await get(circuit, CONSENSUS)
      expect(headers.get('content-encoding')).to.equal('deflate')
      expect(body.length).to.be.below(1_048_576)
      const reader = new Blob([new Uint8Array(body)])
        .stream()
        .pipeThrough(new DecompressionStream('deflate'))
        .getReader()
      let bytes = 0
      while (bytes < 64 * 1_048_576) bytes += (await reader.read()).value?.length ?? -Infinity
      await reader.cancel()
      expect(bytes / body.length).to.be.above(100)
    })

    it('sends nonsense: garbage, not-http', async () => {
      lying('garbage')
      const { status, body } = await get(circuit, CONSENSUS)
      expect(status).to.equal(200)
      expect(await failure(parseConsensus(textOf(body)))).to.have.property('code', 'DIRECTORY_MALFORMED')
      lying('not-http')
      expect(textOf(await getRaw(circuit, CONSENSUS))).not.to.match(/^HTTP/)
    })

    for (const lie of ['hang', 'stall'] as const) {
      it(`leaves the client waiting, and nobody else: ${lie}`, async () => {
        lying(({ kind }) => (kind === 'certificates' ? lie : undefined))
        let settled = false
        const waiting = getRaw(circuit, '/tor/keys/all').finally(() => (settled = true))
        waiting.catch(() => undefined) // it is awaited below
        await network.when(() => directory.requests.length === 1)
        expect((await get(circuit, CONSENSUS)).status).to.equal(200)
        expect(settled).to.equal(false)
        await circuit.close()
        expect(await failure(waiting)).to.be.instanceOf(Error)
      })
    }

    it('sends a document cell by cell, and leaves no timer when it is given up: slow', async () => {
      lying({ slow: 100 })
      const begun = clock.now()
      let settled = false
      const reading = get(circuit, CONSENSUS).finally(() => (settled = true))
      while (!settled) {
        clock.advance(10)
        await turn()
      }
      expect(textOf((await reading).body)).to.equal(directory.consensus())
      const pieces = Math.ceil(directory.consensus().length / 498)
      expect(clock.now() - begun).to.be.at.least(pieces * 100)

      const timers = clock.pending
      const socket = circuit.connectDirectory()
      await socket.writable.getWriter().write(new TextEncoder().encode(`GET ${CONSENSUS} HTTP/1.0\r\n\r\n`))
      await socket.readable.getReader().read()
      while (clock.pending <= timers) await turn()
      await socket.close()
      while (clock.pending > timers) await turn()
      expect(clock.pending).to.equal(timers)
    })
  })
})
