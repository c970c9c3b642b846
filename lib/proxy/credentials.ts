/**
 * Credentials of a proxy's client as an isolation token (socks-extensions, "Extent of support").
 * Nobody checks them: they only tell activities apart.
 *
 * @module
 */
import { latin1Text } from './text.ts'

/**
 * One token for these fields: the same bytes in the same places give the same one, and nothing else does, as each field
 * stands behind its length. A field that is missing differs from an empty one.
 *
 * @param protocol keeps the credentials of different protocols apart
 */
export function isolationToken(protocol: string, ...fields: readonly (Uint8Array | string | undefined)[]): string {
  const texts = fields.map((field) => (field instanceof Uint8Array ? latin1Text(field) : field))
  return [protocol, ...texts.map((text) => (text === undefined ? '-' : `${text.length}:${text}`))].join(' ')
}
