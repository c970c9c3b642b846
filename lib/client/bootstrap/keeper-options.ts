/**
 * What the keeper of a client's directory needs.
 *
 * @module
 */
import type { Clock } from '../../base/waiting/clock.ts'
import type { NetworkConfig } from '../../directory/network/network-config.ts'
import type { NetworkDirectory } from '../../directory/network-directory.ts'
import type { Platform } from '../../platform/platform.ts'
import type { ClientStore } from './client-store.ts'
import type { DocumentSource } from './sources/document-source.ts'
import type { SnapshotSource } from './sources/snapshot-source.ts'
import type { ClientPhase } from './status.ts'

/** What a keeper needs. */
export interface DirectoryKeeperOptions {
  readonly network: NetworkConfig
  readonly source: Pick<DocumentSource, 'fetch' | 'release'>
  /** Where all of it may be had at once. */
  readonly snapshots?: Pick<SnapshotSource, 'take' | 'refuse'> | undefined
  readonly kept: Pick<ClientStore, 'use' | 'useBytes' | 'keep'>
  readonly clock: Clock
  readonly platform: Platform
  /** Aborts when the client is closed. */
  readonly closing: AbortSignal
  /** From 0 up to and without 1. */
  random(): number
  /**
   * The digests of the descriptions that are missing of the guards to use next, in the present directory or in this
   * one.
   */
  missingOfGuards(directory?: NetworkDirectory): readonly string[]
  /** What is being done; `done` is from 0 to 1. */
  progress(phase: ClientPhase, done: number): void
  /**
   * The relays of the first directory are known, and few of them described: from now on guards are asked for documents, as a
   * tor client does.
   */
  listed?(directory: NetworkDirectory): Promise<void>
  /** Makes ahead what takes long to be made of a directory that is about to be the new one, in slices. */
  prepare?(directory: NetworkDirectory): Promise<void>
  /**
   * True when no circuits are built: then no descriptions are fetched, unless somebody waits for them (C tor,
   * `dirclient_too_idle_to_fetch_descriptors`).
   */
  isIdle?(): boolean
  /** There is a new directory. */
  changed(directory: NetworkDirectory): void
  /** Something that the user should know. */
  warn(warning: string | undefined): void
}
