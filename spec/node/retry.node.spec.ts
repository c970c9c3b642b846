/** Whether HTTP libraries try again after a failure of ours: by their own rules, in requests of their own. */
import { expect } from 'chai'
import got from 'got'
import * as undici6 from 'undici6'
import * as undici7 from 'undici7'
import { SocketError, TorError, type ErrorCode } from '../../lib/base/errors.ts'
import { WithheldError } from '../../lib/base/withheld.ts'
import type { NodeSocketSource } from '../../lib/node/connect.ts'
import { SocketFailure } from '../../lib/node/socket-failure.ts'
import { TorAgent } from '../../lib/node/tor-agent.ts'
import { undiciConnector } from '../../lib/node/undici-connector.ts'

/** What `isNetworkError` of axios-retry 4.5 never tries again, of the codes here (is-retry-allowed 2.2, its denyList). */
const NEVER_BY_AXIOS_RETRY = ['ERR_CANCELED', 'ECONNABORTED', 'ENOTFOUND', 'ENETUNREACH', 'CERT_REJECTED']

interface Row {
  readonly torCode: ErrorCode
  readonly code: string
  /** Who tries again. */
  readonly again: readonly ('got' | 'undici' | 'axios-retry')[]
}
const row = (torCode: ErrorCode, code: string, ...again: Row['again']): Row => ({ torCode, code, again })

const ROWS: readonly Row[] = [
  row('END_CONNRESET', 'ECONNRESET', 'got', 'undici', 'axios-retry'),
  row('CIRCUIT_DESTROYED', 'ECONNRESET', 'got', 'undici', 'axios-retry'),
  row('END_MISC', 'ECONNRESET', 'got', 'undici', 'axios-retry'),
  row('END_CONNECTREFUSED', 'ECONNREFUSED', 'got', 'undici', 'axios-retry'),
  row('ENDED', 'EPIPE', 'got', 'undici', 'axios-retry'),
  row('END_TIMEOUT', 'ETIMEDOUT', 'got', 'axios-retry'),
  row('TIMEOUT', 'ETIMEDOUT', 'got', 'axios-retry'),
  row('RESOLVE_TRANSIENT', 'EAI_AGAIN', 'got', 'axios-retry'),
  row('END_NOROUTE', 'EHOSTUNREACH', 'undici', 'axios-retry'),
  row('END_RESOLVEFAILED', 'ENOTFOUND', 'got', 'undici'),
  row('NO_PATH', 'ENETUNREACH', 'got', 'undici'),
  row('LINK_UNREACHABLE', 'ENETUNREACH', 'got', 'undici'),
  row('END_EXITPOLICY', 'EACCES', 'axios-retry'),
  row('CLOSED', 'ECONNABORTED'),
  row('ABORTED', 'ECONNABORTED'),
  row('TLS_CERTIFICATE', 'CERT_REJECTED'),
]

/** A `connect` whose streams all fail with `code`, and how often it was asked. */
function failing(code: ErrorCode): { connect: () => NodeSocketSource; readonly asked: () => number } {
  let asked = 0
  return {
    asked: () => asked,
    connect() {
      asked += 1
      const error = new SocketError(code, 'of a spec')
      const opened = Promise.reject(error)
      opened.catch(() => undefined)
      return {
        readable: new ReadableStream({ start: (controller) => controller.error(error) }),
        writable: new WritableStream({ start: (controller) => controller.error(error) }),
        opened,
        close: async () => undefined,
      }
    },
  }
}

const rejection = async (promise: Promise<unknown>): Promise<Error & { code?: string }> =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: Error) => error,
  )

/** The failure of ours in an error and its causes. */
const failureIn = (error: unknown): SocketFailure | undefined =>
  error instanceof SocketFailure ? error : error instanceof Error ? failureIn(error.cause) : undefined

describe('Trying again', () => {
  for (const { torCode, code, again } of ROWS) {
    it(`got ${again.includes('got') ? 'tries again' : 'gives up'} after ${torCode}, which is ${code}`, async () => {
      const { connect, asked } = failing(torCode)
      const agent = new TorAgent({ connect })
      // Its own verdict; only how long it waits is ours.
      const retry = {
        limit: 1,
        calculateDelay: ({ computedValue }: { computedValue: number }) => Math.sign(computedValue),
      }
      const error = await rejection(got('http://target.test/', { agent, retry }))
      expect(error.code).to.equal(code)
      expect(failureIn(error)).to.include({ code, torCode })
      expect(asked()).to.equal(again.includes('got') ? 2 : 1)
    })

    for (const [name, undici] of [
      ['undici 6', undici6],
      ['undici 7', undici7],
    ] as const) {
      it(`${name} ${again.includes('undici') ? 'tries again' : 'gives up'} after ${torCode}`, async () => {
        const { connect, asked } = failing(torCode)
        const agent = new undici.Agent({ connect: undiciConnector({ connect }) })
        const dispatcher = new undici.RetryAgent(agent as never, { maxRetries: 1, minTimeout: 1, maxTimeout: 1 })
        const error = await rejection(undici.request('http://target.test/', { dispatcher: dispatcher as never }))
        expect(failureIn(error)).to.include({ code, torCode })
        expect(asked()).to.equal(again.includes('undici') ? 2 : 1)
        await agent.destroy()
      })
    }

    it(`axios-retry would ${again.includes('axios-retry') ? 'try again' : 'give up'} after ${code}`, () => {
      expect(!NEVER_BY_AXIOS_RETRY.includes(code)).to.equal(again.includes('axios-retry'))
    })
  }
})

describe('A failure as Node has it', () => {
  it('keeps our error as its cause, and our code beside its own', () => {
    const cause = new SocketError('END_TIMEOUT', 'the far end closed the stream', { reason: 7 })
    const failure = new SocketFailure(cause)
    expect(failure).to.include({
      code: 'ETIMEDOUT',
      torCode: 'END_TIMEOUT',
      cause,
      message: 'the far end closed the stream',
    })
    expect(failure).to.be.instanceOf(Error).and.not.instanceOf(SocketError)
  })

  it('of a certificate has the code of the runtime, where it gave one', () => {
    const expired = new WithheldError(Object.assign(new Error('of a runtime'), { code: 'CERT_HAS_EXPIRED' }))
    expect(new SocketFailure(new SocketError('TLS_CERTIFICATE', 'no', { cause: expired })).code).to.equal(
      'CERT_HAS_EXPIRED',
    )
    expect(new SocketFailure(new SocketError('TLS_CERTIFICATE', 'no')).code).to.equal('CERT_REJECTED')
  })

  it('has our own code where Node knows no such failure', () => {
    expect(new SocketFailure(new TorError('CLIENT_OBSOLETE', 'too old')).code).to.equal('CLIENT_OBSOLETE')
  })
})
