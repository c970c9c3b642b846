/**
 * The configuration files of a private network's relays and client.
 *
 * Each of them bears `TestingTorNetwork 1` and directory authorities of our own, which replace the public ones, and
 * binds every socket to loopback: no tor of such a network can talk to any other.
 *
 * @module
 */
import { join } from 'node:path'
import { votingLines, type Voting } from './consensus.ts'

/** What is settled about a relay before it starts. */
export interface RelayPlan {
  readonly nickname: string
  /** Its data directory. */
  readonly directory: string
  readonly orPort: number
  /** The port that others are told, which is `orPort` unless somebody stands before it. */
  readonly advertisedPort: number
  readonly isExit: boolean
  /** Lines for its torrc alone. */
  readonly lines: readonly string[]
  /** The SHA-1 of its RSA identity, 20 bytes. */
  readonly rsaIdentity: Uint8Array
  /** What it is beside, if it is a directory authority. */
  readonly authority: { readonly dirPort: number; readonly identity: string } | undefined
}

/** What is settled about a network before it starts. */
export interface NetworkPlan {
  readonly relays: readonly RelayPlan[]
  /** A resolv.conf that names the DNS server which the exits ask. */
  readonly resolvConf: string
  /** Parameters of the consensus, each `name=value`. */
  readonly params: readonly string[]
  /** How often authorities vote; once for the whole of a spec by default. */
  readonly voting: Voting | undefined
  /** Lines for every tor. */
  readonly commonLines: readonly string[]
  /** Lines for every relay. */
  readonly relayLines: readonly string[]
  /** Lines for every exit. */
  readonly exitLines: readonly string[]
}

/**
 * The torrc of a relay. `firstVote` is when its first consensus becomes valid (seconds since the epoch), if that is
 * settled.
 */
export function relayTorrc(network: NetworkPlan, relay: RelayPlan, firstVote?: number): string {
  return text([
    ...commonLines(network, relay.nickname, relay.directory),
    'Address 127.0.0.1',
    ...orPortLines(relay),
    'SocksPort 0',
    'AssumeReachable 1',
    'ContactInfo nobody@localhost.invalid',
    `ServerDNSResolvConfFile ${network.resolvConf}`,
    'ServerDNSDetectHijacking 0',
    'ServerDNSAllowBrokenConfig 1',
    'ServerDNSSearchDomains 0',
    'DoSCircuitCreationEnabled 0',
    'DoSConnectionEnabled 0',
    'DoSStreamCreationEnabled 0',
    'DoSRefuseSingleHopClientRendezvous 0',
    // Without a consensus no relay is known to another; an exit serves them all the same.
    'RefuseUnknownExits 0',
    ...(hasDirectory(network) ? [] : noDirectoryLines),
    // Before those of every exit: of several lines of ExitPolicy the first that matches counts.
    ...relay.lines,
    ...(relay.isExit ? exitLines : ['ExitRelay 0', 'ExitPolicy reject *:*']),
    ...(relay.authority === undefined ? [] : authorityLines(network, relay.authority.dirPort, firstVote)),
    ...network.relayLines,
    ...(relay.isExit ? network.exitLines : []),
  ])
}

/** The torrc of a client. */
export function clientTorrc(
  network: NetworkPlan,
  directory: string,
  socksPort: number,
  lines: readonly string[],
): string {
  return text([
    ...commonLines(network, 'client', directory),
    `SocksPort 127.0.0.1:${socksPort} IsolateSOCKSAuth`,
    ...lines,
  ])
}

/** The torrc of a tor that offers onion services on port 80, which leads to `targetPort` on 127.0.0.1. */
export function serviceTorrc(
  network: NetworkPlan,
  directory: string,
  serviceDirectories: readonly string[],
  targetPort: number,
  lines: readonly string[],
): string {
  return text([
    ...commonLines(network, 'service', directory),
    // It says there when a descriptor is uploaded.
    'Log [rend]info stdout',
    'SocksPort 0',
    ...serviceDirectories.flatMap((service) => [
      `HiddenServiceDir ${service}`,
      `HiddenServicePort 80 127.0.0.1:${targetPort}`,
    ]),
    ...lines,
  ])
}

