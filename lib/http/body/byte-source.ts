/**
 * Bytes that are read one piece after the other: how bodies of both directions pass through this folder. Nothing is
 * read that nobody asked for, so that backpressure goes all the way.
 *
 * @module
 */

/** A body, one read at a time. */
export interface ByteSource {
  /** The next bytes, never none; undefined at the end. Rejects with what went wrong. */
  read(): Promise<Uint8Array | undefined>
  /** Gives up what is left. */
  cancel(reason: unknown): void
}
