/**
 * What a failed `connect` or `resolve` says of itself.
 *
 * @module
 */

/**
 * The code of a SocketError, or of whatever else failed with one of that form; undefined where there is none. Safe to
 * repeat to a client.
 */
export function failureCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : undefined
}
