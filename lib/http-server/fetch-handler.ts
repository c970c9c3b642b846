/**
 * What answers requests.
 *
 * @module
 */

/**
 * Answers a request, as in Deno, Bun and service workers. Its `signal` aborts when the visitor has gone; then nobody reads the
 * response, and the stream of one that comes all the same is cancelled.
 */
export type FetchHandler = (request: Request) => Response | PromiseLike<Response>
