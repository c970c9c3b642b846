/**
 * What a program does on the network while it runs: the names that it looks up, in vain, and the addresses that it
 * sends to.
 *
 * outgoing-child.c is loaded into it, before the C library; so this works for programs that go through that, as all do
 * that specs run. A spec should first see that a program is seen at all.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from '../../../scripts/files.js'
import { run } from './process.ts'

/** A recorder of programs, whose files are in one directory. */
export class ChildRecorder {
  readonly #directory: string
  readonly #library: string

  /** Compiles the library into `directory` with this gcc. */
  static async make(gcc: string, directory: string): Promise<ChildRecorder> {
    const library = join(directory, 'outgoing-child.so')
    await run(gcc, [
      '-O2',
      '-Wall',
      '-shared',
      '-fPIC',
      '-o',
      library,
      join(ROOT, 'spec', 'tor', 'support', 'outgoing-child.c'),
      '-ldl',
    ])
    return new ChildRecorder(directory, library)
  }

  private constructor(directory: string, library: string) {
    this.#directory = directory
    this.#library = library
  }

  /** The environment in which a program is recorded as `label`, and all that it starts. */
  environment(label: string): NodeJS.ProcessEnv {
    return { LD_PRELOAD: this.#library, OUTGOING_RECORD: this.#file(label) }
  }

  /** What was recorded as `label`, each thing once: `name NAME`, `address HOST:PORT` or `path PATH`. */
  async seen(label: string): Promise<string[]> {
    const file = this.#file(label)
    if (!existsSync(file)) return []
    const lines = (await readFile(file, 'utf8')).split('\n')
    return [...new Set(lines)].filter((line) => line !== '').sort()
  }

  #file(label: string): string {
    return join(this.#directory, `outgoing-${label.replaceAll(/[^a-z0-9]+/gi, '-')}.txt`)
  }
}
