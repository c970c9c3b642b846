/**
 * What the command line understands.
 *
 * @module
 */
import type * as util from 'node:util'
import { checkBodyOf, readMethod } from '../../fetch/request/request.ts'
import { readTarget } from '../../fetch/request/target.ts'
import { TOKEN } from '../../http/message/field-line.ts'
import { builtinModule } from '../../platform/runtime/builtin.ts'
import { parseHost } from '../../stream/socket-address.ts'
import {
  GATEWAY_HELP,
  GATEWAY_OPTIONS,
  gatewayArguments,
  type GatewayArguments,
  type GatewayValues,
} from './gateway-usage.ts'
import { EXIT_OPTIONS, exitArguments, type ExitArguments } from './exit-usage.ts'
import { LOG_LEVELS, type LogLevel } from '../log/log.ts'
import { SERVE_HELP, SERVE_OPTIONS, serveArguments, type ServeArguments, type ServeValues } from './serve-usage.ts'
import { portOf, shown, UsageError } from './usage-error.ts'
import { FETCH_HELP, HELP, PROXY_HELP, RESOLVE_HELP } from './usage-texts.ts'

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
  readonly exits: ExitArguments
  /** Go on with what there is of the output. */
  readonly isContinued: boolean
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
  readonly exits: ExitArguments
  /** Lines of what matters at least so much, in place of the screen; undefined for what fits. */
  readonly log: LogLevel | undefined
}

/** `tor-streams resolve`. */
export interface ResolveCommand extends Common {
  readonly command: 'resolve'
  readonly name: string
  readonly exits: ExitArguments
}

/** `tor-streams gateway`. */
export interface GatewayCommand extends Common, GatewayArguments {
  readonly command: 'gateway'
}

/** `tor-streams serve`. */
export interface ServeCommand extends Common, ServeArguments {
  readonly command: 'serve'
}

/** What the arguments ask for. */
export type Command =
  | FetchCommand
  | ProxyCommand
  | ResolveCommand
  | GatewayCommand
  | ServeCommand
  | {
      readonly command: 'help'
      readonly text: string
      /** Nobody asked for it: there was no command. */
      readonly isUnasked: boolean
    }
  | { readonly command: 'version' }

const FETCH_ONLY = ['output', 'continue', 'include', 'method', 'data', 'header', 'cacert'] as const
const PROXY_ONLY = ['socks', 'http', 'dashboard', 'log'] as const
const EXITS = Object.keys(EXIT_OPTIONS) as readonly (keyof typeof EXIT_OPTIONS)[]
const GATEWAY_ONLY = Object.keys(GATEWAY_OPTIONS) as readonly (keyof GatewayValues)[]
const SERVE_ONLY = Object.keys(SERVE_OPTIONS) as readonly (keyof ServeValues)[]
const HELPS: ReadonlyMap<string | undefined, string> = new Map([
  ['fetch', FETCH_HELP],
  ['proxy', PROXY_HELP],
  ['resolve', RESOLVE_HELP],
  ['gateway', GATEWAY_HELP],
  ['serve', SERVE_HELP],
])
const COMMANDS = 'fetch, proxy, resolve, gateway or serve'

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
    return { command: 'help', text: HELPS.get(asked) ?? HELP, isUnasked: false }
  if (values.version === true) return { command: 'version' }
  if (args.length === 0) return { command: 'help', text: HELP, isUnasked: true }
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
      refuse([...PROXY_ONLY, ...GATEWAY_ONLY, ...SERVE_ONLY])
      return {
        ...common,
        command,
        url: urlOf(one('a URL')),
        output: values.output === '-' ? undefined : values.output,
        isContinued: values.continue === true && canContinue(values),
        exits: exitArguments(values),
        include: values.include === true,
        method: methodOf(values.method, values.data),
        data: values.data,
        headers: (values.header ?? []).map(headerOf),
        cacert: values.cacert,
      }
    case 'proxy': {
      refuse([...FETCH_ONLY, ...GATEWAY_ONLY, ...SERVE_ONLY])
      if (target !== undefined) throw new UsageError('The command proxy takes options only')
      const [socks, http] = [portOf('socks', values.socks), portOf('http', values.http)]
      const dashboard = portOf('dashboard', values.dashboard)
      const [exits, log] = [exitArguments(values), levelOf(values.log)]
      return {
        ...common,
        command,
        socks: socks ?? (http === undefined ? 9050 : undefined),
        http,
        dashboard,
        exits,
        log,
      }
    }
    case 'resolve':
      refuse([...FETCH_ONLY, ...PROXY_ONLY, ...GATEWAY_ONLY, ...SERVE_ONLY])
      return { ...common, command, name: nameOf(one('a NAME')), exits: exitArguments(values) }
    case 'gateway':
      // The network within a process has no relays that others reach.
      refuse([...FETCH_ONLY, ...PROXY_ONLY, ...SERVE_ONLY, ...EXITS, 'embedded'])
      if (target !== undefined) throw new UsageError('The command gateway takes options only')
      return { ...common, command, ...gatewayArguments(values) }
    case 'serve':
      // Clients of the network within a process are in that process; a service has no exit.
      refuse([...FETCH_ONLY, ...PROXY_ONLY, ...GATEWAY_ONLY, ...EXITS, 'embedded'])
      return { ...common, command, ...serveArguments(values, positionals.slice(1)) }
    default:
      throw new UsageError(`There is no command ${shown(command)}: ${COMMANDS}`)
  }
}

