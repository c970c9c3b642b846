/**
 * Where a redirect leads, and what goes along (Fetch standard, "HTTP-redirect fetch").
 *
 * @module
 */
import { valuesOf, type Field } from '../../http/message/field-line.ts'
import { HttpError } from '../../http/message/http-error.ts'
import { encodeLatin1 } from '../../http/message/latin1.ts'
import type { FetchRequest } from './request.ts'
import type { ResponseHead } from '../message/response-head.ts'
import { readTarget } from './target.ts'

/** The most redirects of one fetch. */
export const MAX_REDIRECTS = 20

/** What describes a body, and goes when the body does. */
const ABOUT_THE_BODY = ['content-encoding', 'content-language', 'content-location', 'content-type']

/**
 * What is for one origin only. The standard names Authorization; the others a caller cannot set in a browser, where
 * cookies are the browser's and Host follows the URL.
 */
const FOR_ONE_ORIGIN = ['authorization', 'cookie', 'host', 'origin', 'proxy-authorization', 'referer']

/** True for a status that redirects. */
export const isRedirect = (status: number): boolean => [301, 302, 303, 307, 308].includes(status)

/**
 * The request that follows a redirect; undefined when the response names no place to go to.
 *
 * @throws HttpError `HTTP_REDIRECT`
 */
export function redirected(request: FetchRequest, { status, fields }: ResponseHead): FetchRequest | undefined {
  const [location, ...others] = valuesOf(fields, 'location')
  if (location === undefined) return undefined
  if (others.some((other) => other !== location))
    throw new HttpError('HTTP_REDIRECT', 'the redirect names several places')
  const url = targetOf(location, request.url)
  if (status !== 303 && request.body?.isReplayable === false) {
    throw new HttpError('HTTP_REDIRECT', 'the redirect asks for the request body again, which was a stream')
  }
  const dropsBody =
    status === 303 ? !['GET', 'HEAD'].includes(request.method) : status < 303 && request.method === 'POST'
  const gone = [...(dropsBody ? ABOUT_THE_BODY : []), ...(url.origin === request.url.origin ? [] : FOR_ONE_ORIGIN)]
  return {
    ...request,
    url,
    fields: request.fields.filter(([name]: Field) => !gone.includes(name)),
    ...(dropsBody && { method: 'GET', body: undefined }),
  }
}

function targetOf(location: string, base: URL): URL {
  try {
    // Bytes above 0x7f are UTF-8 in practice, and in every browser.
    return readTarget(new TextDecoder().decode(encodeLatin1(location)), base)
  } catch (error) {
    throw new HttpError('HTTP_REDIRECT', 'the redirect leads to no place that can be fetched', { cause: error })
  }
}
