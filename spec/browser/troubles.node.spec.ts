import { createServer, type AddressInfo } from 'node:net'
import { expect } from 'chai'
import type { Gateway } from '../../lib/node.ts'
import type { DrivenBrowser } from '../../scripts/specs/browser-launch.js'
import { encodeHex } from '../../lib/directory/text/encoding.ts'
import { requireProgram } from '../support/programs.ts'
import type { NetworkRelay } from '../tor/support/network.ts'
import type { Opened } from './support/actions.ts'
import { BROWSERS, Page, startBrowser } from './support/driven-page.ts'
import { EndlessTarget } from './support/endless-target.ts'
import { PageNetwork } from './support/page-network.ts'
import { Websockify } from './support/websockify.ts'

const YEAR = 365 * 86_400_000
/** What the kernel takes between the far end and the exit, up to 4 MB each way, and Tor beside it. */
const ON_ITS_WAY = 12_000_000
/** 244,000 bytes before the XOFF, and what is on its way when that is sent. */
const IN_THE_PAGE = 3_000_000

describe('A page in trouble, in a network of real tor', function () {
  let network: PageNetwork
  let gateway: Gateway
  /** Those that live. */
  let exits: NetworkRelay[]

  before(async function () {
    // Each browser costs one of the exits its life.
    network = await PageNetwork.start(this, 1 + BROWSERS.length)
    exits = network.tor.relays.filter(({ isExit }) => isExit)
    gateway = await network.listen()
  })

  after(async () => {
    await gateway?.close()
    await network?.stop()
  })

  for (const browser of BROWSERS) {
    describe(`in ${browser}`, () => {
      let driven: DrivenBrowser
      let page: Page

      before(async function () {
        driven = await startBrowser(this, browser)
        page = await Page.open(driven, network.site)
      })

      beforeEach(() => page.visit())

      after(async () => {
        await driven?.close()
      })

      const argument = (more: object = {}): object => ({
        url: `ws://127.0.0.1:${gateway.port}`,
        authorities: network.authorities,
        ...more,
      })
      const expectAnswer = async (): Promise<void> => {
        expect(await page.act('get', { url: network.url('/') })).to.deep.equal({ status: 200, text: 'ok\n' })
      }

      it('goes through websockify as well', async function () {
        const ports = network.tor.relays.map(({ relay }) => relay.addresses[0]?.port ?? 0)
        const websockify = await Websockify.start(requireProgram(this, 'websockify'), ports)
        try {
          await page.act<Opened>('open', argument({ url: websockify.url, protocols: 'binary' }))
          await expectAnswer()
          await page.act('close')
        } finally {
          await websockify.stop()
        }
      })

      it('that stops reading stops the far end, and gets everything when it goes on', async () => {
        await page.act<Opened>('open', argument())
        const target = await EndlessTarget.start()
        try {
          const url = `http://endless.test:${target.port}/`
          const read = await page.act<number>('hold', { url, name: 'endless' })
          const taken = await target.still()
          console.log(`${browser}: the page read ${read} bytes and stopped: the far end stood still after ${taken}`)
          expect(taken).to.be.lessThan(ON_ITS_WAY)
          expect(await page.act<number>('readOn', { name: 'endless', bytes: 2 * taken })).to.be.least(2 * taken)
          expect(target.taken).to.be.greaterThan(taken)
        } finally {
          await target.stop()
          await page.act('close')
        }
      })

      it('loses its streams with a gateway that is killed, and goes on when it is back', async () => {
        await page.act<Opened>('open', argument())
        const target = await EndlessTarget.start()
        const read = await page.act<number>('hold', { url: `http://endless.test:${target.port}/`, name: 'long' })
        await target.still()
        const { port } = gateway
        await gateway.close()
        await target.stop()
        // What can still be read is what the page held.
        const { message, causes } = await page.failure('readOn', { name: 'long' })
        gateway = await network.listen(port)
        expect(causes.join(), message).to.match(/(?:LINK_CLOSED|CIRCUIT_\w+): /)
        const kept = (await page.act<number>('readSoFar', { name: 'long' })) - read
        console.log(`${browser}: a page that reads nothing holds ${kept} bytes`)
        expect(kept).to.be.lessThan(IN_THE_PAGE)
        await expectAnswer()
        await page.act('close')
      })

      it('is told what is wrong with a gateway that cannot be reached, long before its deadline', async () => {
        const server = createServer()
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
        const { port } = server.address() as AddressInfo
        await new Promise((resolve) => server.close(resolve))
        const url = `ws://127.0.0.1:${port}`
        const { code, message } = await page.failure('open', argument({ url, timeout: 120_000 }))
        expect(code).to.be.oneOf(['LINK_UNREACHABLE', 'DIRECTORY_UNAVAILABLE'])
        expect(message).to.match(/The gateway cannot be reached, or does not reach the relay$/)
      })

      it("is told of its own policy that forbids the gateway, and of nobody's address", async () => {
        await page.visit(`?policy=${encodeURIComponent("connect-src 'none'")}`)
        const { code, message, causes } = await page.failure('open', argument())
        expect(code).to.equal('LINK_FORBIDDEN')
        expect(message).to.match(/Content Security Policy forbids the gateway: its connect-src must have it$/)
        expect([message, ...causes].join()).not.to.contain('127.0.0.1')
      })

      for (const [what, off] of [
        ['fast', 3 * YEAR],
        ['slow', -3 * YEAR],
      ] as const) {
        it(`is told by how much its clock is ${what}`, async () => {
          const { code, message } = await page.failure('open', argument({ clockOff: off }))
          expect(code, message).to.match(/^DIRECTORY_/)
          expect(message).to.match(/\d(?:\.\d)? (?:days|years) (?:ago|from now): the clock may be wrong$/)
        })
      }

      it('is told before anything else when it has no crypto.subtle, or no WebSocket', async () => {
        await page.act('without', { name: 'crypto.subtle' })
        expect(await page.failure('open', argument())).to.deep.include({ code: 'CLIENT_UNSUPPORTED' })
        await page.visit()
        await page.act('without', { name: 'WebSocketStream' })
        await page.act('without', { name: 'WebSocket' })
        expect((await page.failure('open', argument())).message).to.match(/^Cannot make WebSockets in this runtime/)
      })

      it('loses a transfer with a relay that is killed, and nothing else', async () => {
        await page.act<Opened>('open', argument())
        const exit = exits.pop()
        if (exit === undefined) throw new Error('there are no exits left')
        const fingerprint = encodeHex(exit.relay.rsaIdentity)
        await page.act('hold', { url: network.url('/50000000'), name: 'long', exit: fingerprint })
        await exit.kill()
        const { message, causes } = await page.failure('readOn', { name: 'long' })
        expect(causes.join(), message).to.match(/(?:CIRCUIT_\w+|END_\w+): /)
        await expectAnswer()
        await page.act('close')
      })
    })
  }
})
