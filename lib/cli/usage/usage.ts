/**
 * What the command line understands.
 *
 * @module
 */
import type * as util from 'node:util'
import { TOKEN } from '../../fetch/message/field-line.ts'
import { builtinModule } from '../../platform/runtime/builtin.ts'
import {
  GATEWAY_HELP,
  GATEWAY_OPTIONS,
  gatewayArguments,
  type GatewayArguments,
  type GatewayValues,
} from './gateway-usage.ts'
import { portOf, shown, UsageError } from './usage-error.ts'

/** What `--help` prints: no more than a screen of 80 columns and 24 lines. */
export const HELP = `tor-streams - fetch, proxy and resolve through Tor

  tor-streams fetch URL        fetch a page or a file
    -o, --output FILE          write the body to FILE; - is standard output
    -i, --include              print the head of the answer first, as it came
        --method METHOD        GET, or POST with --data, unless told otherwise
        --data TEXT            send TEXT as the body; @FILE sends a file
        --header 'NAME: TEXT'  send a header; may be given several times
        --cacert FILE          trust only the authorities in this PEM file
  tor-streams proxy            serve SOCKS 4, 4a and 5 on 127.0.0.1
        --socks PORT           the port (9050)
        --http PORT            serve as an HTTP proxy, on this port
        --dashboard [PORT]     draw it all in a browser, at a secret address
  tor-streams resolve NAME     addresses of a name, or the name of an address
  tor-streams gateway          lead web pages to relays; gateway --help has more

  Which network: the public one, or
        --network FILE         the one of the DirAuthority lines of this torrc
        --embedded             one inside this process, for trying things out
  -q, --quiet                  say nothing of progress
  -h, --help    -V, --version

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the server's answer is an error
(status 400 or more), 130 interrupted.`

/** Which Tor network to use. */
export type NetworkChoice =
  { readonly kind: 'public' } | { readonly kind: 'file'; readonly file: string } | { readonly kind: 'embedded' }

/** What every command knows. */
interface Common {
  readonly network: NetworkChoice
  readonly quiet: boolean
}

/** `tor-streams fetch`. */
export interface FetchCommand extends Common {
  readonly command: 'fetch'
  readonly url: URL
  readonly output: string | undefined
  readonly include: boolean
  readonly method: string | undefined
  readonly data: string | undefined
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly cacert: string | undefined
}

/** `tor-streams proxy`. At least one port is there. */
export interface ProxyCommand extends Common {
  readonly command: 'proxy'
  readonly socks: number | undefined
  readonly http: number | undefined
  /** Where the dashboard is to be, 0 for any port; undefined for none. */
  readonly dashboard: number | undefined
}

/** `tor-streams resolve`. */
export interface ResolveCommand extends Common {
  readonly command: 'resolve'
  readonly name: string
}

/** `tor-streams gateway`. */
export interface GatewayCommand extends Common, GatewayArguments {
  readonly command: 'gateway'
}

/** What the arguments ask for. */
export type Command =
  | FetchCommand
  | ProxyCommand
  | ResolveCommand
  | GatewayCommand
  | { readonly command: 'help'; readonly text: string }
  | { readonly command: 'version' }

const FETCH_ONLY = ['output', 'include', 'method', 'data', 'header', 'cacert'] as const
const PROXY_ONLY = ['socks', 'http', 'dashboard'] as const
const GATEWAY_ONLY = Object.keys(GATEWAY_OPTIONS) as readonly (keyof GatewayValues)[]
const COMMANDS = 'fetch, proxy, resolve or gateway'

/**
 * Reads the arguments.
 *
 * @throws UsageError
 */
