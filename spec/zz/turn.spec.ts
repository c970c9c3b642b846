import { WebCryptoKeystream } from '../../lib/platform/webcrypto-ctr.ts'
import { currentPlatform } from '../../lib/platform/current.ts'
import { source, sink } from '../../lib/testing/exits.ts'
import { endOfTurn, Rig } from '../circuit/support/rig.ts'
import { Upload } from '../circuit/support/transfer.ts'
describe('zz', () => { it('turns', async function () { this.timeout(30000)
  const rig = await Rig.start()
  const built = await rig.open({ platform: { ...currentPlatform(), keystream: (key) => new WebCryptoKeystream(key) } })
  rig.network.relays[2]!.exit = source({ length: 1_000_000 })
  const stream = built.circuit.connect('a.example:80')
  await stream.opened
  const upload = new Upload(stream, 60_000_000)
  let over = false; void upload.done.then(() => { over = true })
  const ways: Record<string, () => Promise<void>> = {
    timeout: () => new Promise((r) => setTimeout(r, 0)),
    channel: () => new Promise((r) => { const { port1, port2 } = new MessageChannel(); port1.onmessage = () => r(); port2.postMessage(0) }),
    postTask: () => (globalThis as any).scheduler?.postTask(() => undefined, { priority: 'user-blocking' }) ?? Promise.resolve(),
    visible: () => (globalThis as any).scheduler?.postTask(() => undefined) ?? Promise.resolve(),
  }
  const res = await Promise.all(Object.entries(ways).map(async ([name, way]) => { let n = 0; let max = 0; while (!over) { const t = performance.now(); await way(); n++; max = Math.max(max, performance.now() - t) } return `${name} n=${n} max=${max.toFixed(0)}` }))
  const total = 0; const log = res
  await rig.close()
  throw new Error(`total ${total.toFixed(0)} turns ${log.length} ` + log.slice(0, 25).join(' '))
}) })
