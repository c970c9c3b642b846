import { execFile } from 'node:child_process'
import { once } from 'node:events'
import type net from 'node:net'
import process from 'node:process'
import tls from 'node:tls'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { currentPlatform } from '../../../lib/platform/current.ts'
import { type OwnAddress, ownAddresses, strandedFrom } from '../../../lib/platform/links/own-addresses.ts'
import type { Link } from '../../../lib/platform/links/transport.ts'
import { engine } from '../../support/engines.ts'
import { tlsCertificate, tlsKey } from './tls-certificate.ts'

const LOOPBACK: OwnAddress = { address: '127.0.0.1', internal: true }
const HOME: OwnAddress = { address: '192.0.2.7', internal: false }
const TRAIN: OwnAddress = { address: '198.51.100.9', internal: false }

describe('A connection whose machine may move', () => {
  let now: readonly OwnAddress[]
  const all = (): readonly OwnAddress[] => now

  beforeEach(() => {
    now = [LOOPBACK, HOME]
  })

  it('is stranded once its own address is gone and another is there', () => {
    const isStranded = strandedFrom(HOME.address, all)
    expect(isStranded?.()).to.equal(false)
    now = [LOOPBACK, HOME, TRAIN]
    expect(isStranded?.()).to.equal(false)
    now = [LOOPBACK, TRAIN]
    expect(isStranded?.()).to.equal(true)
  })

  it('is not stranded while there is no network at all, and not when its address comes back', () => {
    const isStranded = strandedFrom(HOME.address, all)
    for (const none of [[LOOPBACK], []]) {
      now = none
      expect(isStranded?.()).to.equal(false)
    }
    now = [LOOPBACK, HOME]
    expect(isStranded?.()).to.equal(false)
  })

  it('tells nothing where its address is not known, or not among those of the machine', () => {
    expect(strandedFrom(undefined, all)).to.equal(undefined)
    expect(strandedFrom(TRAIN.address, all)).to.equal(undefined)
    now = []
    expect(strandedFrom(HOME.address, all)).to.equal(undefined)
  })

  it("knows its own address in this runtime, and the machine's", async () => {
    expect(ownAddresses().find(({ address }) => address === LOOPBACK.address)).to.include(LOOPBACK)
    const server = tls.createServer({ key: tlsKey, cert: tlsCertificate })
    server.on('tlsClientError', () => undefined)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const { transport } = currentPlatform()
    const signal = new AbortController().signal
    const link = (await transport?.connect({ hostname: '127.0.0.1', port }, { signal })) as Link
    expect(link.isStranded?.()).to.equal(false)
    await link.readable.cancel()
    server.close()
  })

  if (engine === 'deno') {
    it('neither fails nor asks where Deno was given no leave to look', async () => {
      const worker = fileURLToPath(new URL('./own-addresses.worker.js', import.meta.url))
      const { stdout, stderr } = await promisify(execFile)(process.execPath, ['run', '--allow-net', worker])
      expect([stdout.trim(), stderr.trim()]).to.deep.equal(['0', ''])
    })
  }
})
