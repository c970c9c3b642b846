/**
 * The command bytes of channel cells and of relay messages.
 *
 * @module
 */

/** Commands of channel cells (tor-spec, "Cell commands"). */
export const CellCommand = {
  PADDING: 0,
  CREATE: 1,
  CREATED: 2,
  RELAY: 3,
  DESTROY: 4,
  CREATE_FAST: 5,
  CREATED_FAST: 6,
  VERSIONS: 7,
  NETINFO: 8,
  RELAY_EARLY: 9,
  CREATE2: 10,
  CREATED2: 11,
  PADDING_NEGOTIATE: 12,
  VPADDING: 128,
  CERTS: 129,
  AUTH_CHALLENGE: 130,
  AUTHENTICATE: 131,
} as const

/** Commands of relay messages (tor-spec, "Relay cells"). */
export const RelayCommand = {
  BEGIN: 1,
  DATA: 2,
  END: 3,
  CONNECTED: 4,
  SENDME: 5,
  EXTEND: 6,
  EXTENDED: 7,
  TRUNCATE: 8,
  TRUNCATED: 9,
  DROP: 10,
  RESOLVE: 11,
  RESOLVED: 12,
  BEGIN_DIR: 13,
  EXTEND2: 14,
  EXTENDED2: 15,
  ESTABLISH_INTRO: 32,
  ESTABLISH_RENDEZVOUS: 33,
  INTRODUCE1: 34,
  INTRODUCE2: 35,
  RENDEZVOUS1: 36,
  RENDEZVOUS2: 37,
  INTRO_ESTABLISHED: 38,
  RENDEZVOUS_ESTABLISHED: 39,
  INTRODUCE_ACK: 40,
  XOFF: 43,
  XON: 44,
} as const

const nameOf = (table: Readonly<Record<string, number>>, command: number): string =>
  Object.keys(table).find((name) => table[name] === command) ?? `command ${command}`

/** The name of a channel cell's command, for messages to people. */
export const cellCommandName = (command: number): string => nameOf(CellCommand, command)

/** The name of a relay message's command, for messages to people. */
export const relayCommandName = (command: number): string => nameOf(RelayCommand, command)
