/**
 * Which relays are the introduction points of an onion service, by the descriptor that clients are given now.
 *
 * @module
 */
import { encodeBase64, encodeHex } from '../../../lib/directory/text/encoding.ts'
import { openDescriptor } from '../../../lib/onion/descriptor/descriptor.ts'
import { parseOnionAddress } from '../../../lib/onion/identity/address.ts'
import { blindedIdentity } from '../../../lib/onion/identity/key-blinding.ts'
import { currentPeriod } from '../../../lib/onion/ring/time-period.ts'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { openCircuit, readEach, request } from './client.ts'
import type { NetworkRelay, TorNetwork } from './network.ts'

/** Asks the relays in turn until one has the descriptor. */
export async function listedPoints({ relays }: TorNetwork, onion: string): Promise<NetworkRelay[]> {
  const consensus = await ask(relays, 0, '/tor/status-vote/current/consensus-microdesc')
  const time = (keyword: string): number =>
    Date.parse(`${new RegExp(`^${keyword} (.*)$`, 'm').exec(consensus ?? '')?.[1]}Z`)
  const validAfter = time('valid-after')
  const sharedRandom = { current: undefined, previous: undefined }
  const of = { validAfter, freshUntil: time('fresh-until'), params: new Map<string, number>(), sharedRandom }
  const identity = blindedIdentity(parseOnionAddress(onion) as Uint8Array, currentPeriod(of, true))
  for (const index of relays.keys()) {
    const text = await ask(relays, index, `/tor/hs/3/${encodeBase64(identity.key)}`)
    if (text === undefined) continue
    const { introPoints } = await openDescriptor(text, {
      identity,
      clientSecret: undefined,
      now: Date.now(),
      sendmeIncrement: 31,
      testing: true,
      platform: currentPlatform(),
    })
    const named = new Set(introPoints.map(({ target }) => encodeHex(target.rsaIdentity)))
    return relays.filter(({ relay }) => named.has(encodeHex(relay.rsaIdentity)))
  }
  throw new Error('no relay has a descriptor of the service')
}

/** What the directory of one of them answers, over two others; undefined when it has no such document. */
async function ask(relays: readonly NetworkRelay[], index: number, path: string): Promise<string | undefined> {
  const hops = [2, 1, 0].map((before) => relays[(index + relays.length - before) % relays.length] as NetworkRelay)
  await using circuit = openCircuit(hops.map(({ relay }) => relay))
  const socket = circuit.connectDirectory()
  await request(socket, path)
  let answer = ''
  await readEach(socket.readable, (bytes) => (answer += Buffer.from(bytes).toString('latin1')))
  return /^HTTP\/1\.0 200 .*?\r\n\r\n(.*)$/s.exec(answer)?.[1]
}
