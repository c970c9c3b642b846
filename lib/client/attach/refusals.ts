/**
 * Targets that are refused before anything is sent (path-spec; C tor's `ClientRejectInternalAddresses` and its handling
 * of special names).
 *
 * @module
 */
import { isInternalAddress, parseIPAddress } from '../../cell/ip-address.ts'
import { SocketError } from '../../base/errors.ts'

/** One label of a host name; underscores are in use although the standard has none. */
const LABEL = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/

/**
 * What no name ends in: a resolver may take such a one for an IPv4 address in another notation, perhaps an internal
 * one.
 */
const NUMBER = /^(\d+|0x[0-9a-f]*)$/

/**
 * Refuses a host, in lower case and without brackets, that no exit should be asked for.
 *
 * @param allowInternal - on a private network internal addresses are what there is
 * @throws SocketError `ADDRESS_REFUSED`
 */
export function refuseTarget(host: string, allowInternal: boolean): void {
  const address = parseIPAddress(host)
  if (address) {
    if (!allowInternal && isInternalAddress(address))
      refuse('internal and private addresses are not reachable through Tor')
    return
  }
  const name = host.endsWith('.') ? host.slice(0, -1) : host
  const labels = name.split('.')
  if (labels.at(-1) === 'onion') refuse('an onion service has no address but its name')
  if (labels.at(-1) === 'exit') refuse('names that end in .exit are not supported: they let others choose the exit')
  if (name.length > 253 || !labels.every((label) => LABEL.test(label)) || NUMBER.test(labels.at(-1) as string))
    refuse('the host is no valid host name')
  if (!allowInternal && (labels.at(-1) === 'localhost' || labels.at(-1) === 'local'))
    refuse('local names are not reachable through Tor')
}

/** `<56 letters>.onion` of version 3, behind any subdomains. */
const ONION_ADDRESS = /^(?:[^.]+\.)*[a-z2-7]{55}d\.onion$/

/**
 * The name of an onion service, in lower case and without a dot at its end; undefined for any other host. Whether it is
 * more than well-formed is found out when it is looked for.
 *
 * @throws SocketError `ONION_ADDRESS_INVALID`
 */
export function onionName(host: string): string | undefined {
  const name = host.endsWith('.') ? host.slice(0, -1) : host
  if (!/(^|\.)onion\.*$/.test(name)) return undefined
  if (ONION_ADDRESS.test(name)) return name
  throw new SocketError('ONION_ADDRESS_INVALID', 'the name is no address of an onion service of version 3')
}

function refuse(why: string): never {
  throw new SocketError('ADDRESS_REFUSED', why)
}
