/** A thread with a test network, whose exits connect to what neither sends nor ends. */
import { parentPort } from 'node:worker_threads'
import { TestNetwork } from '../../lib/testing/test-network.ts'
import { exit, guard, middle } from '../client/support/client-fixture.ts'
import type { FarDial, FarGreeting, FarLink } from './many/far-network.ts'

if (parentPort === null) throw new Error('this is a thread')
const port = parentPort
const network = await TestNetwork.start({
  authorities: 1,
  relays: [guard('guard1'), guard('guard2'), middle('middle1'), exit('exit1'), exit('exit2')],
  exit: () => ({ readable: new ReadableStream(), writable: new WritableStream(), address: '203.0.113.80', ttl: 300 }),
})
const { signal } = new AbortController()
port.on('message', ({ id, address }: FarDial) => {
  void network.transport.connect(address, { signal }).then(({ readable, writable, peerCertificate }) => {
    const link: FarLink = { id, readable, writable, peerCertificate }
    port.postMessage(link, [readable, writable] as never)
  })
})
port.postMessage(network.config satisfies FarGreeting)
