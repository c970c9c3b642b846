/** `tor-streams proxy --dashboard`, as its user has it: the program draws in a browser what goes through it. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Page } from 'puppeteer-core'
import { bundle, outputFolder } from '../../scripts/bundle.js'
import { ROOT } from '../../scripts/files.js'
import { launchBrowser } from '../../scripts/specs/browser-launch.js'
import { requireProgram } from '../support/programs.ts'
import { excessWidth, faultsForReaders } from './support/faults.ts'

describe("The proxy's dashboard in a browser", function () {
  const outdir = outputFolder('proxy-dashboard')
  let child: ChildProcess
  let target: Server
  let launched: Awaited<ReturnType<typeof launchBrowser>>
  let page: Page
  let client: Socket
  let output = ''

  before(async function () {
    const executable = requireProgram(this, 'chromium')
    // Each by itself: the page is served no modules but those of its own folder, and would share some with the program.
    for (const entry of ['lib/cli/bin.ts', 'lib/dashboard/proxy-page.ts'])
      await bundle({ entries: [join(ROOT, entry)], outdir, outbase: ROOT })
    target = createServer((_, response) => {
      const more = (): void => void response.write(Buffer.alloc(65_536), (error) => (error ? undefined : more()))
      response.writeHead(200)
      more()
    })
    await once(target.listen(0, '127.0.0.1'), 'listening')
    const program = join(outdir, 'lib', 'cli', 'bin.js')
    const args = ['proxy', '--embedded', '--quiet', '--http', '0', '--dashboard']
    child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
    while (!/Dashboard on \S+\n/.test(output)) await once(child.stdout as NonNullable<typeof child.stdout>, 'data')
    launched = await launchBrowser({ browser: 'chromium', executable })
    page = (await launched.open()).page as Page
    await page.goto(/Dashboard on (\S+)/.exec(output)?.[1] ?? '')
  })

  after(async () => {
    client?.destroy()
    await launched?.close()
    if (child?.exitCode === null) {
      child.kill('SIGINT')
      await once(child, 'close')
    }
    target?.closeAllConnections()
    target?.close()
  })

  const says = (pattern: RegExp): Promise<unknown> =>
    page.waitForFunction(
      (source) => new RegExp(source).test(document.querySelector('.ts-say')?.textContent ?? ''),
      { timeout: 60_000 },
      pattern.source,
    )

  it('draws the circuits that stand ready', async () => {
    await page.waitForFunction(() => document.querySelectorAll('.ts-circuit').length >= 2, { timeout: 60_000 })
    expect(await page.title()).to.equal('tor-streams proxy')
  })

  it('gives a new identity by its button', async () => {
    await page.click('.ts-controls button')
    await page.waitForFunction(
      () => /shares no circuit/.test(document.querySelector('.ts-controls [role=status]')?.textContent ?? ''),
      { timeout: 60_000 },
    )
  })

  it('draws what goes through the proxy, and that it stands still when its client does not read', async () => {
    const proxy = Number(/HTTP on \S+:(\d+)/.exec(output)?.[1])
    const { port } = target.address() as AddressInfo
    client = connect(proxy, '127.0.0.1')
    client.on('error', () => undefined) // the proxy ends before it does
    client.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
    await once(client, 'data')
    client.write('GET / HTTP/1.1\r\nHost: target\r\n\r\n')
    client.resume()
    await says(/^Data flows/)
    client.pause()
    await says(/^The program has stopped reading/)
    client.resume()
    await says(/^Data flows/)
    if (process.env['TOR_STREAMS_PICTURES'] !== undefined)
      await page.screenshot({ path: join(ROOT, process.env['TOR_STREAMS_PICTURES'], 'proxy.png') })
    expect(await page.$eval('.ts-circuit .ts-target', (each) => each.textContent)).to.equal(`127.0.0.1:${port}`)
  })

  for (const width of [1280, 390]) {
    it(`is without faults for a screen reader at ${width} pixels, in light and dark, and nothing sticks out`, async () => {
      await page.setViewport({ width, height: 844 })
      for (const scheme of ['light', 'dark']) {
        await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
        expect([scheme, ...(await faultsForReaders(page))]).to.deep.equal([scheme])
        expect(await excessWidth(page)).to.be.at.most(0)
      }
    })
  }

  it('says so when the proxy has ended', async () => {
    child.kill('SIGINT')
    await says(/^The proxy does not answer/)
  })
})
