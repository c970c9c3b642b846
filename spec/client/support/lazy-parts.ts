/**
 * What a client loads when it first needs it. Where time is a spec's, this has to be there before: while a file is read nothing
 * else happens, and so time would pass, by minutes where the machine is busy.
 *
 * @module
 */

/** Resolves when all of it is there. */
export async function lazyParts(): Promise<void> {
  await Promise.all([
    import('../../../lib/client/bootstrap/consensus-request.ts'),
    import('../../../lib/client/bootstrap/fetch-snapshot.ts'),
    import('../../../lib/client/onion/onion-parts.ts'),
    import('../../../lib/directory/consensus-diff.ts'),
    import('../../../lib/fetch/create-fetch.ts'),
    import('../../../lib/onion/pow/prove.ts'),
    import('../../../lib/onion/service/introduction/work-defence.ts'),
    import('../../../lib/onion/service/start-service.ts'),
    import('../../../lib/stream/lookup.ts'),
  ])
}
