/**
 * torsocks around curl. It asks the proxy for the address of each name, and then to connect to that; names of onion services it
 * hands on. Addresses of this machine, which is what every other name of the private network has, it refuses.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import type { Ways } from './front-clients.ts'
import type { Received } from './http-target.ts'
import type { FarEnd, OtherClient, OtherSession } from './other-clients.ts'
import { runProgram } from './program.ts'
import { targetName } from './web-target.ts'

/** Relays that have much to do refuse circuits, and a service is given up when all that lead to it were refused. */
const AGAIN = ['--retry', '3', '--retry-delay', '1', '--retry-all-errors']

/** @param torsocks - with its arguments, or nothing for what goes beside it */
function session(torsocks: readonly string[], { environment }: Ways, farEnd: FarEnd): OtherSession {
  const curl = (host: string, path: string, args: readonly string[] = [], input?: Uint8Array): Promise<Buffer> => {
    const url = `http://${host === targetName && torsocks.length > 0 ? farEnd.onion : host}${path}`
    const [program = '', ...rest] = [...torsocks, 'curl', '-q', '-sS', '--fail', ...args, url]
    return runProgram(program, rest, { environment, ...(input === undefined ? {} : { input }) })
  }
  const again = (host: string): readonly string[] => (host === targetName && torsocks.length > 0 ? AGAIN : [])
  return {
    receives: {
      'from an onion service': async (host) => curl(host, `/${(await readFile(farEnd.file)).length}`, again(host)),
    },
    sends: {
      'to an onion service': async (host) =>
        JSON.parse(
          (await curl(host, '/', [...again(host), '--data-binary', '@-'], await readFile(farEnd.file))).toString(),
        ) as Received,
    },
    waits: (host, sign) => curl(host, '/stall', ['--no-buffer', '--output', sign]),
  }
}

/** In the order of the table. */
export const TORSOCKS_CLIENTS: readonly OtherClient[] = [
  {
    name: 'torsocks 2, here with curl',
    how: '`torsocks -a 127.0.0.1 -P 9050`',
    note: 'it asks for the address of a name first (`resolve`), and then for a connection to that; not to one of this machine, so that it was run with onion services; what it does beside that cannot be recorded',
    isUnseen: true,
    programs: ['torsocks', 'curl'],
    open(ways, farEnd) {
      const [address = '', port = ''] = ways.proxy.split(':')
      return Promise.resolve(session(['torsocks', '-a', address, '-P', port], ways, farEnd))
    },
    openBeside: (ways, farEnd) => Promise.resolve(session([], ways, farEnd)),
  },
]
