/**
 * The URL outside Tor that a user gives for the directory: the option, checked.
 *
 * @module
 */
import { withInput } from '../../../base/withheld.ts'

/**
 * The URL of the option `directory`, relative to the page where there is one.
 *
 * @throws TypeError naming the option
 */
export function directoryUrl(given: string | URL): URL {
  const { location } = globalThis as { location?: { readonly href?: string } }
  const url = typeof given === 'string' || given instanceof URL ? parsed(String(given), location?.href) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') return url
  throw withInput(new TypeError('Cannot use the option directory as it is no URL of the kind http: or https:'), given)
}

const parsed = (text: string, base: string | undefined): URL | undefined =>
  URL.canParse(text, base) ? new URL(text, base) : undefined
