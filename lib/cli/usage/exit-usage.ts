/**
 * Which exits the command line asks for.
 *
 * @module
 */
import { shown, UsageError } from './usage-error.ts'

/** A relay by its fingerprint in upper case, or all of a country, by two letters in upper case. */
export type ExitTerm =
  { readonly kind: 'fingerprint'; readonly value: string } | { readonly kind: 'country'; readonly value: string }

/** Which exits. */
export interface ExitArguments {
  /** One of these only; any, when there are none. */
  readonly only: readonly ExitTerm[]
  /** None of these. */
  readonly not: readonly ExitTerm[]
  /** Files of countries; undefined for those of tor, where they are needed. */
  readonly geoip: readonly string[] | undefined
}

/** The options, as they are parsed. */
export const EXIT_OPTIONS = {
  exit: { type: 'string', multiple: true },
  exclude: { type: 'string', multiple: true },
  geoip: { type: 'string', multiple: true },
} as const

/** What was given. */
export interface ExitValues {
  readonly exit?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
  readonly geoip?: readonly string[] | undefined
}

/**
 * Reads them.
 *
 * @throws UsageError
 */
export const exitArguments = ({ exit = [], exclude = [], geoip }: ExitValues): ExitArguments => ({
  only: exit.flatMap((text) => termsOf('exit', text)),
  not: exclude.flatMap((text) => termsOf('exclude', text)),
  geoip,
})

/** As in a torrc: `$` before a fingerprint and braces around a country may be there, and commas between several. */
function termsOf(name: string, text: string): ExitTerm[] {
  return text.split(',').map((part): ExitTerm => {
    const [, fingerprint] = /^\$?([0-9A-Fa-f]{40})$/.exec(part.trim()) ?? []
    if (fingerprint !== undefined) return { kind: 'fingerprint', value: fingerprint.toUpperCase() }
    const [, braced, plain] = /^(?:\{([A-Za-z]{2})\}|([A-Za-z]{2}))$/.exec(part.trim()) ?? []
    const country = braced ?? plain
    if (country !== undefined) return { kind: 'country', value: country.toUpperCase() }
    throw new UsageError(
      `--${name} needs a fingerprint of 40 hex digits, or a country of two letters, unlike ${shown(part)}`,
    )
  })
}
