/**
 * What the answer to a CREATE2 or an EXTEND2 bears.
 *
 * @module
 */
import { decodeCreated2 } from '../../cell/create2.ts'
import { TorError } from '../../base/errors.ts'

/**
 * The relay's half of the handshake, out of a CREATED2 or EXTENDED2.
 *
 * @throws TorError `CIRCUIT_PROTOCOL`
 */
export function handshakeData(body: Uint8Array): Uint8Array {
  try {
    return decodeCreated2(body)
  } catch (cause) {
    throw new TorError('CIRCUIT_PROTOCOL', 'the answer to a handshake is malformed', { cause })
  }
}
