import { expect } from 'chai'
import { ClientFixture, exchange } from '../../client/support/client-fixture.ts'
import { mutated, randomFrom } from '../../tls13/support/mutations.ts'
import { encodeIntroduceAck } from '../../../lib/cell/onion/introduce-ack.ts'
import type { TorError } from '../../../lib/base/errors.ts'
import { tries } from '../../support/engines.ts'
import { seed } from '../../support/seed.ts'
import { failureOf } from '../../support/failures.ts'
import type { DescriptorLies } from '../../../lib/testing/onion/onion-lies.ts'
import { freshSigner } from '../../../lib/testing/onion/service-keys.ts'
import type { TestOnionService } from '../../../lib/testing/onion/test-onion-service.ts'

const USUAL = ['Fast', 'Running', 'Stable', 'V2Dir', 'Valid', 'HSDir', 'Guard', 'Exit']

describe('The relays between a client and an onion service', function () {
  let fixture: ClientFixture
  let onion: TestOnionService

  before(async () => {
    const relays = Array.from({ length: 8 }, () => ({ flags: USUAL }))
    fixture = await ClientFixture.start({ relays })
  })
  beforeEach(() => {
    onion = fixture.network.onionService()
  })
  afterEach(async () => {
    await fixture.tidy() // which fails unless nothing is left
    onion.close()
  })
  after(() => fixture.end())

  /** What a stream comes to; no service is behind the rendezvous, so a joined one waits for its answer. */
  async function outcome(): Promise<string> {
    const tor = await fixture.open()
    const socket = tor.connect(`${onion.hostname}:80`, { timeout: 600_000 })
    return (await fixture.passing(failureOf(socket.opened))).code
  }

  const descriptors: Record<string, DescriptorLies> = {
    'is signed by another service': {
      signedBy: freshSigner((length) => crypto.getRandomValues(new Uint8Array(length))),
    },
    'has expired': { expires: 0 },
    'was changed': { outer: (text) => text.replace('descriptor-lifetime 180', 'descriptor-lifetime 181') },
    'breaks off': { outer: (text) => text.slice(0, 5000) },
    'is empty': { outer: () => '' },
    'is too long': { outer: (text) => text.repeat(6) },
    'has only malformed introduction points': { inner: (text) => text.replaceAll('enc-key ntor', 'enc-key tap') },
    'wants another handshake': { inner: (text) => text.replace('create2-formats 2', 'create2-formats 1') },
  }
  for (const [what, lies] of Object.entries(descriptors)) {
    it(`bring a client nowhere with a descriptor that ${what}`, async () => {
      onion.descriptor = lies
      expect(await outcome()).to.be.oneOf(['ONION_DESCRIPTOR_INVALID', 'ONION_DESCRIPTOR_NOT_FOUND'])
      expect(onion.introductions).to.have.length(0)
      expect(onion.fetches).to.be.at.most(6)
    })
  }

  for (const status of [400, 404, 503]) {
    it(`have no descriptor when each of them says ${status}`, async () => {
      onion.answerDescriptor = status
      expect(await outcome()).to.equal('ONION_DESCRIPTOR_NOT_FOUND')
      expect(onion.fetches).to.equal(6)
    })
  }

  for (const answer of ['hang', 'inflated', 'endless', 'compressed'] as const) {
    it(`have no descriptor when the answer of each is ${answer}, and are left after a few cells and seconds`, async () => {
      onion.answerDescriptor = answer
      const began = fixture.clock.now()
      expect(await outcome()).to.equal('ONION_DESCRIPTOR_NOT_FOUND')
      expect(onion.fetches).to.equal(6)
      const directories = fixture.network.circuits.flatMap(({ hops }) => (hops.length === 4 ? hops.slice(3) : []))
      expect(directories).to.have.length(6)
      // The DATA of a stream's whole window may be on its way when the client has had too many.
      for (const { flow } of directories) expect(flow.dataSent).to.be.at.most(110 + 500)
      expect(fixture.clock.now() - began).to.be.at.most(100_000)
    })
  }

  it('introduce nobody when a descriptor lists no introduction point', async () => {
    onion.descriptor = { inner: (text) => text.slice(0, text.indexOf('introduction-point')) }
    expect(await outcome()).to.equal('ONION_INTRODUCTION_FAILED')
  })

  for (const answer of [1, 2, 3, 99, 'garbage', 'out-of-turn', 'destroy'] as const) {
    it(`introduce nobody when each answers with ${answer}, and each is asked once`, async () => {
      onion.answerIntroduce = answer
      expect(await outcome()).to.equal('ONION_INTRODUCTION_FAILED')
      expect(onion.introductions).to.have.length(3)
      expect(new Set(onion.introductions.map(({ size }) => size))).to.deep.equal(new Set([490]))
    })
  }

  it('take too long when none answers', async () => {
    onion.answerIntroduce = 'ignore'
    expect(await outcome()).to.equal('ONION_INTRODUCTION_TIMEOUT')
    expect(onion.introductions).to.have.length(3)
  })

  it('are found out when they say yes, and the service never hears of it', async () => {
    onion.answerIntroduce = 'drop-but-ack'
    expect(await outcome()).to.equal('ONION_RENDEZVOUS_FAILED')
    expect(onion.introductions).to.have.length(3)
  })

  for (const answer of ['wrong', 'short', 'other-hop', 'none'] as const) {
    it(`join nobody when the service's message is ${answer}`, async () => {
      onion.answerRendezvous = answer
      expect(await outcome()).to.equal('ONION_RENDEZVOUS_FAILED')
      expect(onion.introductions).to.have.length(3)
    })
  }

  it('join nobody when the message is that of an earlier rendezvous', async () => {
    onion.answerRendezvous = 'long'
    const tor = await fixture.open()
    await fixture.passing(tor.connect(`${onion.hostname}:80`).opened) // what follows the message is padding
    onion.answerRendezvous = 'replayed'
    const socket = tor.connect(`${onion.hostname}:80`, { isolation: 'other', timeout: 600_000 })
    expect((await fixture.passing(failureOf(socket.opened))).code).to.equal('ONION_RENDEZVOUS_FAILED')
    expect(onion.introductions).to.have.length(4)
  })

  it('join nobody when they close the circuit in place of passing the message on', async () => {
    onion.answerRendezvous = 'destroy'
    expect(await outcome()).to.equal('ONION_RENDEZVOUS_FAILED')
  })

  for (const answer of ['ignore', 'destroy'] as const) {
    it(`introduce nobody who cannot be met, when each that could be met at answers with ${answer}`, async () => {
      onion.answerEstablish = answer
      expect(await outcome()).to.equal('ONION_RENDEZVOUS_FAILED')
      expect(onion.introductions).to.have.length(0)
    })
  }

  it('break no more than the attempt, whatever bytes they answer with', async () => {
    const random = randomFrom(seed)
    const codes = ['', 'ONION_INTRODUCTION_FAILED', 'ONION_RENDEZVOUS_FAILED', 'CIRCUIT_PROTOCOL']
    const tor = await fixture.open()
    for (let turn = 0; turn < tries(16); turn++) {
      onion.answerIntroduce = turn % 2 === 0 ? mutated(encodeIntroduceAck(0), random).subarray(0, 400) : 0
      onion.answerRendezvous = turn % 2 === 0 ? 'honest' : (message) => mutated(message, random).subarray(0, 400)
      const socket = tor.connect(`${onion.hostname}:80`, { isolation: turn, timeout: 600_000 })
      const code = await fixture.passing(socket.opened.then(() => '', (error: TorError) => error.code)) // prettier-ignore
      expect(code).to.be.oneOf(codes)
    }
  })

  it('find out nothing by a single-onion flag, by private addresses or by a key that is all zero', async () => {
    onion.descriptor = { inner: (text) => text.replace(/^/, 'single-onion-service\n') }
    const tor = await fixture.open()
    await fixture.passing(tor.connect(`${onion.hostname}:80`).opened)
    const lengths = fixture.network.circuits.map(({ hops }) => hops.length)
    expect(Math.min(...lengths.filter((length) => length > 1))).to.equal(3)
    onion.descriptor = { inner: (text) => text.replaceAll(/^enc-key ntor .*$/gm, `enc-key ntor ${'A'.repeat(43)}=`) }
    expect(await outcome()).to.equal('ONION_DESCRIPTOR_INVALID')
    expect(onion.introductions).to.have.length(1)
  })

  it('lose the circuit when the message comes twice, in one read of the link and behind the new hop', async () => {
    onion.answerRendezvous = 'twice'
    expect(await outcome()).to.equal('CIRCUIT_PROTOCOL')
    expect(onion.introductions).to.have.length(3)
  })

  it('lose nothing but themselves when they acknowledge an introduction twice', async () => {
    onion.answerIntroduce = 'twice'
    const tor = await fixture.open()
    const socket = tor.connect(`${onion.hostname}:80`)
    await fixture.passing(socket.opened)
    expect(await fixture.passing(exchange(socket, 'hello'))).to.equal('hello')
    expect(onion.introductions).to.have.length(1)
  })

  it('carry nothing of one isolation on a circuit of another, and ask for its descriptor again', async () => {
    const tor = await fixture.open()
    const sockets = ['a', 'a', 'b', 'b'].map((isolation) => tor.connect(`${onion.hostname}:80`, { isolation }))
    await fixture.passing(Promise.all(sockets.map((socket) => socket.opened)))
    expect([onion.fetches, onion.introductions.length]).to.deep.equal([2, 2])
  })

  it('join nobody when the message comes before the service can have been told', async () => {
    onion.answerRendezvous = 'early'
    expect(await outcome()).to.equal('ONION_RENDEZVOUS_FAILED')
    expect(onion.introductions).to.have.length(0)
  })
})
