/**
 * The exits that the command line asks for, as a condition on relays.
 *
 * @module
 */
import type { CircuitChoice } from '../../client/connect-options.ts'
import type { TorClientOptions } from '../../client/client-options.ts'
import { readGeoip, type Geoip } from '../../node/geoip/read-geoip.ts'
import type { ExitArguments, ExitTerm } from '../usage/exit-usage.ts'

/** Where Debian's `tor-geoipdb` puts tor's files, and most others. */
const TOR_FILES = ['/usr/share/tor/geoip', '/usr/share/tor/geoip6'] as const

/** What a client and its streams are told. */
export interface ChosenExits {
  /** For every stream: the same function each time, as connections are used again only under the same one. */
  readonly choice: Pick<CircuitChoice, 'exit'>
  /** For the client, where countries are known. */
  readonly options: Pick<TorClientOptions, 'countryOf'>
}

/**
 * Reads the files of countries, if some are needed or given.
 *
 * @throws Error in a sentence when they cannot be read; TypeError for one that is none
 */
export async function chosenExits({ only, not, geoip }: ExitArguments): Promise<ChosenExits> {
  const isCountry = ({ kind }: ExitTerm): boolean => kind === 'country'
  const countries = geoip !== undefined || [...only, ...not].some(isCountry) ? await countriesOf(geoip) : undefined
  const isOf = (relay: Parameters<NonNullable<CircuitChoice['exit']>>[0]): ((term: ExitTerm) => boolean) => {
    const country = countries?.countryOf(relay)
    return ({ kind, value }) => (kind === 'country' ? value === country : value === relay.fingerprint)
  }
  const isChosen = only.length > 0 || not.length > 0
  return {
    choice: isChosen
      ? { exit: (relay) => (only.length === 0 || only.some(isOf(relay))) && !not.some(isOf(relay)) }
      : {},
    options: countries === undefined ? {} : { countryOf: countries.countryOf },
  }
}

async function countriesOf(files: readonly string[] | undefined): Promise<Geoip> {
  try {
    return await readGeoip(...(files ?? TOR_FILES))
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error
    const why =
      files === undefined
        ? "a country needs tor's files of countries: install tor-geoipdb, or say by --geoip FILE where they are"
        : 'there is no file of countries there: --geoip FILE says where one is'
    throw new Error(why) // without a cause: that names a path
  }
}
