import { expect } from 'chai'
import { GatewayFixture, frame, linkRequest, until, type RawClient } from './support/gateway-fixture.ts'

const MB = 1_000_000

/** The code of the close frame that ends what came. */
function closeCode(client: RawClient): number | undefined {
  const at = client.body.lastIndexOf('\x88\x02')
  return at < 0 ? undefined : (client.body.charCodeAt(at + 2) << 8) | client.body.charCodeAt(at + 3)
}

describe('A gateway among hostile clients', function () {
  let fixture: GatewayFixture

  beforeEach(() => {
    fixture = new GatewayFixture()
  })
  afterEach(() => fixture.stop())

  /** That it still serves, and that of what was there nothing is left. */
  const expectWell = async (): Promise<void> => {
    await until(() => fixture.gateway.counters.links === 0)
    const client = await fixture.link()
    client.socket.write(frame(0x82, Uint8Array.of(7)))
    await until(() => client.body.length >= 3)
    expect(client.body).to.equal('\x82\x01\x07')
    client.socket.destroy()
    await until(() => fixture.gateway.counters.links === 0)
    await until(() => fixture.accepted.every(({ destroyed }) => destroyed))
  }

  const frames: Readonly<Record<string, readonly [bytes: () => Uint8Array, code: number | undefined]>> = {
    'a frame without a mask': [() => frame(0x82, Uint8Array.of(1), { masked: false }), 1002],
    'a reserved bit': [() => frame(0xc2, Uint8Array.of(1)), 1002],
    'an opcode that is none': [() => frame(0x83), 1002],
    'a control opcode that is none': [() => frame(0x8b), 1002],
    'text': [() => frame(0x81, Uint8Array.of(65)), 1003],
    'text that is no UTF-8': [() => frame(0x81, Uint8Array.of(0xff)), 1007],
    'a message that goes on without having begun': [() => frame(0x80, Uint8Array.of(1)), 1002],
    'a second message within the first': [() => join(frame(0x02, Uint8Array.of(1)), frame(0x82)), 1002],
    'a ping in pieces': [() => frame(0x09), 1002],
    'a ping of more than 125 bytes': [() => frame(0x89, new Uint8Array(126)), 1002],
    'a close frame of one byte': [() => frame(0x88, Uint8Array.of(3)), 1002],
    'a close code that is none': [() => frame(0x88, Uint8Array.of(0x03, 0xed)), 1002],
    'a message of more than 64 kB': [() => frame(0x82, new Uint8Array(65_537)), 1009],
    'a message that says it has 2^62 bytes': [() => Uint8Array.of(0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0), 1009],
    'a message that says it has 100 MB': [() => Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 5, 0xf5, 0xe1, 0), 1009],
    'pieces that come to more than 64 kB': [
      () => join(frame(0x02, new Uint8Array(60_000)), frame(0x80, new Uint8Array(60_000))),
      1009,
    ],
    'thousands of pieces': [
      () => join(frame(0x02), ...Array.from({ length: 3000 }, () => frame(0x00, Uint8Array.of(1)))),
      1008,
    ],
    'thousands of pieces of nothing': [
      () => join(frame(0x02), ...Array.from({ length: 3000 }, () => frame(0x00))),
      1008,
    ],
    'a flood of pings': [() => join(...Array.from({ length: 1000 }, () => frame(0x89, new Uint8Array(125)))), 1008],
    'a flood of pongs': [() => join(...Array.from({ length: 1000 }, () => frame(0x8a))), 1008],
  }
  it('ends each link on which the protocol is broken, with a code, and goes on', async () => {
    await fixture.start({ maxLinksPerClient: 64 })
    const codes: Record<string, number | undefined> = {}
    for (const [what, [bytes]] of Object.entries(frames)) {
      const client = await fixture.link()
      client.socket.write(bytes())
      await until(() => client.isClosed || closeCode(client) !== undefined)
      codes[what] = closeCode(client)
      client.socket.destroy()
    }
    expect(codes).to.deep.equal(Object.fromEntries(Object.entries(frames).map(([what, [, code]]) => [what, code])))
    await expectWell()
  })

  it('gives whole what comes in pieces within the limits, with pings between', async () => {
    await fixture.start()
    const client = await fixture.link()
    const payload = Uint8Array.from({ length: 60_000 }, (_, at) => at * 7)
    const pieces = Array.from({ length: 600 }, (_, index) =>
      frame(index === 0 ? 0x02 : index === 599 ? 0x80 : 0x00, payload.subarray(index * 100, index * 100 + 100)),
    )
    client.socket.write(join(...pieces.slice(0, 300), frame(0x89, Uint8Array.of(1, 2)), ...pieces.slice(300)))
    await until(() => client.body.length >= 60_000)
    expect(client.body).to.include('\x8a\x02\x01\x02')
    const [, ...rest] = client.body.split('\x8a\x02\x01\x02')
    expect(rest.join('').length).to.be.greaterThan(60_000)
  })

  it('answers pings, as many as a client in good faith sends', async () => {
    await fixture.start()
    const client = await fixture.link()
    for (let count = 0; count < 40; count++) client.socket.write(frame(0x89))
    await until(() => client.body.length >= 80)
    expect(client.body).to.equal('\x8a\x00'.repeat(40))
  })

  it('takes heads of 16 kB at most, and of no longer than they may take', async () => {
    await fixture.start({ headTimeout: 400 })
    const path = `/127.0.0.1:${fixture.relayPort}`
    expect(await fixture.statusOf(path, [`X-Filler: ${'x'.repeat(8000)}`])).to.equal(101)
    expect(await fixture.statusOf(path, [`X-Filler: ${'x'.repeat(17_000)}`])).to.equal(431)
    expect(
      await fixture.statusOf(
        path,
        Array.from({ length: 3000 }, (_, index) => `X-${index}: y`),
      ),
    ).to.equal(431)
    expect(await fixture.statusOf(`/${'1'.repeat(40_000)}`)).to.equal(431)
    const slow = [fixture.ask(linkRequest(path).slice(0, -2)), fixture.ask('G'), fixture.dial()]
    for (const client of slow) await client.closed()
    expect(slow[0]?.received).to.match(/^HTTP\/1\.1 408 /)
    await until(() => fixture.gateway.counters.links === 1)
  })

  it('gives each client so many links, and all together so many, and a place when one has ended', async () => {
    await fixture.start({ maxLinksPerClient: 3, maxLinks: 5, trustForwarded: true })
    const from = (address: string): readonly string[] => [`X-Forwarded-For: 10.1.1.1, ${address}`]
    const path = `/127.0.0.1:${fixture.relayPort}`
    const links: RawClient[] = []
    for (let count = 0; count < 3; count++) links.push(await fixture.link(from('8.8.8.8')))
    expect(await fixture.statusOf(path, from('8.8.8.8'))).to.equal(429)
    links.push(await fixture.link(from('8.8.4.4')), await fixture.link(from('2606:4700::1')))
    expect(await fixture.statusOf(path, from('1.1.1.1'))).to.equal(429)
    for (const { socket } of links.splice(0)) socket.destroy()
    await until(() => fixture.gateway.counters.links === 0)
    // One client has all addresses behind the first half.
    for (const last of ['1', '2', 'ffff:1']) await fixture.link(from(`2606:4700:0:1::${last}`))
    expect(await fixture.statusOf(path, from('2606:4700:0:1::9'))).to.equal(429)
    expect(await fixture.statusOf(path, from('2606:4700:0:2::9'))).to.equal(101)
    expect(fixture.gateway.counters).to.deep.include({ opened: 9, refused: { 429: 3 } })
  })

  it('does not believe what a client says of its address, unless told that there is a proxy', async () => {
    await fixture.start({ maxLinksPerClient: 1 })
    await fixture.link(['X-Forwarded-For: 8.8.8.8'])
    const path = `/127.0.0.1:${fixture.relayPort}`
    expect(await fixture.statusOf(path, ['X-Forwarded-For: 8.8.4.4'])).to.equal(429)
  })

  it('serves pages of the origins that it was told, and nobody else', async () => {
    await fixture.start({ origin: ['https://a.example', 'http://b.example:81'], maxLinksPerClient: 64 })
    const path = `/127.0.0.1:${fixture.relayPort}`
    const statuses: Record<string, number> = {}
    const origins = 'https://a.example http://b.example:81 http://a.example https://a.example:8443 https://xa.example'
    for (const origin of `${origins} https://a.example.evil.example null https://A.example`.split(' '))
      statuses[origin] = await fixture.statusOf(path, [`Origin: ${origin}`])
    expect(statuses).to.deep.equal({
      'https://a.example': 101,
      'http://b.example:81': 101,
      'http://a.example': 403,
      'https://a.example:8443': 403,
      'https://xa.example': 403,
      'https://a.example.evil.example': 403,
      'null': 403,
      'https://A.example': 403,
    })
    expect(await fixture.statusOf(path)).to.equal(403)
  })

  it('outlives a thousand connections that say nothing, and a thousand that want links', async () => {
    await fixture.start({ maxLinks: 100, maxLinksPerClient: 50 })
    const before = process.memoryUsage().rss
    const silent = Array.from({ length: 1000 }, () => fixture.dial())
    await until(() => silent.filter(({ isClosed }) => isClosed).length >= 1000 - 66)
    for (const { socket } of silent) socket.destroy()
    await until(() => silent.every(({ isClosed }) => isClosed))
    const request = linkRequest(`/127.0.0.1:${fixture.relayPort}`)
    const greedy: RawClient[] = []
    for (let count = 0; count < 1000; count++) {
      greedy.push(fixture.ask(request))
      if (count % 50 === 49) await Promise.all(greedy.slice(-50).map((client) => client.status()))
    }
    const served = (await Promise.all(greedy.map((client) => client.status()))).filter((status) => status === 101)
    expect(served.length).to.equal(50)
    const grown = (process.memoryUsage().rss - before) / MB
    console.log(`a thousand silent and a thousand greedy connections: ${grown.toFixed(1)} MB more, clients included`)
    expect(grown).to.be.below(150)
    for (const { socket } of greedy) socket.destroy()
    await expectWell()
  })

  it('holds a bounded amount for two hundred pages that do not read, and gives them all in the end', async () => {
    const count = 200
    const size = 1_000_000
    await fixture.start({ maxLinks: count, maxLinksPerClient: count })
    const bytes = new Uint8Array(size)
    fixture.onAccept = (socket) => socket.end(bytes)
    const links: RawClient[] = []
    while (links.length < count) {
      const client = await fixture.link()
      client.socket.pause()
      links.push(client)
    }
    let before = -1
    for (let still = 0; still < 500; still++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (fixture.gateway.counters.bytesFromRelays !== before) still = 0
      before = fixture.gateway.counters.bytesFromRelays
    }
    const { rss } = process.memoryUsage()
    console.log(`two hundred pages that do not read: ${(rss / MB).toFixed(0)} MB in all, pages and relays included`)
    let taken = 0
    for (const { socket } of links) {
      socket.removeAllListeners('data').on('data', (text: string) => (taken += text.length))
      socket.resume()
    }
    await until(() => links.every(({ isClosed }) => isClosed))
    expect(taken).to.be.at.least(count * size * 0.9) // some has been taken with the heads
    expect(fixture.gateway.counters.bytesFromRelays).to.equal(count * size)
  })

  it('ends a link on which nothing passes, also where the page is gone without a word', async () => {
    await fixture.start({ idleTimeout: 300_000 })
    fixture.onAccept = (socket) => socket.resume()
    const client = await fixture.link()
    for (let minute = 0; minute < 4; minute++) fixture.clock.advance(60_000)
    client.socket.write(frame(0x82, Uint8Array.of(1)))
    await until(() => fixture.gateway.counters.bytesToRelays === 1)
    for (let minute = 0; minute < 4; minute++) fixture.clock.advance(60_000)
    expect(fixture.gateway.counters.links).to.equal(1)
    fixture.clock.advance(120_000)
    await until(() => closeCode(client) !== undefined)
    expect(closeCode(client)).to.equal(1001)
    fixture.clock.advance(1000)
    await client.closed()
    await until(() => fixture.gateway.counters.links === 0)
    expect(fixture.gateway.counters.idle).to.equal(1)
    await until(() => fixture.accepted.every(({ destroyed }) => destroyed))
  })

  it('ends a link whose page is not heard of, though the relay goes on sending', async () => {
    await fixture.start({ idleTimeout: 300_000 })
    fixture.onAccept = (socket) => socket.resume()
    const client = await fixture.link()
    for (let minute = 1; minute <= 6; minute++) {
      fixture.accepted[0]?.write(Uint8Array.of(minute))
      await until(() => fixture.gateway.counters.bytesFromRelays === minute)
      await until(() => client.body.includes(String.fromCharCode(0x82, 1, minute)))
      fixture.clock.advance(60_000)
    }
    await until(() => fixture.gateway.counters.idle === 1)
    fixture.clock.advance(1000)
    await client.closed()
  })

  it('pings a page, so that no proxy between takes it for dead', async () => {
    await fixture.start()
    const client = await fixture.link()
    fixture.clock.advance(45_000)
    await until(() => client.body.length >= 2)
    expect(client.body).to.equal('\x89\x00')
  })

  it('passes on what the page has sent before it ended, and the end of the relay to the page', async () => {
    await fixture.start()
    let taken = 0
    let isEnded = false
    fixture.onAccept = (socket) =>
      socket.on('data', ({ length }) => (taken += length)).on('end', () => (isEnded = true))
    const first = await fixture.link()
    first.socket.write(join(...Array.from({ length: 20 }, () => frame(0x82, new Uint8Array(50_000)))))
    first.socket.write(frame(0x88, Uint8Array.of(0x03, 0xe8)))
    await until(() => isEnded)
    expect(taken).to.equal(1_000_000)
    const second = await fixture.link()
    await until(() => fixture.accepted.length === 2)
    fixture.accepted[1]?.end(Uint8Array.of(1, 2))
    await until(() => closeCode(second) !== undefined)
    expect(second.body).to.match(/^\x82\x02\x01\x02/)
    expect(closeCode(second)).to.equal(1000)
    const third = await fixture.link()
    await until(() => fixture.accepted.length === 3)
    fixture.accepted[2]?.resetAndDestroy()
    await until(() => closeCode(third) !== undefined)
    expect(closeCode(third)).to.equal(1014)
  })

  it('leaves nothing when it closes: no link, no listener, no timer', async () => {
    await fixture.start()
    const client = await fixture.link()
    const half = fixture.ask('GET /')
    await until(() => fixture.accepted.length === 1)
    const closing = fixture.gateway.close()
    await until(() => closeCode(client) !== undefined)
    expect(closeCode(client)).to.equal(1001)
    fixture.clock.advance(1000)
    await closing
    await client.closed()
    await half.closed()
    expect(await fixture.ask(linkRequest('/127.0.0.1:1')).status()).to.equal(0)
    await until(() => fixture.accepted.every(({ destroyed }) => destroyed))
    expect([fixture.clock.timers, fixture.directory.closed]).to.deep.equal([0, 1])
  })
})

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}
