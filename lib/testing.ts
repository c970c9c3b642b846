/**
 * `tor-streams/testing`: a small Tor network within this process, for tests. Its relays speak the real link, circuit
 * and stream protocols over connections in memory, and can be made to misbehave in every way.
 *
 * It serves this library's own demo and specs, and the tests of whoever uses the library. Nothing of it is anonymous.
 *
 * @module tor-streams/testing
 */
export type { BufferSource } from './base/streams/buffer-source.ts'
export type { Netinfo } from './cell/channel/netinfo.ts'
export type { ResolvedAddress, ResolvedAnswer, ResolvedHostname, ResolveFailure } from './cell/relay/resolve.ts'
export type { Authority, NetworkConfig } from './directory/network/network-config.ts'
export type { AuthorityKeys } from './testing/directory/authority-keys.ts'
export type { ByteSource } from './testing/directory/byte-sources.ts'
export type {
  CertificateFault,
  CertificateFaults,
  RelayCertificate,
  RelayCertificateType,
} from './testing/relay/certificates.ts'
export type { CircuitFlow, CircuitFlowRules } from './testing/relay/circuit/circuit-flow.ts'
export type { CongestionControlKnobs } from './testing/exit/congestion-control-knobs.ts'
export type { DirectoryAnswer, DirectoryResponse, HttpRequest, RawAnswer } from './testing/directory/directory-http.ts'
export type {
  DirectoryLie,
  DirectoryLieChoice,
  DirectoryRelay,
  DirectoryRequest,
  DocumentLie,
  SlowLie,
  TimeLie,
  TransferLie,
} from './testing/directory/directory-lies.ts'
export { ExitRefusal } from './testing/exit/exit.ts'
export type { ExitConnection, ExitHandler, ExitRequest, ResolveHandler, StreamTarget } from './testing/exit/exit.ts'
export type { TestStream } from './testing/exit/exit-stream.ts'
export type { ExitStreamFlow } from './testing/exit/exit-stream-flow.ts'
export { echo, pattern, sink, source } from './testing/exit/exits.ts'
export type { Sink } from './testing/exit/exits.ts'
export type { ByteDuplex, MemoryLink } from './testing/link/memory-link.ts'
export type { MemoryPipe } from './testing/link/memory-pipe.ts'
export type { Link, LinkAddress, LinkBytes, LinkTransport, Transport } from './platform/links/transport.ts'
export type { WrittenMicrodescriptor } from './testing/directory/microdescriptor-writer.ts'
export type { LoggedMessage, OutgoingMessage, ReceivedMessage } from './testing/relay/circuit/messages.ts'
export type { TestPuzzle } from './testing/onion/descriptor-writer.ts'
export type {
  DescriptorAnswer,
  DescriptorLies,
  EstablishAnswer,
  IntroduceAnswer,
  RendezvousAnswer,
} from './testing/onion/onion-lies.ts'
export type { OnionSigner } from './testing/onion/service-keys.ts'
export type { TestIntroduction, TestOnionService, TestOnionServiceOptions } from './testing/onion/test-onion-service.ts'
export type { RandomSource } from './testing/identity/random.ts'
export { createRelayIdentity } from './testing/identity/relay-identity.ts'
export type { KeyPair, RelayIdentity } from './testing/identity/relay-identity.ts'
export type { RelayHost, Withholding } from './testing/relay/relay-host.ts'
export type {
  CreateAnswer,
  CreateRefusal,
  CreateReply,
  LinkCircuit,
  LinkCreateRequest,
  LinkRelay,
  LoggedCell,
  RelayLink,
} from './testing/relay/relay-link.ts'
export type { OnwardCircuit, OnwardLink, OnwardRelay } from './testing/relay/onward-link.ts'
export type { RelayListing } from './testing/directory/relay-listing.ts'
export type { RelayPlan } from './testing/relay/relay-plan.ts'
export type { RsaKey } from './testing/identity/rsa-key.ts'
export { tcpExit } from './testing/exit/tcp-exit.ts'
export type { TcpDestination, TcpExitOptions } from './testing/exit/tcp-exit.ts'
export type { OnwardHop, TestCircuit } from './testing/relay/test-circuit.ts'
export type { WithheldSendmes } from './testing/relay/circuit/held-sendmes.ts'
export type { TestAuthority, TestDirectory } from './testing/directory/test-directory.ts'
export { TestNetwork } from './testing/test-network.ts'
export type { TestNetworkOptions } from './testing/test-network.ts'
export type { CreateRequest, TestLink, TestRelay } from './testing/relay/test-relay.ts'
