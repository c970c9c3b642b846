/**
 * One channel to each relay that is dialled, shared by all circuits through it. One that has carried no circuit for some
 * minutes is closed, after C tor's times (channelpadding_get_channel_idle_timeout).
 *
 * @module
 */
import { Channel } from '../../channel/channel.ts'
import type { ChannelOptions } from '../../channel/channel-options.ts'
import { startBackgroundTimer, systemClock } from '../../base/waiting/clock.ts'
import { TorError } from '../../base/errors.ts'
import { secureRandom, type Random } from '../../base/random.ts'
import type { DirectoryServer } from '../../relay.ts'

/** How long a channel stays without a circuit, in seconds: at least, and by how many fewer than these more. */
const LEAST_IDLE = 180
const MORE_IDLE = 90

/** A channel, open or being dialled. */
interface Link {
  readonly fingerprint: string
  readonly channel: Promise<Channel>
  /** Once it is open. */
  open: Channel | undefined
  /** How many circuits hold it. */
  holders: number
  /** How long it stays without any, in ms. */
  readonly idleTime: number
  stopTimer: (() => void) | undefined
}

export class ChannelPool {
  readonly #options: ChannelOptions
  /** By fingerprint: those that further circuits share. */
  readonly #shared = new Map<string, Link>()
  /** All of them: those as well that take no further circuits, and stay while they have some. */
  readonly #links = new Map<Promise<Channel>, Link>()
  readonly #closing = new AbortController()
  #isHushed = false
  /** When a relay was last heard whose channel is gone. */
  #lastReceived = -Infinity

  constructor(options: ChannelOptions) {
    this.#options = options
  }

  /** When any relay was last heard, by the clock's monotonic time, in ms; minus infinity for never. */
  get lastReceived(): number {
    const times = [...this.#links.values()].map(({ open }) => open?.lastReceived ?? -Infinity)
    return Math.max(this.#lastReceived, ...times)
  }

  /** True when further circuits to the relay with this fingerprint would share this channel. */
  isShared(fingerprint: string, channel: Promise<Channel>): boolean {
    return this.#shared.get(fingerprint)?.channel === channel
  }

  /**
   * The channel to the relay with this fingerprint, dialled if there is none. One that was dialled by the fingerprint
   * alone, for the directory, is not shared when the relay has proved another Ed25519 identity than the one that is now
   * known of it: a new one is dialled, and has to prove both. (One that is still being dialled is shared; the circuit
   * looks at what it has proved.)
   *
   * @throws TorError as {@link Channel.connect}; `LINK_CLOSED` after `close`
   */
  get(fingerprint: string, relay: DirectoryServer): Promise<Channel> {
    const known = this.#shared.get(fingerprint)
    if (known) {
      if (known.open?.leadsTo(relay) !== false) return known.channel
      this.retire(fingerprint)
    }
    if (this.#closing.signal.aborted) return Promise.reject(new TorError('LINK_CLOSED', 'the client is closed'))
    const channel = Channel.connect(relay, { ...this.#options, signal: this.#closing.signal })
    const { random = secureRandom, linkPadding } = this.#options
    const idleTime = drawIdleTime(random, linkPadding === 'reduced')
    const link: Link = { fingerprint, channel, open: undefined, holders: 0, idleTime, stopTimer: undefined }
    this.#shared.set(fingerprint, link)
    this.#links.set(channel, link)
    const gone = (): void => {
      if (this.#shared.get(fingerprint) === link) this.#shared.delete(fingerprint)
      this.#links.delete(channel)
      link.stopTimer?.()
      this.#lastReceived = Math.max(this.#lastReceived, link.open?.lastReceived ?? -Infinity)
    }
    channel.then((open) => {
      link.open = open
      if (this.#isHushed) open.hush()
      open.closed.then(gone, gone)
      this.#closeWhenIdle(link)
    }, gone)
    return channel
  }

  /** A circuit is on the channel until `over` settles. */
  hold(channel: Promise<Channel>, over: Promise<unknown>): void {
    const link = this.#links.get(channel)
    if (link === undefined) return // it is gone, or was never there
    link.holders += 1
    link.stopTimer?.()
    const release = (): void => {
      link.holders -= 1
      this.#closeWhenIdle(link)
    }
    over.then(release, release)
  }

  /**
   * The next use dials anew: the channel is not needed any more, or may be dead without knowing. Its circuits go on.
   *
   * @param channel - the one that is meant, where another may have taken its place
   */
  retire(fingerprint: string, channel?: Promise<Channel>): void {
    const link = this.#shared.get(fingerprint)
    if (link === undefined || (channel !== undefined && link.channel !== channel)) return
    this.#shared.delete(fingerprint)
    if (link.holders === 0) void closeQuietly(link.channel)
  }

  /**
   * As {@link retire}, for those whose connection has lost its own address: the machine has moved. Gives the fingerprints of their
   * relays.
   */
  retireStranded(): string[] {
    const lost = [...this.#shared.values()].filter(({ open }) => open?.isStranded === true)
    for (const { fingerprint } of lost) this.retire(fingerprint)
    return lost.map(({ fingerprint }) => fingerprint)
  }

  /** As {@link retire}, for all of them. */
  retireAll(): void {
    for (const fingerprint of [...this.#shared.keys()]) this.retire(fingerprint)
  }

  /** All of them are about to be closed: circuits that end before are not told of. */
  hush(): void {
    this.#isHushed = true
    for (const { open } of this.#links.values()) open?.hush()
  }

  /** Closes every channel, and those that are being dialled. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#links.keys()].map(closeQuietly))
  }

  #closeWhenIdle(link: Link): void {
    const { fingerprint } = link
    if (link.holders > 0 || !this.#links.has(link.channel)) return
    if (this.#shared.get(fingerprint) !== link) {
      void closeQuietly(link.channel)
      return
    }
    link.stopTimer?.()
    const { clock = systemClock } = this.#options
    link.stopTimer = startBackgroundTimer(clock, link.idleTime, () => this.retire(fingerprint))
  }
}

/**
 * How long a channel stays without a circuit, in ms, drawn for each. Half of it with reduced padding: the shorter a link is
 * there, the less it is padded.
 */
export function drawIdleTime(random: Random, isReduced: boolean): number {
  const seconds = LEAST_IDLE + random(MORE_IDLE)
  return 1000 * (isReduced ? Math.floor(seconds / 2) : seconds)
}

async function closeQuietly(channel: Promise<Channel>): Promise<void> {
  try {
    await (await channel).close()
  } catch {
    // it was never there, or is gone already: whoever used it has been told
  }
}
