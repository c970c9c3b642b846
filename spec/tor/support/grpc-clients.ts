/**
 * gRPC by its library for Node, in a process of its own: it takes a proxy from the environment.
 *
 * @module
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from '../../../scripts/files.js'
import type { Ways } from './front-clients.ts'
import type { Received } from './http-target.ts'
import type { FarEnd, OtherClient, OtherSession } from './other-clients.ts'
import { runProgram } from './program.ts'
import { versioned } from './versioned.ts'

/**
 * Its arguments are the library, the address, the authority if it is to be by TLS, the call, and options; its input is the
 * message.
 */
const CALL = `
const [library, address, ca, call, options] = process.argv.slice(1)
const { Client, credentials } = require(library)
const { readFileSync } = require('node:fs')
const how = ca === '' ? credentials.createInsecure() : credentials.createSsl(readFileSync(ca))
const client = new Client(address, how, JSON.parse(options))
const bytes = (message) => message
client.makeUnaryRequest('/Target/' + call, bytes, bytes, readFileSync(0), (error, answer) => {
  if (error) throw error
  process.stdout.write(answer)
  client.close()
})
`

const LIBRARY = join(ROOT, 'node_modules', '@grpc', 'grpc-js')

/**
 * @param proxy - variables for the environment
 * @param options - for the channel
 */
function session(
  proxy: NodeJS.ProcessEnv,
  options: object,
  { authority, environment }: Ways,
  farEnd: FarEnd,
): OtherSession {
  const call = (host: string, way: 'plain' | 'tls', name: string, message: Uint8Array): Promise<Buffer> => {
    const ca = way === 'tls' ? authority.file : ''
    const args = ['-e', CALL, '--', LIBRARY, `${host}:${farEnd.grpc[way]}`, ca, name, JSON.stringify(options)]
    return runProgram(process.execPath, args, { environment: { ...environment, ...proxy }, input: message })
  }
  const receive =
    (way: 'plain' | 'tls') =>
    async (host: string): Promise<Uint8Array> =>
      call(host, way, 'receive', Buffer.from(String((await readFile(farEnd.file)).length)))
  const send =
    (way: 'plain' | 'tls') =>
    async (host: string): Promise<Received> =>
      JSON.parse((await call(host, way, 'send', await readFile(farEnd.file))).toString()) as Received
  return {
    receives: { 'in the clear': receive('plain'), 'by TLS': receive('tls') },
    sends: { 'in the clear': send('plain'), 'by TLS': send('tls') },
    waits: (host, sign) => call(host, 'tls', 'wait', Buffer.from(sign)),
  }
}

/** In the order of the table. */
export const GRPC_CLIENTS: readonly OtherClient[] = [
  {
    name: versioned('@grpc/grpc-js'),
    how: '`grpc_proxy=http://127.0.0.1:9050` in the environment',
    programs: [],
    open: (ways, farEnd) => Promise.resolve(session({ grpc_proxy: `http://${ways.proxy}` }, {}, ways, farEnd)),
    // It would ask the resolver for more than the address, and not by the C library.
    openBeside: (ways, farEnd) =>
      Promise.resolve(session({}, { 'grpc.service_config_disable_resolution': 1 }, ways, farEnd)),
  },
]
