/**
 * Workers, in engines with Web Workers and in Node.
 *
 * @module
 */

/** As much of a worker as specs need. */
export interface SpecWorker {
  postMessage(message: unknown, transfer: Transferable[]): void
  terminate(): unknown
}

interface NodeThreads {
  readonly Worker: new (url: URL) => SpecWorker
  readonly parentPort: { once(event: 'message', listener: (message: unknown) => void): void } | null
}

const threads = (): NodeThreads =>
  (globalThis as unknown as { process: { getBuiltinModule(name: string): NodeThreads } }).process.getBuiltinModule(
    'node:worker_threads',
  )

/** Starts the module at `url` as a worker. */
export function startWorker(url: URL): SpecWorker {
  const { Worker } = globalThis as { Worker?: new (url: URL, options: { type: 'module' }) => SpecWorker }
  return Worker === undefined ? new (threads().Worker)(url) : new Worker(url, { type: 'module' })
}

/** In a worker: calls `serve` with the first message. */
export function insideWorker<T>(serve: (message: T) => void): void {
  const scope = globalThis as { onmessage?: ((event: { data: T }) => void) | null }
  if ('WorkerGlobalScope' in globalThis) scope.onmessage = ({ data }) => serve(data)
  else threads().parentPort?.once('message', (message) => serve(message as T))
}
