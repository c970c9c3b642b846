import { expect } from 'chai'
import { deferred, type Deferred } from '../../../lib/base/waiting/deferred.ts'
import { TorError } from '../../../lib/base/errors.ts'
import { BuildQueue, MAX_PENDING_CIRCUITS } from '../../../lib/client/circuits/build-queue.ts'
import type { Isolation } from '../../../lib/client/circuits/isolation.ts'
import { codeOf } from '../../stream/support/stream-fixture.ts'
import { turn } from '../../support/turn.ts'

interface Circuit {
  readonly isolation: Isolation | undefined
  readonly opened: Deferred<void>
}

const VIEW = Symbol('view')
const of = (token: string, view = VIEW): Isolation => ({ view, token })

/** A queue for `limit` circuits, and what was begun through it. */
function queueOf(limit?: number): {
  readonly begun: Circuit[]
  readonly queue: BuildQueue<Circuit>
  build(
    isolation: Isolation | undefined,
    more?: { signal?: AbortSignal; find?: () => Circuit | undefined },
  ): Promise<Circuit>
} {
  const begun: Circuit[] = []
  const queue = new BuildQueue<Circuit>(({ opened }) => opened.promise, limit)
  return {
    begun,
    queue,
    build(isolation, { signal, find = () => undefined } = {}) {
      const circuit = queue.build({
        isolation,
        signal,
        prepare: () => Promise.resolve(isolation),
        find,
        begin: (prepared) => {
          const circuit = { isolation: prepared, opened: deferred<void>() }
          begun.push(circuit)
          return circuit
        },
      })
      circuit.catch(() => undefined) // each spec looks by itself
      return circuit
    },
  }
}

const tokens = (circuits: readonly Circuit[]): unknown[] => circuits.map(({ isolation }) => isolation?.token)

describe('The queue of circuits to be built', () => {
  it('has 32 begun at once, as C tor, and the next when one is open or has failed', async () => {
    const { begun, build, queue } = queueOf()
    for (let index = 0; index < 150; index++) void build(of(`token ${index}`))
    await turn()
    expect([begun.length, queue.waiting, MAX_PENDING_CIRCUITS]).to.deep.equal([32, 118, 32])
    begun[0]?.opened.resolve()
    begun[1]?.opened.reject(new Error('no answer'))
    await turn()
    expect(begun).to.have.length(34)
    for (let index = 2; index < 150; index++) {
      begun[index]?.opened.resolve()
      await turn()
      expect(begun).to.have.length(Math.min(150, 33 + index))
    }
    expect(queue.waiting).to.equal(0)
  })

  it('gives every isolation its turn, one after the other, however much one of them wants', async () => {
    const { begun, build } = queueOf(1)
    for (let index = 0; index < 4; index++) void build(of('a'))
    void build(of('b'))
    void build(of('b'))
    void build(of('a', Symbol('other view')))
    void build(undefined)
    for (let index = 0; index < 8; index++) {
      await turn()
      begun[index]?.opened.resolve()
    }
    expect(tokens(begun)).to.deep.equal(['a', 'a', 'b', 'a', undefined, 'a', 'b', 'a'])
  })

  it('lets whoever waits have what another of the same isolation has begun, and begins nothing', async () => {
    const { begun, build, queue } = queueOf(1)
    void build(of('first'))
    const find = (): Circuit | undefined => begun.find(({ isolation }) => isolation?.token === 'a')
    const waiting = [build(of('a'), { find }), build(of('a'), { find }), build(of('a'), { find })]
    const others = build(of('b'), { find: () => undefined })
    await turn()
    expect(queue.waiting).to.equal(4)
    begun[0]?.opened.resolve()
    const circuits = await Promise.all(waiting)
    expect(new Set(circuits)).to.have.property('size', 1)
    begun[1]?.opened.resolve()
    expect((await others).isolation?.token).to.equal('b')
    expect(tokens(begun)).to.deep.equal(['first', 'a', 'b'])
  })

  it("gives what is anybody's to the first that it suits", async () => {
    const { begun, build, queue } = queueOf(1)
    void build(of('first'))
    const spare = build(undefined)
    let taken = 0
    const find = (): Circuit | undefined => {
      const found = begun.find(({ isolation }) => isolation === undefined)
      if (found !== undefined) taken += 1
      return taken > 1 ? undefined : found
    }
    const picky = build(of('a'))
    const b = build(of('b'), { find })
    const c = build(of('c'), { find })
    await turn()
    begun[0]?.opened.resolve()
    expect(await b).to.equal(await spare)
    expect([begun.length, queue.waiting]).to.deep.equal([2, 2])
    begun[1]?.opened.resolve()
    await picky
    begun[2]?.opened.resolve()
    await c
    expect(tokens(begun)).to.deep.equal(['first', undefined, 'a', 'c'])
  })

  it('forgets whoever gives up, wherever they stand, and whoever came too late', async () => {
    const { begun, build, queue } = queueOf(1)
    const abort = new AbortController()
    void build(of('first'))
    const given = [build(of('a'), { signal: abort.signal }), build(of('b'), { signal: abort.signal })]
    void build(of('b'))
    await turn()
    abort.abort('enough')
    given.push(build(of('c'), { signal: abort.signal }))
    for (const each of given) expect(await codeOf(each)).to.equal('ABORTED')
    expect(queue.waiting).to.equal(1)
    begun[0]?.opened.resolve()
    await turn()
    expect(tokens(begun)).to.deep.equal(['first', 'b'])
  })

  it('tells whoever waits, and whoever comes later, that it is closed', async () => {
    const { begun, build, queue } = queueOf(1)
    void build(of('first'))
    const waiting = [build(of('a')), build(undefined)]
    await turn()
    queue.close(new TorError('CIRCUIT_CLOSED', 'the client is closed'))
    waiting.push(build(of('b')))
    for (const each of waiting) expect(await codeOf(each)).to.equal('CIRCUIT_CLOSED')
    expect([begun.length, queue.waiting]).to.deep.equal([1, 0])
  })

  it('goes on when nothing can be begun', async () => {
    const { begun, build, queue } = queueOf(1)
    const fails = (what: 'prepare' | 'begin'): Promise<Circuit> =>
      queue.build({
        isolation: of(what),
        signal: undefined,
        prepare: () => (what === 'prepare' ? Promise.reject(new Error(what)) : Promise.resolve()),
        find: () => undefined,
        begin: () => {
          throw new Error(what)
        },
      })
    const outcomes = await Promise.allSettled([fails('prepare'), fails('begin'), build(of('a'))])
    expect(outcomes.map(({ status }) => status)).to.deep.equal(['rejected', 'rejected', 'fulfilled'])
    expect(tokens(begun)).to.deep.equal(['a'])
  })
})
