/**
 * Processes that do one thing and are measured at it: what they compile, collect and keep is nobody else's.
 *
 * @module
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

type Reply<Answer> = { readonly answer: Answer } | { readonly error: string }

/**
 * Where the variable is set, Node reads all authorities that it knows before it begins with a program, for nearly 0.1 s, whether or
 * not anything asks for them: nothing here does.
 */
const READS_NO_AUTHORITIES = { NODE_EXTRA_CA_CERTS: undefined }

/** A process that does as it is told. */
export class Worker<Order extends object, Answer> {
  readonly #child: ChildProcess

  /** @param environment - beside this process's own */
  constructor(program: URL, environment: NodeJS.ProcessEnv = {}) {
    const env = { ...process.env, ...READS_NO_AUTHORITIES, ...environment }
    this.#child = fork(program, { serialization: 'advanced', execArgv: [], env })
  }

  get pid(): number {
    return this.#child.pid as number
  }

  /** Gives an order and resolves with what came of it. One at a time. */
  async obey(order: Order): Promise<Answer> {
    const given = new AbortController()
    const { signal } = given
    this.#child.send(order)
    try {
      const replied = once(this.#child, 'message', { signal }) as Promise<[Reply<Answer>]>
      const ended = once(this.#child, 'exit', { signal }).then(() => [{ error: 'the process ended' }] as const)
      const [reply] = await Promise.race([replied, ended])
      if ('error' in reply) throw new Error(reply.error)
      return reply.answer
    } finally {
      given.abort()
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }
}

/** Makes this process take orders from the one that made it, and end with it. */
export function serve<Order, Answer>(obey: (order: Order) => Promise<Answer>): void {
  process.on('message', (order: Order) => {
    obey(order).then(
      (answer) => process.send?.({ answer }),
      (error: unknown) =>
        process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
  process.on('disconnect', () => process.exit())
}
