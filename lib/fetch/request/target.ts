/**
 * Which URLs can be fetched, and where they lead.
 *
 * @module
 */
import { isBadPort } from './bad-port.ts'
import type { FetchAddress } from '../connection/socket.ts'

/**
 * Reads a URL. It must be absolute: there is no page that it could be relative to.
 *
 * @throws TypeError when it is none, is not `http:` or `https:` (`data:`, `blob:` and `about:` need no connection, and
 * `file:` must not be reached from here), includes credentials, or has a port on the standard's list
 */
export function readTarget(text: string, base?: URL): URL {
  let url: URL
  try {
    url = new URL(text, base)
  } catch {
    throw new TypeError('Cannot fetch what is no absolute URL') // the runtime's own error would carry the text
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError('Cannot fetch a scheme other than http: and https:') // what looks like one may be a host
  if (url.username !== '' || url.password !== '') throw new TypeError('Cannot fetch a URL that includes credentials')
  if (isBadPort(addressOf(url).port)) throw new TypeError(`Cannot fetch from port ${addressOf(url).port}`)
  return url
}

/** Where the connection for a URL goes. */
export function addressOf(url: URL): FetchAddress {
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  return { hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'), port }
}
