import { expect } from 'chai'
import { EndReason } from '../../lib/cell/reasons.ts'
import type { ConnectOptions } from '../../lib/client/connect-options.ts'
import type { TorClient } from '../../lib/client/tor-client.ts'
import { ExitRefusal, type ExitRequest } from '../../lib/testing/exit/exit.ts'
import { echo } from '../../lib/testing/exit/exits.ts'

import { ClientFixture, exit, guard } from './support/client-fixture.ts'

/** What C tor's client says, by its own rules: IPv6 where the exit's policy lets out the port over it. */
const IPV6 = 1
const NO_IPV4 = 2

const PLANS = [
  guard('guard1'),
  guard('guard2'),
  guard('guard3'),
  exit('only4'),
  exit('web6', { exitPolicyIPv6: 'accept 443' }),
  exit('all6', { exitPolicyIPv6: 'accept 1-65535' }),
]

for (const congestionControl of [true, false]) {
  describe(`What a client asks of its exits (${congestionControl ? 'congestion control' : 'windows'})`, () => {
    let fixture: ClientFixture
    let tor: TorClient
    /** By exit: what was asked of it. */
    let asked: { readonly exit: string; readonly host: string; readonly port: number; readonly flags: number }[]
    let refuses: (exit: string) => boolean

    before(async () => {
      fixture = await ClientFixture.start({ relays: PLANS, congestionControl })
      for (const relay of fixture.network.relays) {
        const { nickname } = relay
        relay.exit = async (request: ExitRequest) => {
          const { host, port, flags } = request
          asked.push({ exit: nickname, host, port, flags })
          if (refuses(nickname)) throw new ExitRefusal(EndReason.EXITPOLICY)
          return { ...(await echo()(request)), address: undefined }
        }
      }
    })
    beforeEach(async () => {
      asked = []
      refuses = () => false
      tor = await fixture.open()
    })
    afterEach(() => fixture.tidy())
    after(() => fixture.end())

    /** What the exit is told of a stream to this address. */
    async function flags(nickname: string, address: string, options: ConnectOptions = {}): Promise<number | undefined> {
      const socket = tor.connect(address, { ...options, exit: (relay) => relay.nickname === nickname })
      await fixture.passing(socket.opened)
      await socket.close()
      expect(asked.at(-1)?.exit).to.equal(nickname)
      return asked.at(-1)?.flags
    }

    it('names IPv6 only where the exit lets out the port over it', async () => {
      expect(await flags('only4', 'example.com:443')).to.equal(0)
      expect(await flags('web6', 'example.com:443')).to.equal(IPV6)
      expect(await flags('web6', 'example.com:80')).to.equal(0)
      expect(await flags('all6', 'example.com:80')).to.equal(IPV6)
      expect(await flags('all6', 'example.com:80', { addressFamily: 'prefer-ipv6' })).to.equal(IPV6 + 4)
      expect(await flags('web6', 'example.com:80', { addressFamily: 'prefer-ipv6' })).to.equal(0)
      expect(await flags('all6', 'example.com:80', { addressFamily: 'ipv4' })).to.equal(0)
      expect(await flags('all6', 'example.com:80', { addressFamily: 'ipv6' })).to.equal(IPV6 + NO_IPV4)
      expect(await flags('all6', '203.0.113.1:80')).to.equal(0)
      expect(await flags('all6', '[2001:db8::1]:80')).to.equal(IPV6 + NO_IPV4)
    })

    it('says to each exit of a stream that goes from one to the next what is true of it', async () => {
      refuses = () => true
      await fixture.passing(tor.connect('everywhere.example:443').opened.catch(() => undefined))
      const told = asked.filter(({ host }) => host === 'everywhere.example')
      expect(Object.fromEntries(told.map(({ exit: nickname, flags: said }) => [nickname, said]))).to.deep.equal({
        only4: 0,
        web6: IPV6,
        all6: IPV6,
      })
    })
  })
}
