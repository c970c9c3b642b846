/**
 * One channel to each relay that is dialled, shared by all circuits through it.
 *
 * @module
 */
import { Channel, type ChannelOptions } from '../channel/channel.ts'
import { TorError } from '../errors.ts'
import type { DirectoryServer } from '../relay.ts'

export class ChannelPool {
  readonly #options: ChannelOptions
  readonly #channels = new Map<string, Promise<Channel>>()
  readonly #closing = new AbortController()

  constructor(options: ChannelOptions) {
    this.#options = options
  }

  /**
   * The channel to the relay with this fingerprint, dialled if there is none.
   *
   * @throws TorError as {@link Channel.connect}; `LINK_CLOSED` after `close`
   */
  get(fingerprint: string, relay: DirectoryServer): Promise<Channel> {
    const known = this.#channels.get(fingerprint)
    if (known) return known
    if (this.#closing.signal.aborted) return Promise.reject(new TorError('LINK_CLOSED', 'the client is closed'))
    const channel = Channel.connect(relay, { ...this.#options, signal: this.#closing.signal })
    this.#channels.set(fingerprint, channel)
    const gone = (): void => {
      if (this.#channels.get(fingerprint) === channel) this.#channels.delete(fingerprint)
    }
    channel.then(({ closed }) => closed.then(gone, gone), gone)
    return channel
  }

  /** A channel that may be dead without knowing: its circuits end, and the next use dials anew. */
  async drop(fingerprint: string): Promise<void> {
    const channel = this.#channels.get(fingerprint)
    this.#channels.delete(fingerprint)
    await closeQuietly(channel)
  }

  /** As {@link drop}, for all of them. */
  async dropAll(): Promise<void> {
    await Promise.all([...this.#channels.keys()].map((fingerprint) => this.drop(fingerprint)))
  }

  /** Closes every channel, and those that are being dialled. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.dropAll()
  }
}

async function closeQuietly(channel: Promise<Channel> | undefined): Promise<void> {
  try {
    await (await channel)?.close()
  } catch {
    // it was never there, or is gone already: whoever used it has been told
  }
}
