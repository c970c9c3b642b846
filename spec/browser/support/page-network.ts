/**
 * What pages are driven against: a network of real tor, a site with the page, servers at the far end.
 *
 * @module
 */
import { parseDirAuthorityLines, type NetworkConfig } from '../../../lib/index.ts'
import { listenGateway, type Gateway } from '../../../lib/node.ts'
import { MemoryStorage } from '../../../lib/platform/storage/storage.ts'
import { requireProgram } from '../../support/programs.ts'
import { TorNetwork } from '../../tor/support/network.ts'
import { PageSite } from './page-site.ts'
import { SecureTargets } from './secure-targets.ts'

export class PageNetwork {
  readonly tor: TorNetwork
  readonly site: PageSite
  readonly secure: SecureTargets

  /** Starts it, or skips the suite where programs are missing. */
  static async start(context: Mocha.Context, exits: number): Promise<PageNetwork> {
    requireProgram(context, 'tor')
    requireProgram(context, 'tor-gencert')
    const [tor, site, secure] = await Promise.all([
      TorNetwork.start({ authorities: 1, relays: exits + 2, exits, timeout: 120_000 }),
      PageSite.start(),
      SecureTargets.start(),
    ])
    return new PageNetwork(tor, site, secure)
  }

  private constructor(tor: TorNetwork, site: PageSite, secure: SecureTargets) {
    this.tor = tor
    this.site = site
    this.secure = secure
  }

  /** Its `DirAuthority` lines, which a page is told. */
  get authorities(): string {
    return this.tor.dirAuthorityLines
  }

  /** What a client must know of it. */
  get config(): NetworkConfig {
    return { authorities: parseDirAuthorityLines(this.tor.dirAuthorityLines), fallbacks: [], testing: true }
  }

  /** Where only relays and exits go, as `address HOST:PORT`. */
  get places(): string[] {
    const relays = this.tor.relays.map(({ relay }) => relay.addresses[0]?.port)
    return [...relays, this.tor.httpPort, this.tor.dnsPort].map((port) => `address 127.0.0.1:${port}`)
  }

  /** A URL of the HTTP target. */
  url(path: string): string {
    return `http://some.name.test:${this.tor.httpPort}${path}`
  }

  /** Starts a gateway to it. */
  listen(port = 0): Promise<Gateway> {
    return listenGateway({ port, network: this.config, storage: new MemoryStorage(), allowPrivate: true })
  }

  async stop(): Promise<void> {
    await Promise.all([this.tor.stop(), this.site.stop(), this.secure.stop()])
  }
}

/** A network and a gateway to it, for all specs of the suite that asks for them. */
export interface Reached {
  network: PageNetwork
  gateway: Gateway
}

/**
 * Starts both before the specs of this suite, and stops them afterwards.
 *
 * @returns what is filled in by then
 */
export function reachedNetwork(exits: number): Reached {
  const reached = {} as Reached
  before(async function () {
    reached.network = await PageNetwork.start(this, exits)
    reached.gateway = await reached.network.listen()
  })
  after(async () => {
    await reached.gateway?.close()
    await reached.network?.stop()
  })
  return reached
}
