/**
 * The table of fetch behaviours.
 *
 * @module
 */
import type { FetchCase } from './fetch-case.ts'
import { redirectCases } from './redirect-cases.ts'
import { bodyCases, fieldCases, methodCases, urlCases } from './request-cases.ts'
import { codingCases, framingCases, headCases, statusCases } from './response-cases.ts'

/** Every case, by what it is about. */
export const fetchCases: Readonly<Record<string, readonly FetchCase[]>> = {
  'methods': methodCases,
  'request fields': fieldCases,
  'request bodies': bodyCases,
  'URLs': urlCases,
  'status': statusCases,
  'response heads': headCases,
  'framing': framingCases,
  'content codings': codingCases,
  'redirects': redirectCases,
}
