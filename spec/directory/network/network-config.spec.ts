import { expect } from 'chai'
import { encodeHex } from '../../../lib/directory/text/encoding.ts'
import { checkNetworkConfig, type NetworkConfig } from '../../../lib/directory/network/network-config.ts'
import { publicNetwork } from '../../../lib/directory/network/public-network.ts'
import { thrownBy } from '../../cell/support/bytes.ts'

describe('the public network', () => {
  it('has nine authorities that vote, of more than half of which a consensus needs signatures', () => {
    const { authorities } = publicNetwork()
    expect(authorities.map(({ nickname }) => nickname).sort()).to.deep.equal([
      'bastet',
      'dannenberg',
      'dizum',
      'faravahar',
      'gabelmoo',
      'longclaw',
      'maatuska',
      'moria1',
      'tor26',
    ])
    const tor26 = authorities.find(({ nickname }) => nickname === 'tor26')
    expect(tor26?.v3Identity).to.equal('2F3DF9CA0E5D36F2685A2DA67184EB8DCB8CBA8C')
    expect(tor26?.addresses).to.deep.equal([
      { hostname: '217.196.147.77', port: 443 },
      { hostname: '2a02:16a8:662:2203::1', port: 443 },
    ])
    expect(encodeHex(tor26?.rsaIdentity ?? new Uint8Array(0))).to.equal('FAA4BCA4A6AC0FB4CA2F8AD5A11D9E122BA894F6')
  })

  it('has two hundred fallbacks, each once', () => {
    const { fallbacks } = publicNetwork()
    expect(fallbacks).to.have.length(200)
    expect(new Set(fallbacks.map(({ rsaIdentity }) => encodeHex(rsaIdentity))).size).to.equal(200)
    expect(encodeHex(fallbacks[2]?.rsaIdentity ?? new Uint8Array(0))).to.equal(
      '5BDD0633E0AC09763E49641DCD1BA3AB3A21AA83',
    )
    expect(fallbacks[2]?.addresses).to.deep.equal([
      { hostname: '185.183.157.214', port: 9100 },
      { hostname: '2a03:4000:1d:b7a:782f:17ff:fef0:a708', port: 9100 },
    ])
    expect(fallbacks[0]?.addresses).to.deep.equal([{ hostname: '64.65.62.122', port: 443 }])
  })

  it('is a well-formed network, and always the same', () => {
    checkNetworkConfig(publicNetwork(), 'network')
    expect(publicNetwork()).to.equal(publicNetwork())
  })
})

describe('a network that a caller gives', () => {
  const server = { addresses: [{ hostname: '127.0.0.1', port: 1 }], rsaIdentity: new Uint8Array(20) }
  const authority = { ...server, nickname: 'a', v3Identity: 'A'.repeat(40) }

  it('needs authorities, but no fallbacks', () => {
    checkNetworkConfig({ authorities: [authority], fallbacks: [], testing: true }, 'network')
    checkNetworkConfig(
      { authorities: [authority, { ...authority, v3Identity: 'B'.repeat(40) }], fallbacks: [server] },
      'network',
    )
  })

  it('is refused with what cannot be, and the argument is named', () => {
    const wrong: unknown[] = [
      undefined,
      null,
      'public',
      {},
      { authorities: [], fallbacks: [] },
      { authorities: [authority] },
      { authorities: [authority, authority], fallbacks: [] },
      { authorities: [server], fallbacks: [] },
      { authorities: [{ ...authority, v3Identity: 'a'.repeat(40) }], fallbacks: [] },
      { authorities: [authority], fallbacks: [{ ...server, addresses: [] }] },
      { authorities: [authority], fallbacks: [null] },
      { authorities: [authority], fallbacks: [{ ...server, rsaIdentity: new Uint8Array(19) }] },
      { authorities: [authority], fallbacks: [], testing: 1 },
      { authorities: [authority], fallbacks: [{ ...server, addresses: [{ hostname: 'example.com', port: 1 }] }] },
      { authorities: [authority], fallbacks: [{ ...server, addresses: [{ hostname: '::1', port: 0 }] }] },
    ]
    for (const config of wrong) {
      const error = thrownBy(() => checkNetworkConfig(config as NetworkConfig, '"network"'))
      expect(error instanceof TypeError || error instanceof RangeError).to.equal(true)
      expect((error as Error).message).to.match(/"network"/)
    }
  })
})