const OPTIONS = {
  output: { type: 'string', short: 'o' },
  continue: { type: 'boolean', short: 'c' },
  include: { type: 'boolean', short: 'i' },
  method: { type: 'string' },
  data: { type: 'string' },
  header: { type: 'string', multiple: true },
  cacert: { type: 'string' },
  socks: { type: 'string' },
  http: { type: 'string' },
  dashboard: { type: 'string' },
  log: { type: 'string' },
  ...EXIT_OPTIONS,
  ...GATEWAY_OPTIONS,
  ...SERVE_OPTIONS,
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
    const parsed = parseArgs({ args: args.map(withPort), options: OPTIONS, allowPositionals: true, tokens: true })
    const names = parsed.tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : []))
    // The last would count, and whoever gave the first would not notice.
    const twice = names.find((name, index) => names.indexOf(name) < index && takesOne(OPTIONS[name]))
    if (twice !== undefined) throw new UsageError(`--${twice} is given twice`)
    return parsed
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError((error as Error).message.replace(/\.?( To specify|\n).*$/s, ''))
  }
}

/** True for an option with a value that there can be only one of. */
const takesOne = (option: { readonly type: string; readonly multiple?: boolean }): boolean =>
  option.type === 'string' && option.multiple !== true

/** `--dashboard` alone is for any port that is free. */
const withPort = (arg: string, index: number, args: readonly string[]): string =>
  arg === '--dashboard' && (args[index + 1] ?? '-').startsWith('-') ? '--dashboard=0' : arg

function networkOf(file: string | undefined, isEmbedded: boolean): NetworkChoice {
  if (file !== undefined && isEmbedded) throw new UsageError('--network and --embedded exclude each other')
  return isEmbedded ? { kind: 'embedded' } : file === undefined ? { kind: 'public' } : { kind: 'file', file }
}

function levelOf(text: string | undefined): LogLevel | undefined {
  const level = LOG_LEVELS.find((each) => each === text)
  if (text !== undefined && level === undefined)
    throw new UsageError(`--log needs one of ${LOG_LEVELS.join(', ')}, unlike ${shown(text)}`)
  return level
}

/** True for a GET of a file without more: what can be asked for again in parts. */
export const isFileAlone = ({
  method,
  data,
  include,
}: Partial<Pick<FetchCommand, 'method' | 'data' | 'include'>>): boolean =>
  data === undefined && (method ?? 'GET').toUpperCase() === 'GET' && include !== true

/** @throws UsageError when there is no part to go on with, or more is asked for than that */
function canContinue(values: Parsed['values']): boolean {
  const { output } = values
  if (output === undefined || output === '-')
    throw new UsageError('--continue needs --output FILE: it goes on with what is in there')
  if (!isFileAlone(values))
    throw new UsageError('--continue is for the file alone, by GET: without --method, --data and --include')
  return true
}

function urlOf(text: string): URL {
  if (!URL.canParse(text)) throw new UsageError(`This is no URL: ${shown(text)}`)
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new UsageError(`Only http: and https: can be fetched, not ${url.protocol}`)
  return checked(() => readTarget(text))
}

/** A method that can be sent, with the data if there are some. */
function methodOf(text: string | undefined, data: string | undefined): string | undefined {
  return checked(() => {
    const method = text === undefined ? undefined : readMethod(text)
    if (method !== undefined && data !== undefined) checkBodyOf(method)
    return method
  })
}

const nameOf = (text: string): string => checked(() => parseHost(text, 'NAME'))

/** What is checked where it is used stands in a TypeError: here it is what somebody has typed. */
function checked<Result>(read: () => Result): Result {
  try {
    return read()
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error
  }
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
