/**
 * What a WebSocket of either kind shares: how much goes into a message, and how its end is told.
 *
 * @module
 */
import { TorError } from '../../base/errors.ts'

/** The most bytes of one message: gateways have limits. */
export const MAX_MESSAGE: number = 32_768

/**
 * Whether what arrived before is still read, and then ends: 1000, 1001, and 1005, which stands for a close that has no
 * code (RFC 6455, section 7.4.1). Whether TLS was complete is told by TLS.
 */
export const endsInGoodOrder = (code: number | undefined): boolean => code === 1000 || code === 1001 || code === 1005

/** The failure of whoever still writes, or reads after an end in disorder. */
export function closedByGateway(code?: number, reason = ''): TorError {
  const told = [code ?? [], reason === '' ? [] : JSON.stringify(reason.slice(0, 123))].flat()
  const why = told.length === 0 ? '' : ` (${told.join(': ')})`
  return new TorError('LINK_CLOSED', `The gateway closed the connection${why}`)
}

/** The failure of a link whose gateway sent no bytes, but text. */
export const sentText = (): TorError => new TorError('LINK_PROTOCOL', 'The gateway sent a text message')
