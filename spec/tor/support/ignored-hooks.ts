/**
 * A program for Deno and Bun, which replace libraries by their own, and those ignore hooks: it plugs hooks in and says,
 * as JSON, what becomes of a request.
 *
 * - without arguments: by what demands a proof
 * - with a URL: that is requested with a dispatcher, as whoever trusts the runtime would
 *
 * @module
 */
import nodeFetch from 'node-fetch'
import { Agent, fetch as undiciFetch } from 'undici7'
import {
  provenAgent,
  provenConnector,
  TorAgent,
  undiciConnector,
  type NodeConnect,
  type UndiciConnector,
} from '../../../lib/node.ts'

const SECRET = 'http://target.test/secret'

let asked = 0
const connect: NodeConnect = () => {
  asked += 1
  throw new TypeError('This goes nowhere')
}

/** Bun replaces the package of this name, and no other that has the same content. */
const named = (await import(['undici'].join('')).catch(() => undefined)) as
  { readonly fetch: typeof undiciFetch } | undefined

const dispatched = (connector: UndiciConnector): object => ({ dispatcher: new Agent({ connect: connector as never }) })

const ofUndici = (send: typeof undiciFetch) => async (): Promise<unknown> =>
  send(SECRET, dispatched(await provenConnector({ connect }, (url, connector) => send(url, dispatched(connector)))))

const WAYS: Readonly<Record<string, () => Promise<unknown>>> = {
  'fetch': async () =>
    fetch(
      SECRET,
      dispatched(await provenConnector({ connect }, (url, connector) => fetch(url, dispatched(connector)))),
    ),
  'undici7': ofUndici(undiciFetch),
  ...(named === undefined ? {} : { undici: ofUndici(named.fetch) }),
  'node-fetch': async () =>
    nodeFetch(SECRET, {
      agent: (await provenAgent({ connect }, (url, agent) => nodeFetch(url, { agent: agent.forUrl }))).forUrl,
    }),
  'a connector without a proof': async () => undiciConnector({ connect }),
  'an agent without a proof': async () => new TorAgent({ connect }),
}

/** How an attempt ends: in the hook, or with the code or the name of an error, or with success. */
async function outcomeOf(attempt: () => Promise<unknown>): Promise<string> {
  const before = asked
  const failure = await attempt().then(
    () => 'made',
    (error: Error & { code?: string }) => error.code ?? error.name,
  )
  return asked > before ? 'asked the hook' : failure
}

const url = process.argv[2]
const outcomes: Record<string, string> = {}
if (url !== undefined) {
  outcomes['fetch'] = await outcomeOf(() => fetch(url, { dispatcher: { dispatch: connect } } as object))
} else {
  for (const [name, attempt] of Object.entries(WAYS)) outcomes[name] = await outcomeOf(attempt)
}
console.log(JSON.stringify(outcomes))