export function parseArguments(args: readonly string[]): Command {
  const { values, positionals } = parse(args)
  const [command, target, ...more] = positionals
  const asked = values.help === true ? command : command === 'help' ? (target ?? 'help') : undefined
  if (values.help === true || asked !== undefined)
    return { command: 'help', text: asked === 'gateway' ? GATEWAY_HELP : HELP }
  if (values.version === true) return { command: 'version' }
  if (command === undefined) throw new UsageError(`There is no command: ${COMMANDS}`)
  const common: Common = { network: networkOf(values.network, values.embedded === true), quiet: values.quiet === true }
  const refuse = (names: readonly (keyof typeof values)[]): void => {
    const given = names.find((name) => values[name] !== undefined)
    if (given !== undefined) throw new UsageError(`The command ${command} has no option --${given}`)
  }
  const one = (what: string): string => {
    if (target === undefined) throw new UsageError(`The command ${command} needs ${what}`)
    if (more.length > 0) throw new UsageError(`The command ${command} takes one ${what.split(' ').at(-1)} only`)
    return target
  }
  switch (command) {
    case 'fetch':
      refuse([...PROXY_ONLY, ...GATEWAY_ONLY])
      return {
        ...common,
        command,
        url: urlOf(one('a URL')),
        output: values.output === '-' ? undefined : values.output,
        include: values.include === true,
        method: values.method,
        data: values.data,
        headers: (values.header ?? []).map(headerOf),
        cacert: values.cacert,
      }
    case 'proxy': {
      refuse([...FETCH_ONLY, ...GATEWAY_ONLY])
      if (target !== undefined) throw new UsageError('The command proxy takes options only')
      const [socks, http] = [portOf('socks', values.socks), portOf('http', values.http)]
      const dashboard = portOf('dashboard', values.dashboard)
      return { ...common, command, socks: socks ?? (http === undefined ? 9050 : undefined), http, dashboard }
    }
    case 'resolve':
      refuse([...FETCH_ONLY, ...PROXY_ONLY, ...GATEWAY_ONLY])
      return { ...common, command, name: one('a NAME') }
    case 'gateway':
      // The network within a process has no relays that others reach.
      refuse([...FETCH_ONLY, ...PROXY_ONLY, 'embedded'])
      if (target !== undefined) throw new UsageError('The command gateway takes options only')
      return { ...common, command, ...gatewayArguments(values) }
    default:
      throw new UsageError(`There is no command ${shown(command)}: ${COMMANDS}`)
  }
}

const OPTIONS = {
  output: { type: 'string', short: 'o' },
  include: { type: 'boolean', short: 'i' },
  method: { type: 'string' },
  data: { type: 'string' },
  header: { type: 'string', multiple: true },
  cacert: { type: 'string' },
  socks: { type: 'string' },
  http: { type: 'string' },
  dashboard: { type: 'string' },
  ...GATEWAY_OPTIONS,
  network: { type: 'string' },
  embedded: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const

type Parsed = ReturnType<typeof util.parseArgs<{ args: string[]; options: typeof OPTIONS; allowPositionals: true }>>

function parse(args: readonly string[]): Parsed {
  const { parseArgs } = builtinModule<typeof util>('node:util')
  try {
    return parseArgs({ args: args.map(withPort), options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message.replace(/\.?( To specify|\n).*$/s, ''))
  }
}

/** `--dashboard` alone is for any port that is free. */
const withPort = (arg: string, index: number, args: readonly string[]): string =>
  arg === '--dashboard' && (args[index + 1] ?? '-').startsWith('-') ? '--dashboard=0' : arg

function networkOf(file: string | undefined, isEmbedded: boolean): NetworkChoice {
  if (file !== undefined && isEmbedded) throw new UsageError('--network and --embedded exclude each other')
  return isEmbedded ? { kind: 'embedded' } : file === undefined ? { kind: 'public' } : { kind: 'file', file }
}

function urlOf(text: string): URL {
  if (!URL.canParse(text)) throw new UsageError(`This is no URL: ${shown(text)}`)
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UsageError(`Only http: and https: can be fetched, not ${url.protocol}`)
  return url
}

function headerOf(text: string): readonly [string, string] {
  const at = text.indexOf(':')
  if (at < 1) throw new UsageError(`A header has the form 'NAME: TEXT', unlike ${shown(text)}`)
  const [name, value] = [text.slice(0, at).trim(), text.slice(at + 1).replace(/^[ \t]+|[ \t]+$/g, '')]
  if (!TOKEN.test(name)) throw new UsageError(`This is no name of a header: ${shown(name)}`)
  // A line break would begin another header, or the body.
  if (/[\0\r\n]/.test(value)) throw new UsageError(`The header ${name} has a line break or a NUL in it`)
  if (/[^\0-\xff]/.test(value)) throw new UsageError(`The header ${name} has a character that no header can have`)
  return [name, value]
}
