/**
 * What a server of snapshots of a test network's directory may hand out.
 *
 * @module
 */
import { encodeSnapshot, type DirectorySnapshot } from '../../../lib/directory/snapshot.ts'
import { documentsFor } from '../../../lib/testing/directory/directory-documents.ts'
import type { DocumentLie } from '../../../lib/testing/directory/directory-lies.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'
import type { TestNetwork } from '../../../lib/testing/test-network.ts'
import { digestOf } from './withholding.ts'

/** The directory as it is, without the descriptions of these relays. */
export function snapshotOf(
  network: TestNetwork,
  isLeftOut: (relay: TestRelay) => boolean = () => false,
): DirectorySnapshot {
  const { directory } = network
  const leftOut = new Set(network.relays.filter(isLeftOut).map((relay) => digestOf(network, relay)))
  const described = directory.microdescriptors.filter(({ digest }) => !leftOut.has(digest))
  return {
    consensus: directory.consensus(),
    certificates: directory.certificates.join(''),
    microdescriptors: described.map(({ digest }) => directory.microdescriptor(digest) ?? '').join(''),
  }
}

/** The directory of a liar. */
export async function lyingSnapshot(network: TestNetwork, lie: DocumentLie, now: number): Promise<DirectorySnapshot> {
  const documents = await documentsFor(network.directory, lie, now)
  return {
    consensus: documents.consensus,
    certificates: documents.certificates.map(({ text }) => text).join(''),
    microdescriptors: network.directory.microdescriptors
      .map(({ digest }) => documents.microdescriptor(digest) ?? '')
      .join(''),
  }
}

/** What a gateway sends. */
export const zipped = (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> =>
  new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream('gzip'))).bytes()

/** The same, of a snapshot. */
export const zippedSnapshot = (snapshot: DirectorySnapshot): Promise<Uint8Array<ArrayBuffer>> =>
  zipped(encodeSnapshot(snapshot))

/** An answer with these bytes. Its stream is of JavaScript's: an engine's own would come from a thread, which nobody counts. */
export const answerOf = (bytes: Uint8Array): Response =>
  new Response(
    new ReadableStream({
      start(body) {
        body.enqueue(bytes)
        body.close()
      },
    }),
  )
