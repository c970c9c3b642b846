/**
 * Programs that clients of a front are: run to their end, with nothing of this process's environment.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** How long a program may run, in ms, before it is killed. */
const LIMIT = 150_000

/** A program that did not succeed. */
export class ProgramFailure extends Error {
  override readonly name = 'ProgramFailure'
}

/**
 * Runs a program to its end, with `input` for its standard input. Resolves to what it wrote to its standard output.
 *
 * @throws ProgramFailure with what it wrote to its standard error, when it does not end with 0
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  { environment, input = new Uint8Array(0) }: { readonly environment: NodeJS.ProcessEnv; readonly input?: Uint8Array },
): Promise<Buffer> {
  const child = spawn(program, args, { env: environment, stdio: 'pipe', timeout: LIMIT, killSignal: 'SIGKILL' })
  const output: Buffer[] = []
  let complaint = ''
  child.stdout.on('data', (bytes: Buffer) => output.push(bytes))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  child.stdin.on('error', () => undefined) // A program may end before it has read all.
  child.stdin.end(input)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  if (code !== 0) throw new ProgramFailure(`${program} ended with ${String(code ?? signal)}: ${complaint}`)
  return Buffer.concat(output)
}
