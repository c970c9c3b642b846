/** What the types of the errors promise. Compiled, never run. */
import type { ErrorCode } from '../../lib/base/errors.ts'
import { SocketError, TorError } from '../../lib/base/errors.ts'

const error: TorError = new TorError('LINK_CERTS', 'no proof', { reason: 1, cause: new Error() })
const code: ErrorCode = error.code
const reason: number | undefined = error.reason
const asTypeError: TypeError = new SocketError('END_EXITPOLICY', 'refused', { address: undefined, ttl: undefined })

// @ts-expect-error a code is one of the closed union
new TorError('NO_SUCH_CODE', 'message')
// @ts-expect-error a code cannot be changed
error.code = 'ABORTED'
// @ts-expect-error a TorError has no address
void error.address

export { asTypeError, code, reason }
