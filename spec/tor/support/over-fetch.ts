/**
 * Clients that are used like fetch.
 *
 * @module
 */
import type { Session } from './front-clients.ts'

/** A fetch as the libraries have it. */
export type AnyFetch = (url: string, init?: object) => Promise<Pick<Response, 'arrayBuffer'>>

/** A session of one. */
export const overFetch = (fetch: AnyFetch, close?: () => unknown): Session => ({
  get: async (url) => new Uint8Array(await (await fetch(url)).arrayBuffer()),
  post: async (url, body) =>
    new Uint8Array(await (await fetch(url, { method: 'POST', body: Buffer.from(body) })).arrayBuffer()),
  close: () => close?.(),
})
