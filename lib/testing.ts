/**
 * `tor-streams/testing`: a small Tor network within this process, for tests. Its relays speak the real link, circuit and
 * stream protocols over connections in memory, and can be made to misbehave in every way.
 *
 * It serves this library's own demo and specs, and the tests of whoever uses the library. Nothing of it is anonymous.
 *
 * @module
 */
export type { Netinfo } from './cell/netinfo.ts'
export type { ResolvedAddress, ResolvedAnswer, ResolvedHostname, ResolveFailure } from './cell/resolve.ts'
export type { Authority, NetworkConfig } from './directory/network-config.ts'
export type { AuthorityKeys } from './testing/authority-keys.ts'
export type { ByteSource } from './testing/byte-sources.ts'
export type { CertificateFault, CertificateFaults, RelayCertificate, RelayCertificateType } from './testing/certificates.ts'
export type { CircuitFlow, CircuitFlowRules } from './testing/circuit-flow.ts'
export type { CongestionControlKnobs } from './testing/congestion-control-knobs.ts'
export type { DirectoryAnswer, DirectoryResponse, HttpRequest, RawAnswer } from './testing/directory-http.ts'
export type {
  DirectoryLie,
  DirectoryLieChoice,
  DirectoryRequest,
  DocumentLie,
  SlowLie,
  TimeLie,
  TransferLie,
} from './testing/directory-lies.ts'
export { ExitRefusal } from './testing/exit.ts'
export type {
  ExitConnection,
  ExitHandler,
  ExitRequest,
  ResolveHandler,
  StreamTarget,
} from './testing/exit.ts'
export type { TestStream } from './testing/exit-stream.ts'
export type { ExitStreamFlow } from './testing/exit-stream-flow.ts'
export { echo, pattern, sink, source } from './testing/exits.ts'
export type { Sink } from './testing/exits.ts'
export type { ByteDuplex, MemoryLink } from './testing/memory-link.ts'
export type { MemoryPipe } from './testing/memory-pipe.ts'
export type { WrittenMicrodescriptor } from './testing/microdescriptor-writer.ts'
export type { LoggedMessage, OutgoingMessage, ReceivedMessage } from './testing/messages.ts'
export type { OnwardHop } from './testing/onward-hop.ts'
export type { RandomSource } from './testing/random.ts'
export { createRelayIdentity } from './testing/relay-identity.ts'
export type { KeyPair, RelayIdentity } from './testing/relay-identity.ts'
export type { RelayListing, RelayPlan } from './testing/relay-plan.ts'
export type { RsaKey } from './testing/rsa-key.ts'
export { tcpExit } from './testing/tcp-exit.ts'
export type { TcpDestination, TcpExitOptions } from './testing/tcp-exit.ts'
export type { TestCircuit, WithheldSendmes } from './testing/test-circuit.ts'
export type { TestAuthority, TestDirectory } from './testing/test-directory.ts'
export type { LoggedCell, TestLink } from './testing/test-link.ts'
export { TestNetwork } from './testing/test-network.ts'
export type { TestNetworkOptions } from './testing/test-network.ts'
export type { CreateAnswer, CreateRefusal, CreateReply, CreateRequest, TestRelay, Withholding } from './testing/test-relay.ts'
