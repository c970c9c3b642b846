import { ed25519 } from '@noble/curves/ed25519.js'
import { expect } from 'chai'
import { deferred, type Deferred } from '../../../lib/base/waiting/deferred.ts'
import { codeOf } from '../../../lib/base/withheld.ts'
import { RelayCommand } from '../../../lib/cell/commands.ts'
import { encodeEstablishIntro, type IntroProof } from '../../../lib/cell/onion/establish-intro.ts'
import { Channel } from '../../../lib/channel/channel.ts'
import { extendTo, targetOf } from '../../../lib/circuit/build/extend-to.ts'
import { Circuit } from '../../../lib/circuit/circuit.ts'
import { mac } from '../../../lib/onion/hashing.ts'
import { lastHop } from '../../../lib/onion/network/expected-message.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { TestNetwork } from '../../../lib/testing/test-network.ts'

const platform = currentPlatform()
const secret = new Uint8Array(32).fill(7)
const publicKey = ed25519.getPublicKey(secret)

/** What a service gets wrong, and how. */
const WRONG: Readonly<Record<string, (honest: IntroProof, others: Uint8Array) => [Uint8Array, IntroProof]>> = {
  'whose MAC is of another circuit': (honest, others) => [publicKey, { ...honest, mac: (bytes) => mac(others, bytes) }],
  'whose signature is by another key': (honest) => [
    publicKey,
    { ...honest, sign: (bytes) => ed25519.sign(bytes, new Uint8Array(32).fill(8)) },
  ],
  'for the key of somebody else': (honest) => [ed25519.getPublicKey(new Uint8Array(32).fill(9)), honest],
  'for what is no key': (honest) => [new Uint8Array(32).fill(255), honest],
}

describe('A relay of a test network that is to introduce', () => {
  let network: TestNetwork
  let channel: Channel
  let circuit: Circuit
  /** What only the two ends of the circuit know. */
  let proof: Uint8Array
  let answered: Deferred<void>

  beforeEach(async () => {
    network = await TestNetwork.start({ relays: 2, authorities: 1 })
    const [guard, relay] = network.relays.map(({ description }) => description)
    if (guard === undefined || relay === undefined) throw new Error('the network is too small')
    channel = await Channel.connect(guard, { transport: network.transport })
    circuit = Circuit.open([guard], { channel, congestionControl: false })
    await circuit.opened
    proof = await extendTo(circuit.controller, targetOf(relay), platform)
    answered = deferred()
    lastHop(circuit).conversation = (command) => {
      if (command === RelayCommand.INTRO_ESTABLISHED) answered.resolve()
    }
  })
  afterEach(async () => {
    await channel[Symbol.asyncDispose]()
    await network.close()
  })

  const honest = (): IntroProof => ({
    mac: (bytes) => mac(proof, bytes),
    sign: (bytes) => ed25519.sign(bytes, secret),
  })
  /** What the relay does about it. */
  async function send(body: Uint8Array): Promise<string> {
    circuit.controller.sendMessage(lastHop(circuit), RelayCommand.ESTABLISH_INTRO, body)
    return await Promise.race([
      answered.promise.then(() => 'established'),
      circuit.closed.then(
        () => 'closed',
        (error: unknown) => codeOf(error) ?? 'failed',
      ),
    ])
  }

  it('does so for who proves to have the key, on this circuit', async () => {
    expect(await send(encodeEstablishIntro(publicKey, honest()))).to.equal('established')
  })

  for (const [name, make] of Object.entries(WRONG)) {
    it(`closes the circuit at an ESTABLISH_INTRO ${name}`, async () => {
      const [key, lies] = make(honest(), new Uint8Array(20))
      expect(await send(encodeEstablishIntro(key, lies))).to.equal('CIRCUIT_TRUNCATED')
    })
  }

  it('closes the circuit at one that is cut short', async () => {
    const cut = encodeEstablishIntro(publicKey, honest()).subarray(0, 100)
    expect(await send(cut)).to.equal('CIRCUIT_TRUNCATED')
  })
})
