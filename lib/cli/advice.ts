/**
 * What to do about a failure, beside what it says of itself.
 *
 * @module
 */
import { codeOf } from './terminal/sentence.ts'
import type { Command } from './usage/usage.ts'

/** A sentence's rest, or nothing. */
export function adviceOn(error: unknown, command: Command | undefined): string {
  const code = codeOf(error)
  if (code === undefined || command === undefined || !('network' in command)) return ''
  if (code === 'NO_PATH' && 'exits' in command && command.exits.only.length + command.exits.not.length > 0)
    return '. --exit and --exclude leave none that it may use'
  // What an exit says that goes nowhere else, and a resolver that knows no other name.
  const isElsewhere = ['NO_PATH', 'END_EXITPOLICY', 'RESOLVE_FAILED', 'END_RESOLVEFAILED'].includes(code)
  if (command.network.kind === 'embedded' && isElsewhere)
    return '. The network of --embedded reaches servers of this machine only, such as http://127.0.0.1:8000/'
  return ADVICE[code] ?? ''
}

const IS_ONLINE = '. Is this machine online, and may it connect to any address and port?'

const ADVICE: Readonly<Record<string, string>> = {
  DIRECTORY_UNAVAILABLE: IS_ONLINE,
  LINK_UNREACHABLE: IS_ONLINE,
  LINK_TIMEOUT: IS_ONLINE,
  RESOLVE_FAILED: '. Is the name spelt right?',
  END_RESOLVEFAILED: '. Is the name spelt right?',
  END_CONNECTREFUSED: '. The server is there, and nothing listens on that port: is it the right one?',
  TLS_FAILED: '. Does the server speak TLS on that port? http:// is for what does not',
  TLS_CERTIFICATE: '. --cacert FILE trusts an authority of your own',
}
