/**
 * What the command line understands of `tor-streams serve`.
 *
 * @module
 */
import type { ForwardTarget } from '../../node/onion/forward-visitors.ts'
import { parseClientPublicKey } from '../../onion/identity/client-public-key.ts'
import { shown, UsageError } from './usage-error.ts'

/** What `tor-streams serve --help` prints. */
export const SERVE_HELP = `tor-streams serve - offer servers of this machine as an onion service

  tor-streams serve 80:127.0.0.1:8080    port 80 there is port 8080 here
  tor-streams serve 8080                 the same port on either side
  tor-streams serve 80:8080 22:[::1]:22  several

        --key FILE             the key that the address is made of, as C tor's
                               hs_ed25519_secret_key; made where there is none.
                               Whoever has it is the service. Without this the
                               address is another one each time
        --client KEY           a client's public key, descriptor:x25519:...;
                               several times. Only those find the service
        --pow                  ask for proofs of work while more clients come
                               than can be met
        --network FILE         the network of the DirAuthority lines of a torrc
  -q, --quiet                  say nothing of progress

It prints the address once clients can find it, and serves until interrupted.`

/** What it takes. */
export interface ServeArguments {
  /** Where the streams for each port go. */
  readonly targets: ReadonlyMap<number, ForwardTarget>
  readonly key: string | undefined
  readonly clients: readonly string[] | undefined
  readonly pow: boolean
}

/** The options of it alone, as they are parsed. */
export const SERVE_OPTIONS = {
  key: { type: 'string' },
  client: { type: 'string', multiple: true },
  pow: { type: 'boolean' },
} as const

/** Their values. */
export interface ServeValues {
  readonly key?: string | undefined
  readonly client?: readonly string[] | undefined
  readonly pow?: boolean | undefined
}

/**
 * Reads them.
 *
 * @throws UsageError
 */
export function serveArguments(values: ServeValues, ports: readonly string[]): ServeArguments {
  if (ports.length === 0) throw new UsageError('The command serve needs a port, such as 80:127.0.0.1:8080')
  const targets = new Map<number, ForwardTarget>()
  for (const text of ports) {
    const [port, target] = targetOf(text)
    if (targets.has(port)) throw new UsageError(`The port ${port} is there twice`)
    targets.set(port, target)
  }
  for (const client of values.client ?? [])
    if (parseClientPublicKey(client) === undefined)
      throw new UsageError(`--client needs a public key, such as descriptor:x25519:..., unlike ${shown(client)}`)
  return { targets, key: values.key, clients: values.client, pow: values.pow ?? false }
}

/** `PORT`, `PORT:PORT` or `PORT:HOST:PORT`, an IPv6 address in brackets. */
function targetOf(text: string): readonly [port: number, target: ForwardTarget] {
  const [, first = '', bracketed, plain, last = first] =
    /^(\d{1,5})(?:(?::(?:\[([^\]]+)\]|([^:[\]]+)))?:(\d{1,5}))?$/.exec(text) ?? []
  const [port, there] = [Number(first), Number(last)]
  const isPort = (value: number): boolean => value >= 1 && value <= 65_535
  if (first === '' || !isPort(port) || !isPort(there))
    throw new UsageError(`A port has the form 80:127.0.0.1:8080, unlike ${shown(text)}`)
  return [port, { host: bracketed ?? plain ?? '127.0.0.1', port: there }]
}
