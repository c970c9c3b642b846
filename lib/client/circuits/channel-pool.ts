/**
 * One channel to each relay that is dialled, shared by all circuits through it.
 *
 * @module
 */
import { Channel } from '../../channel/channel.ts'
import type { ChannelOptions } from '../../channel/channel-options.ts'
import { TorError } from '../../base/errors.ts'
import type { DirectoryServer } from '../../relay.ts'

export class ChannelPool {
  readonly #options: ChannelOptions
  /** By fingerprint: those that further circuits share. */
  readonly #channels = new Map<string, Promise<Channel>>()
  /** Those of them that are open. */
  readonly #open = new Map<Promise<Channel>, Channel>()
  /** Those that take no further circuits, and stay while they have some. */
  readonly #retired = new Set<Promise<Channel>>()
  /** How many circuits hold each channel. */
  readonly #holders = new Map<Promise<Channel>, number>()
  readonly #closing = new AbortController()
  /** When a relay was last heard whose channel is gone. */
  #lastReceived = -Infinity

  constructor(options: ChannelOptions) {
    this.#options = options
  }

  /** When any relay was last heard, by the clock's monotonic time, in ms; minus infinity for never. */
  get lastReceived(): number {
    return Math.max(this.#lastReceived, ...[...this.#open.values()].map(({ lastReceived }) => lastReceived))
  }

  /** True when there is a channel to the relay with this fingerprint, or one is being dialled. */
  has(fingerprint: string): boolean {
    return this.#channels.has(fingerprint)
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
    const known = this.#channels.get(fingerprint)
    if (known) {
      if (this.#open.get(known)?.leadsTo(relay) !== false) return known
      this.retire(fingerprint)
    }
    if (this.#closing.signal.aborted) return Promise.reject(new TorError('LINK_CLOSED', 'the client is closed'))
    const channel = Channel.connect(relay, { ...this.#options, signal: this.#closing.signal })
    this.#channels.set(fingerprint, channel)
    const gone = (): void => {
      if (this.#channels.get(fingerprint) === channel) this.#channels.delete(fingerprint)
      this.#retired.delete(channel)
      this.#lastReceived = Math.max(this.#lastReceived, this.#open.get(channel)?.lastReceived ?? -Infinity)
      this.#open.delete(channel)
    }
    channel.then((open) => {
      this.#open.set(channel, open)
      open.closed.then(gone, gone)
    }, gone)
    return channel
  }

  /** A circuit is on the channel until `over` settles. */
  hold(channel: Promise<Channel>, over: Promise<unknown>): void {
    this.#holders.set(channel, (this.#holders.get(channel) ?? 0) + 1)
    const release = (): void => {
      const left = (this.#holders.get(channel) ?? 1) - 1
      if (left > 0) {
        this.#holders.set(channel, left)
        return
      }
      this.#holders.delete(channel)
      if (this.#retired.has(channel)) void closeQuietly(channel)
    }
    over.then(release, release)
  }

  /**
   * The next use dials anew: the channel is not needed any more, or may be dead without knowing. Its circuits go on.
   */
  retire(fingerprint: string): void {
    const channel = this.#channels.get(fingerprint)
    if (channel === undefined) return
    this.#channels.delete(fingerprint)
    this.#retired.add(channel)
    if (!this.#holders.has(channel)) void closeQuietly(channel)
  }

  /** As {@link retire}, for all of them. */
  retireAll(): void {
    for (const fingerprint of [...this.#channels.keys()]) this.retire(fingerprint)
  }

  /** Closes every channel, and those that are being dialled. */
  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#channels.values(), ...this.#retired].map(closeQuietly))
  }
}

async function closeQuietly(channel: Promise<Channel>): Promise<void> {
  try {
    await (await channel).close()
  } catch {
    // it was never there, or is gone already: whoever used it has been told
  }
}
