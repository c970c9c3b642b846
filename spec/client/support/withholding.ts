/**
 * Servers of a test network's directory that leave something out.
 *
 * @module
 */
import type { DirectoryAnswer } from '../../../lib/testing/directory/directory-http.ts'
import type { DirectoryRequest } from '../../../lib/testing/directory/directory-lies.ts'
import type { TestNetwork } from '../../../lib/testing/test-network.ts'
import type { TestRelay } from '../../../lib/testing/relay/test-relay.ts'

/** The digests that are asked for, of whatever path. */
export const digestsOf = ({ path }: Pick<DirectoryRequest, 'path'>): string[] =>
  (/^\/tor\/micro\/d\/(.*?)(?:\.z)?$/.exec(path)?.[1] ?? '').split('-').filter((digest) => digest !== '')

/** The digest of a relay's description, as the directory has it now. */
export function digestOf(network: TestNetwork, relay: TestRelay): string {
  const listed = network.relays.filter(({ listed }) => listed)
  return network.directory.microdescriptors[listed.indexOf(relay)]?.digest as string
}

/** Lets `server` leave out the descriptions of these relays, and answer 404 where nothing is left. */
export function withhold(network: TestNetwork, server: TestRelay, isLeftOut: (relay: TestRelay) => boolean): void {
  const leftOut = new Set(network.relays.filter(isLeftOut).map((relay) => digestOf(network, relay)))
  server.serve = (request, usual) =>
    request.kind === 'microdescriptors'
      ? describing(
          network,
          digestsOf(request).filter((digest) => !leftOut.has(digest)),
        )
      : usual()
}

function describing({ directory }: TestNetwork, digests: readonly string[]): DirectoryAnswer {
  const text = digests.map((digest) => directory.microdescriptor(digest) ?? '').join('')
  if (text === '') return { status: 404 }
  const body = new TextEncoder().encode(text)
  return { status: 200, headers: { 'Content-Length': String(body.length) }, body }
}
