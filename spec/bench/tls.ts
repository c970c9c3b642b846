/**
 * TLS 1.3 of the library's own against node:tls: a download over loopback from a node:tls server in a process of its own, and
 * handshakes.
 *
 * @module
 */
import { alternate, type Comparison, type Metric } from './compare.ts'
import { Worker } from './worker.ts'

/** What tls.worker.ts is told. It answers with its port, or with seconds. */
export type TlsOrder =
  | { readonly kind: 'serve'; readonly length: number }
  | { readonly kind: 'ours' | 'node'; readonly port: number; readonly length: number; readonly count: number }

const TURNS = 7
const HANDSHAKES = 40

/**
 * Compares both.
 *
 * @param length - bytes of a download
 * @param programs - the folder of the workers
 */
export async function compareTls(length: number, programs: URL): Promise<Comparison[]> {
  const [server, ours, node] = [1, 2, 3].map(() => new Worker<TlsOrder, number>(new URL('tls.worker.js', programs)))
  if (server === undefined || ours === undefined || node === undefined) throw new Error('there are no workers')
  try {
    const compare = async (metric: Metric, bytes: number, count: number, per: number): Promise<Comparison[]> => {
      const port = await server.obey({ kind: 'serve', length: bytes })
      const turn = (worker: typeof server, kind: 'ours' | 'node') => async () => [
        per / (await worker.obey({ kind, port, length: bytes, count })),
      ]
      // The first turn compiles.
      await turn(ours, 'ours')()
      await turn(node, 'node')()
      return await alternate([metric], 'node:tls', TURNS, turn(ours, 'ours'), turn(node, 'node'))
    }
    return [
      ...(await compare({ name: 'tls: download', unit: 'MB/s', better: 'more' }, length, 1, length / 1e6)),
      ...(await compare({ name: 'tls: handshakes', unit: '1/s', better: 'more' }, 1, HANDSHAKES, HANDSHAKES)),
    ]
  } finally {
    for (const worker of [server, ours, node]) await worker.stop()
  }
}
