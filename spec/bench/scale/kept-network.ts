/**
 * What a client has to know of a made-up network, from the folder that it was written to.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NetworkConfig } from '../../../lib/directory/network/network-config.ts'

/** By name. */
export type Figures = Readonly<Record<string, number>>

/** The authorities. Nobody connects to them. */
export async function readConfig(folder: string): Promise<NetworkConfig> {
  const config = JSON.parse(await readFile(join(folder, 'network.json'), 'utf8')) as NetworkConfig
  const authorities = config.authorities.map((each) => ({ ...each, rsaIdentity: new Uint8Array(20).fill(1) }))
  return { ...config, authorities }
}
