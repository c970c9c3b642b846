/**
 * Libraries that make calls of JSON-RPC, in this process. The path of a URL says how many bytes a call is answered with,
 * and what is sent is a parameter.
 *
 * @module
 */
import { FetchRequest, JsonRpcProvider } from 'ethers'
import { createClient, http as viemHttp } from 'viem'
import { TorAgent } from '../../../lib/node.ts'
import type { FrontClient, Session, Ways } from './front-clients.ts'
import { BYTES, RECEIVED } from './rpc-target.ts'
import { versioned } from './versioned.ts'

/** Makes a call. */
type Call = (url: string, method: string, parameters: readonly unknown[]) => Promise<unknown>

const overCalls = (call: Call, close?: () => unknown): Session => ({
  get: async (url) => {
    const answer = (await call(url, BYTES, [])) as string
    return Buffer.from(answer.slice(2), 'hex')
  },
  post: async (url, body) => {
    const answer = await call(url, RECEIVED, [`0x${Buffer.from(body).toString('hex')}`])
    return Buffer.from(JSON.stringify(answer))
  },
  close: () => close?.(),
})

const withViem = ({ fetch }: Ways): Session =>
  overCalls((url, method, params) => {
    const client = createClient({ transport: viemHttp(url, { fetchFn: fetch, retryCount: 0, timeout: 120_000 }) })
    return client.request({ method, params } as never)
  })

function withEthers({ connect, authority }: Ways): Session {
  const agent = new TorAgent({ connect, ca: authority.pem })
  // For every request of the library: what is set for one does not hold where a redirect leads.
  FetchRequest.registerGetUrl((request, signal) =>
    FetchRequest.createGetUrlFunc({ agent: agent.forUrl(new URL(request.url)) })(request, signal),
  )
  const call: Call = async (url, method, parameters) => {
    const provider = new JsonRpcProvider(url, 1, { staticNetwork: true, batchMaxCount: 1 })
    try {
      return (await provider.send(method, [...parameters])) as unknown
    } finally {
      provider.destroy()
    }
  }
  return overCalls(call, () => agent.destroy())
}

/** In the order of the table. */
export const RPC_CLIENTS: readonly FrontClient[] = [
  {
    name: versioned('viem'),
    how: '`http(url, { fetchFn: tor.fetch })`',
    verbs: ['receives', 'sends'],
    open: withViem,
  },
  {
    name: versioned('ethers'),
    how: '`FetchRequest.registerGetUrl(FetchRequest.createGetUrlFunc({ agent: agent.https }))` of a `TorAgent`',
    note: '`agent.http` for `http:`; set as the `getUrlFunc` of one request, it is lost where a redirect leads, and **that goes beside Tor**',
    verbs: ['receives', 'sends'],
    open: withEthers,
  },
]