/**
 * Whether a relay that has logged this has made its keys and built its descriptor. An exit refuses every stream before,
 * because it takes its exit policy from there; tor builds it a second after it has started to accept connections.
 */
export function descriptorBuilt(log: string): boolean {
  return log.includes('Address found in configuration')
}

/** Whether the network has an authority, and so a consensus. */
export function hasDirectory(network: NetworkPlan): boolean {
  return network.relays.some((relay) => relay.authority !== undefined)
}

/** Nobody to publish to, and nothing to fetch. */
const noDirectoryLines = ['PublishServerDescriptor 0', 'TestingServerConsensusDownloadInitialDelay 1 day']

const exitLines = [
  'ExitRelay 1',
  'ExitPolicyRejectPrivate 0',
  'ExitPolicyRejectLocalInterfaces 0',
  'ExitPolicy accept *:*',
  'IPv6Exit 0',
]

function commonLines(network: NetworkPlan, nickname: string, directory: string): string[] {
  return [
    'TestingTorNetwork 1',
    ...directoryLines(network),
    `Nickname ${nickname}`,
    `DataDirectory ${directory}`,
    `__OwningControllerProcess ${process.pid}`,
    'RunAsDaemon 0',
    // Of configuration also what is not worth a notice; see descriptorBuilt.
    'Log [config]info notice stdout',
    'LogTimeGranularity 1',
    'SafeLogging 0',
    'ProtocolWarnings 1',
    'AvoidDiskWrites 1',
    'AddressDisableIPv6 1',
    'OutboundBindAddress 127.0.0.1',
    'OutboundBindAddress [::1]',
    'PathsNeededToBuildCircuits 0.67',
    ...network.commonLines,
  ]
}

/**
 * The authorities. A network without any names one that does not exist: without a line of ours tor would ask the public
 * ones.
 */
export function directoryLines(network: NetworkPlan): string[] {
  const lines: string[] = []
  for (const { nickname, advertisedPort, authority, rsaIdentity } of network.relays) {
    if (authority === undefined) continue
    const { dirPort, identity } = authority
    lines.push(
      `DirAuthority ${nickname} orport=${advertisedPort} no-v2 v3ident=${identity} 127.0.0.1:${dirPort} ${hex(rsaIdentity)}`,
    )
  }
  if (lines.length > 0) return lines
  return [`DirAuthority nobody orport=1 no-v2 v3ident=${'A'.repeat(40)} 127.0.0.1:1 ${'B'.repeat(40)}`]
}

function authorityLines(network: NetworkPlan, dirPort: number, firstVote: number | undefined): string[] {
  const exits = network.relays.filter((relay) => relay.isExit).map((relay) => hex(relay.rsaIdentity))
  return [
    'AuthoritativeDirectory 1',
    'V3AuthoritativeDirectory 1',
    `DirPort 127.0.0.1:${dirPort} IPv4Only`,
    'AuthDirTestReachability 0',
    'AuthDirMaxServersPerAddr 0',
    'TestingMinExitFlagThreshold 0',
    'TestingMinFastFlagThreshold 0',
    'TestingDirAuthVoteGuard *',
    'TestingDirAuthVoteHSDir *',
    ...(exits.length > 0 ? [`TestingDirAuthVoteExit ${exits.join(',')}`, 'TestingDirAuthVoteExitIsStrict 1'] : []),
    ...(network.params.length > 0 ? [`ConsensusParams ${network.params.join(' ')}`] : []),
    ...votingLines(firstVote, network.voting),
  ]
}

function orPortLines({ orPort, advertisedPort }: RelayPlan): string[] {
  if (orPort === advertisedPort) return [`ORPort 127.0.0.1:${orPort} IPv4Only`]
  return [`ORPort 127.0.0.1:${advertisedPort} NoListen IPv4Only`, `ORPort 127.0.0.1:${orPort} NoAdvertise IPv4Only`]
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex').toUpperCase()
}

function text(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

/** The key directory of a relay whose data directory this is. */
export function keyDirectory(directory: string): string {
  return join(directory, 'keys')
}
