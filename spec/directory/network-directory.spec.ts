import { expect } from 'chai'
import type { Microdescriptor } from '../../lib/directory/microdescriptor.ts'
import { NetworkDirectory } from '../../lib/directory/network-directory.ts'
import { RelayFlag } from '../../lib/directory/relay-flags.ts'
import { checkRelay } from '../../lib/relay.ts'
import { generateNetwork } from './support/generated.ts'
import { consensusOf, countedPauses, entriesOf, replaced } from './support/helpers.ts'
import { CONSENSUS } from './samples/consensus.ts'
import { MICRODESCRIPTORS } from './samples/microdescriptors.ts'

async function directoryOf(consensus = CONSENSUS, microdescriptors = MICRODESCRIPTORS): Promise<NetworkDirectory> {
  const known = new Map<string, Microdescriptor>()
  for (const { digest, microdescriptor } of await entriesOf(microdescriptors))
    if (microdescriptor !== undefined) known.set(digest, microdescriptor)
  return new NetworkDirectory(await consensusOf(consensus), known)
}

describe('the directory of a network', () => {
  it('joins what the consensus and the microdescriptors say of a relay', async () => {
    const directory = await directoryOf()
    expect(directory.relays).to.have.length(10)
    expect(directory.missing).to.deep.equal([])
    const relay = directory.relay('38F74FDCA9ADB6B91E41BC472BCEA701C96F20C7') ?? expect.fail('it is not there')
    checkRelay(relay, 'relay')
    expect([relay.nickname, relay.bandwidth, relay.measured, relay.family]).to.deep.equal(['auth0', 13, false, []])
    expect(relay.flags & RelayFlag.Authority).not.to.equal(0)
    expect(relay.addresses).to.deep.equal([{ hostname: '127.0.0.1', port: 31_000 }])
    expect(relay.rsaIdentity[0]).to.equal(0x38)
    expect(relay.protocols.supports('Link', 5)).to.equal(true)
    expect([relay.exitPolicy.rejectsAll, relay.exitPolicyIPv6.rejectsAll, relay.familyIds.length]).to.deep.equal([
      true,
      true,
      0,
    ])
    expect(directory.relays).to.include(relay)
  })

  it('is the same when it is made in slices', async () => {
    const { consensus: text, microdescriptors } = generateNetwork(5000)
    const known = new Map<string, Microdescriptor>()
    for (const { digest, microdescriptor } of await entriesOf(microdescriptors))
      if (microdescriptor !== undefined && known.size < 4000) known.set(digest, microdescriptor)
    const consensus = await consensusOf(text)
    const { pause, pauses } = countedPauses()
    const sliced = await NetworkDirectory.inSlices(consensus, known, { pause })
    const whole = new NetworkDirectory(consensus, known)
    expect(pauses()).to.equal(2)
    expect(sliced.consensus).to.equal(consensus)
    expect(sliced.relays.map(({ fingerprint }) => fingerprint)).to.deep.equal(
      whole.relays.map(({ fingerprint }) => fingerprint),
    )
    expect(sliced.missing).to.deep.equal(whole.missing)
    expect([sliced.relays.length, sliced.missing.length]).to.deep.equal([4000, 1000])
  })

  it('leaves out the relays whose microdescriptor is not there, and says which those are', async () => {
    const first = MICRODESCRIPTORS.indexOf('onion-key\n', 1)
    const directory = await directoryOf(CONSENSUS, MICRODESCRIPTORS.slice(0, first))
    expect(directory.relays).to.have.length(1)
    expect(directory.missing).to.have.length(9)
    const whole = await directoryOf()
    expect(directory.missing).not.to.include(
      whole.consensus.relays.find(({ fingerprint }) => fingerprint === directory.relays[0]?.fingerprint)
        ?.microdescriptorDigest,
    )
    expect(directory.relay('38F74FDCA9ADB6B91E41BC472BCEA701C96F20C7') === undefined).to.equal(
      directory.relays[0]?.nickname !== 'auth0',
    )
  })

  it('leaves out, and asks nothing about, relays that clients must not use', async () => {
    for (const [from, to] of [
      ['s Authority Fast Guard Running', 's Authority Fast Guard'],
      ['s Authority Fast Guard Running V2Dir Valid', 's Running'],
      ['s Authority Fast Guard Running', 's Authority Fast Guard NoEdConsensus Running'],
      ['127.0.0.1 31000 31100\nm', '127.0.0.1 0 31100\nm'],
    ] as const) {
      const directory = await directoryOf(replaced(CONSENSUS, from, to), '')
      expect(directory.missing).to.have.length(9)
      expect(
        (await directoryOf(replaced(CONSENSUS, from, to))).relay('38F74FDCA9ADB6B91E41BC472BCEA701C96F20C7'),
      ).to.equal(undefined)
    }
  })

  it('gives parameters of the network within their range', async () => {
    const directory = await directoryOf()
    expect(directory.param('cc_sendme_inc', 50, 1, 254)).to.equal(31)
    expect(directory.param('circwindow', 500, 100, 900)).to.equal(900)
    expect(directory.param('cc_alg', 0, 3, 9)).to.equal(3)
    expect(directory.param('no_such', 7, 0, 9)).to.equal(7)
  })
})
