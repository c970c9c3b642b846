// prints: ^curl says: hello from one\.example$
// needs: curl
/** A SOCKS port for everything else on this machine. The proxy's user and password become the isolation token. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { listenSocks } from 'tor-streams/node'
import { openEmbedded } from './support/embedded.ts'

const { tor, close } = await openEmbedded()
const proxy = await listenSocks({
  connect: tor.connect,
  resolve: tor.resolve,
  port: 0, // any free port; Tor's own is 9050
  http: true, // and HTTP CONNECT on the same one
  onWarning: ({ message }) => console.warn(message),
})

const { stdout } = await promisify(execFile)('curl', [
  '--silent',
  '--show-error',
  '--socks5-hostname',
  `127.0.0.1:${proxy.port}`,
  '--proxy-user',
  'alice:anything',
  'http://one.example/',
])

await proxy.close()
await close()
console.log(`curl says: ${stdout}`)
