import { expect } from 'chai'
import { parseIPAddress } from '../../../lib/cell/ip-address.ts'
import { isPublicAddress } from '../../../lib/node/gateway/public-address.ts'
import { parseLinkTarget } from '../../../lib/node/gateway/link-target.ts'
import { GatewayFixture, linkRequest } from './support/gateway-fixture.ts'

describe('What a gateway is asked for', () => {
  let fixture: GatewayFixture

  beforeEach(() => {
    fixture = new GatewayFixture()
  })
  afterEach(() => fixture.stop())

  it('is a relay of the consensus by its address and port, and is connected before the answer', async () => {
    await fixture.start()
    const client = await fixture.link()
    expect(fixture.accepted.length).to.equal(1)
    client.socket.write(new Uint8Array([0x82, 0x83, 0, 0, 0, 0, 1, 2, 3]))
    await client.status()
    while (client.body.length < 5) await new Promise((resolve) => setImmediate(resolve))
    expect(client.body).to.equal('\x82\x03\x01\x02\x03')
  })

  /** The relay's own address and port in disguise, and what is none. */
  const disguises: Readonly<Record<string, (port: number) => string>> = {
    'a decimal number': (port) => `/2130706433:${port}`,
    'octal parts': (port) => `/0177.0.0.1:${port}`,
    'hexadecimal parts': (port) => `/0x7f.0.0.1:${port}`,
    'a hexadecimal number': (port) => `/0x7f000001:${port}`,
    'two parts': (port) => `/127.1:${port}`,
    'leading zeros': (port) => `/127.000.000.001:${port}`,
    'a part too many': (port) => `/127.0.0.0.1:${port}`,
    'a part above 255': (port) => `/383.0.0.1:${port}`,
    'a trailing dot': (port) => `/127.0.0.1.:${port}`,
    'a name': (port) => `/localhost:${port}`,
    'a name with an address in it': (port) => `/127.0.0.1.nip.test:${port}`,
    'an empty name': (port) => `/:${port}`,
    'brackets around IPv4': (port) => `/[127.0.0.1]:${port}`,
    'no brackets around IPv6': (port) => `/::1:${port}`,
    'a zone': (port) => `/[fe80::1%eth0]:${port}`,
    'a zone that is encoded': (port) => `/[fe80::1%25eth0]:${port}`,
    'user information': (port) => `/user@127.0.0.1:${port}`,
    'user information with a password': (port) => `/127.0.0.1:${port}@127.0.0.1:${port}`,
    'percent-encoding': (port) => `/%31%32%37.0.0.1:${port}`,
    'a percent-encoded colon': (port) => `/127.0.0.1%3a${port}`,
    'a percent-encoded slash': (port) => `/%2f127.0.0.1:${port}`,
    'two slashes': (port) => `//127.0.0.1:${port}`,
    'a path before it': (port) => `/x/../127.0.0.1:${port}`,
    'a path behind it': (port) => `/127.0.0.1:${port}/`,
    'a query': (port) => `/127.0.0.1:${port}?to=10.0.0.1`,
    'a fragment': (port) => `/127.0.0.1:${port}#x`,
    'a whole URL': (port) => `http://127.0.0.1:${port}/127.0.0.1:${port}`,
    'an asterisk': () => '*',
    'two ports': (port) => `/127.0.0.1:${port}:${port}`,
    'a port with a zero before it': (port) => `/127.0.0.1:0${port}`,
    'a port with a sign': (port) => `/127.0.0.1:+${port}`,
    'port 0': () => '/127.0.0.1:0',
    'a port above 65535': (port) => `/127.0.0.1:${65_536 + port}`,
    'no port': () => '/127.0.0.1',
    'an empty port': () => '/127.0.0.1:',
    'a comma for a dot': (port) => `/127,0,0,1:${port}`,
    'a full-width digit': (port) => `/\xef\xbc\x91127.0.0.1:${port}`,
    'a NUL': (port) => `/127.0.0.1\0:${port}`,
    'a tab': (port) => `/127.0.0.1\t:${port}`,
    'an address of thousands of digits': (port) => `/${'1'.repeat(5000)}.0.0.1:${port}`,
  }
  it('is refused in any disguise, and nothing is dialled', async () => {
    await fixture.start()
    const statuses: Record<string, number> = {}
    for (const [what, path] of Object.entries(disguises)) {
      const status = await fixture.statusOf(path(fixture.relayPort))
      if (status !== 400) statuses[what] = status
    }
    expect(statuses).to.deep.equal({})
    expect(fixture.accepted.length).to.equal(0)
    expect(await fixture.statusOf(`/127.0.0.1:${fixture.relayPort}`)).to.equal(101)
  })

  it('is refused when no relay of the consensus has exactly that address and port', async () => {
    await fixture.start()
    const { relayPort } = fixture
    // The gateway's own port among them.
    for (const target of [`127.0.0.2:${relayPort}`, `127.0.0.1:${fixture.gateway.port}`, '192.0.2.1:9001', '[::1]:22'])
      expect(await fixture.statusOf(`/${target}`), target).to.equal(403)
    for (const mapped of ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[0:0:0:0:0:ffff:127.0.0.1]'])
      expect(await fixture.statusOf(`/${mapped}:${relayPort}`), mapped).to.equal(403)
    expect(fixture.accepted.length).to.equal(0)
  })

  const internal = [
    '127.0.0.1 127.8.9.1 0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1',
    '192.0.0.8 192.0.2.1 192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1',
    '255.255.255.255 [::] [::1] [::ffff:8.8.8.8] [::ffff:127.0.0.1] [::8.8.8.8] [64:ff9b::808:808] [64:ff9b:1::1]',
    '[100::1] [fe80::1] [fec0::1] [fc00::1] [fdff::1] [ff02::1] [ff0e::1] [2001::1] [2001:1::1] [2001:db8::1]',
    '[2002:7f00:1::1] [2002:808:808::1] [3fff::1] [3fff:fff::1] [4000::1]',
  ].flatMap((line) => line.split(' '))
  it('is refused where it is no address of the public Internet, even if it is listed', async () => {
    await fixture.start({ allowPrivate: false })
    fixture.directory.has = () => true
    const served: string[] = []
    for (const host of internal)
      if ((await fixture.statusOf(`/${host}:${fixture.relayPort}`)) !== 403) served.push(host)
    expect(served).to.deep.equal([])
    expect(fixture.accepted.length).to.equal(0)
  })

  it('may be anything of the public Internet', () => {
    const hosts = '1.1.1.1 8.8.8.8 99.255.1.1 100.128.0.1 172.32.0.1 191.255.255.255 192.1.0.1 198.20.0.1 223.255.255.1'
    for (const host of `${hosts} 2001:200::1 2606:4700::1111 2a00:1450::1 3ffe::1`.split(' '))
      expect(isPublicAddress(parseIPAddress(host) as Uint8Array), host).to.equal(true)
  })

  it('is compared as an address, however it is written', () => {
    for (const text of ['[2606:4700::1111]', '[2606:4700:0:0:0:0:0:1111]', '[2606:4700::0.0.17.17]'])
      expect(parseLinkTarget(`/${text}:443`)).to.include({ address: '2606:4700::1111', port: 443 })
  })

  it('is refused as long as the directory is out of date', async () => {
    await fixture.start()
    fixture.directory.isLive = false
    expect(await fixture.statusOf(`/127.0.0.1:${fixture.relayPort}`)).to.equal(503)
    expect(await fixture.ask('GET /directory HTTP/1.1\r\nHost: a\r\n\r\n').status()).to.equal(503)
    expect(fixture.accepted.length).to.equal(0)
  })

  it('is answered by 502 where the relay refuses, and takes no place for it', async () => {
    await fixture.start({ maxLinksPerClient: 1 })
    fixture.directory.has = () => true
    expect(await fixture.statusOf('/127.0.0.1:1')).to.equal(502)
    expect(await fixture.statusOf('/127.0.0.1:1')).to.equal(502)
    expect(fixture.gateway.counters.refused).to.deep.equal({ 502: 2 })
  })

  /** What fails before anything is dialled. */
  const requests: readonly (readonly [what: string, change: (request: string) => string, status: number])[] = [
    ['another method', (text) => text.replace('GET', 'POST'), 405],
    ['the method of a proxy', (text) => text.replace(/^GET \S+/, 'CONNECT 127.0.0.1:1'), 0],
    ['no WebSocket', (text) => text.replace('Upgrade: websocket', 'Upgrade: h2c'), 426],
    ['no upgrade at all', (text) => text.replace(/Connection.*\r\nUpgrade.*\r\n/, ''), 426],
    ['no key', (text) => text.replace(/Sec-WebSocket-Key.*\r\n/, ''), 400],
    ['a key that is none', (text) => text.replace(/(?<=Key: ).*/, 'x'), 400],
    ['two keys', (text) => text.replace(/(Sec-WebSocket-Key.*\r\n)/, '$1$1'), 400],
    ['another version', (text) => text.replace('Version: 13', 'Version: 12'), 400],
    ['no version', (text) => text.replace(/Sec-WebSocket-Version.*\r\n/, ''), 400],
    ['another protocol', () => '\x16\x03\x01\x02\0\x01\0', 400],
    ['a header with a NUL', (text) => text.replace('gateway.test', 'a\0b'), 400],
    ['line ends without CR', (text) => text.replaceAll('\r', ''), 400],
    ['two lengths of a body', (text) => text.replace('Host', 'Content-Length: 1\r\nContent-Length: 2\r\nHost'), 400],
  ]
  it('is refused before anything is dialled where the request is no good', async () => {
    await fixture.start()
    const outcomes: Record<string, number> = {}
    for (const [what, change] of requests) {
      const client = fixture.ask(change(linkRequest(`/127.0.0.1:${fixture.relayPort}`)))
      outcomes[what] = await client.status()
      client.socket.end()
      await client.closed()
    }
    expect(outcomes).to.deep.equal(Object.fromEntries(requests.map(([what, , status]) => [what, status])))
    expect(fixture.accepted.length).to.equal(0)
    expect(await fixture.statusOf(`/127.0.0.1:${fixture.relayPort}`)).to.equal(101)
  })
})
