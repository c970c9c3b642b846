/**
 * The names of the options of Node's own that ours include. Node ignores those that it does not know; ours are refused.
 *
 * @module
 */
/// <reference types="node" preserve="true" />
import type * as https from 'node:https'
import type { ConnectionOptions } from 'node:tls'
import type { OptionNames } from '../base/checks.ts'

/** Options of `tls.connect`. */
export const TLS_CONNECT_OPTION_NAMES: OptionNames<ConnectionOptions> = {
  ALPNCallback: true,
  ALPNProtocols: true,
  SNICallback: true,
  allowPartialTrustChain: true,
  ca: true,
  cert: true,
  checkServerIdentity: true,
  ciphers: true,
  clientCertEngine: true,
  crl: true,
  dhparam: true,
  ecdhCurve: true,
  enableTrace: true,
  honorCipherOrder: true,
  host: true,
  key: true,
  lookup: true,
  maxVersion: true,
  minDHSize: true,
  minVersion: true,
  passphrase: true,
  path: true,
  pfx: true,
  port: true,
  privateKeyEngine: true,
  privateKeyIdentifier: true,
  pskCallback: true,
  rejectUnauthorized: true,
  requestCert: true,
  secureContext: true,
  secureOptions: true,
  secureProtocol: true,
  servername: true,
  session: true,
  sessionIdContext: true,
  sessionTimeout: true,
  sigalgs: true,
  socket: true,
  ticketKeys: true,
  timeout: true,
}

/** Options of an agent that the types of Node 20 do not know: those that are left out there, and of later versions. */
const OTHER_AGENT_OPTION_NAMES = {
  agentKeepAliveTimeoutBuffer: true,
  allowHalfOpen: true,
  blockList: true,
  createConnection: true,
  defaultPort: true,
  highWaterMark: true,
  hostname: true,
  protocol: true,
  proxyEnv: true,
  signal: true,
  socketPath: true,
  typeOfService: true,
} as const

/** Options of `https.Agent`. */
export const AGENT_OPTION_NAMES: OptionNames<https.AgentOptions> = {
  ...TLS_CONNECT_OPTION_NAMES,
  ...OTHER_AGENT_OPTION_NAMES,
  autoSelectFamily: true,
  autoSelectFamilyAttemptTimeout: true,
  family: true,
  hints: true,
  keepAlive: true,
  keepAliveInitialDelay: true,
  keepAliveMsecs: true,
  localAddress: true,
  localPort: true,
  maxCachedSessions: true,
  maxFreeSockets: true,
  maxSockets: true,
  maxTotalSockets: true,
  noDelay: true,
  onread: true,
  scheduling: true,
}
