/**
 * `tor-streams/fetch`: a WHATWG-style `fetch` over any WinterTC `connect`.
 *
 * @module tor-streams/fetch
 */
export type { BufferSource } from './base/streams/buffer-source.ts'
export type { Clock } from './base/waiting/clock.ts'
export { createFetch, type CreateFetchOptions, type Fetch } from './fetch/create-fetch.ts'
export { HttpError, type HttpErrorCode } from './http/message/http-error.ts'
export type { FetchInit } from './fetch/request/request.ts'
export type {
  ExitCondition,
  FetchAddress,
  FetchConnect,
  FetchConnectOptions,
  FetchSocket,
  FetchStartTls,
  IsolationToken,
} from './fetch/connection/socket.ts'
