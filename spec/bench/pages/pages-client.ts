/**
 * The page's side of pages.ts: downloads, and the frames during them.
 *
 * @module
 */
import { MemoryStorage, parseDirAuthorityLines, TorClient } from '../../../lib/index.ts'
import { webSocketTransport } from '../../../lib/websocket.ts'
import { framesDuring, type Frames } from './frames.ts'
import { receivePlain } from './plain-client.ts'

/** How a client is opened. */
export interface PageOpening {
  /** The gateway's URL. */
  readonly gateway: string
  /** `DirAuthority` lines. */
  readonly authorities: string
}

/** Where a download is to be had, and how long it must be. */
export interface PageDownload {
  readonly url: string
  readonly length: number
}

let tor: TorClient | undefined

/** Opens the client that downloads are made with. */
export async function open({ gateway, authorities }: PageOpening): Promise<void> {
  tor = await TorClient.open({
    transport: webSocketTransport({ url: gateway }),
    network: { authorities: parseDirAuthorityLines(authorities), fallbacks: [], testing: true },
    storage: new MemoryStorage(),
  })
}

/** A download by a plain WebSocket. */
export const plain = ({ url, length }: PageDownload): Promise<Frames> => framesDuring(() => receivePlain(url, length))

/** The same as the body of a `fetch` through Tor. */
export const ours = ({ url, length }: PageDownload): Promise<Frames> =>
  framesDuring(async () => {
    const response = await tor?.fetch(url)
    const reader = response?.body?.getReader()
    if (reader === undefined) throw new Error('there is no client, or no body')
    let count = 0
    for (let next = await reader.read(); !next.done; next = await reader.read()) count += next.value.length
    if (count !== length) throw new Error(`${count} bytes came`)
  })
