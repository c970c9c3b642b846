import { expect } from 'chai'
import { closeReadable, makeReadable, type ReadableController } from '../../../lib/base/streams/readable.ts'
import { unlessEngineLacks, whyLacking } from '../../support/engines.ts'
import { turn } from '../../support/turn.ts'

const hasBytes = whyLacking('byte streams') === undefined
const types = hasBytes ? (['bytes', 'default'] as const) : (['default'] as const)

/** A readable and its controller. */
function make(type?: 'bytes' | 'default'): { controller: ReadableController; readable: ReadableStream<Uint8Array> } {
  let controller!: ReadableController
  const readable = makeReadable(
    {
      start(given) {
        controller = given
      },
      pull: () => undefined,
      cancel: () => undefined,
    },
    globalThis,
    type,
  )
  return { controller, readable }
}

const outcomeOf = (read: Promise<{ done: boolean }>): Promise<unknown> =>
  read.then(
    ({ done }) => (done ? 'the end' : 'bytes'),
    (error: unknown) => error,
  )

describe('A readable of ours', () => {
  it('is a byte stream where there are any, or what was asked for, and pulls nothing before a read', async () => {
    const isBytes = (readable: ReadableStream<Uint8Array>): boolean => {
      try {
        readable.getReader({ mode: 'byob' })
        return true
      } catch {
        return false // a default stream
      }
    }
    expect(isBytes(make().readable)).to.equal(hasBytes)
    expect(isBytes(make('default').readable)).to.equal(false)
    if (hasBytes) expect(isBytes(make('bytes').readable)).to.equal(true)
    for (const type of types) {
      let pulls = 0
      makeReadable(
        {
          start: () => undefined,
          pull: () => void (pulls += 1),
          cancel: () => undefined,
        },
        globalThis,
        type,
      )
      await turn()
      expect(pulls, type).to.equal(0)
    }
  })

  for (const type of types) {
    it(`ends a read that waits (${type})`, async () => {
      const { controller, readable } = make(type)
      const read = outcomeOf(readable.getReader().read())
      await turn()
      closeReadable(controller)
      expect(await read).to.equal('the end')
    })

    it(`bears to be closed when it is over already (${type})`, async () => {
      const closed = make(type)
      closeReadable(closed.controller)
      closeReadable(closed.controller)
      expect(await outcomeOf(closed.readable.getReader().read())).to.equal('the end')
      const errored = make(type)
      errored.controller.error('oops')
      closeReadable(errored.controller)
      expect(await outcomeOf(errored.readable.getReader().read())).to.equal('oops')
      const cancelled = make(type)
      await cancelled.readable.cancel()
      closeReadable(cancelled.controller)
    })
  }

  unlessEngineLacks('byte streams').it('ends a BYOB read that waits', async () => {
    const { controller, readable } = make('bytes')
    const read = outcomeOf(readable.getReader({ mode: 'byob' }).read(new Uint16Array(4)))
    await turn()
    closeReadable(controller)
    expect(await read).to.equal('the end')
  })

  unlessEngineLacks('byte streams').it('errors when an odd byte waits in a view of two bytes an element', async () => {
    const { controller, readable } = make('bytes')
    const reader = readable.getReader({ mode: 'byob' })
    const read = outcomeOf(reader.read(new Uint16Array(4)))
    await turn()
    controller.enqueue(Uint8Array.of(1))
    closeReadable(controller)
    expect(await read).to.be.instanceOf(TypeError)
    expect(await outcomeOf(reader.closed.then(() => ({ done: true })))).to.be.instanceOf(TypeError)
  })

  for (const waits of [false, true]) {
    unlessEngineLacks('byte streams').it(
      `pulls for a read that joins one which was given up just before a pull ${waits ? 'that waited ' : ''}was over`,
      async () => {
        let controller!: ReadableController
        let next = 0
        const answer = (): void => controller.enqueue(Uint8Array.of((next += 1)))
        const readable = makeReadable(
          {
            start(given) {
              controller = given
            },
            pull: () => (waits ? turn().then(answer) : answer()),
            cancel: () => undefined,
          },
          globalThis,
          'bytes',
        )
        const first = readable.getReader({ mode: 'byob' })
        const giveUp = (): Promise<unknown> => {
          const read = outcomeOf(first.read(new Uint8Array(1)))
          first.releaseLock()
          return read
        }
        await turn()
        const answered = first.read(new Uint8Array(1))
        const givenUp = waits ? answered.then(giveUp) : giveUp()
        expect((await answered).value).to.deep.equal(Uint8Array.of(1))
        expect(await givenUp).to.be.instanceOf(TypeError)
        await turn(3)
        const second = readable.getReader({ mode: 'byob' })
        let got: Uint8Array | undefined
        void second.read(new Uint8Array(1)).then(({ value }) => (got = value))
        await turn(5)
        expect(got).to.deep.equal(Uint8Array.of(2))
      },
    )
  }

  unlessEngineLacks('byte streams').it('pulls once, and no more, for a read that nobody answers', async () => {
    let pulls = 0
    const readable = makeReadable(
      {
        start: () => undefined,
        pull: () => {
          pulls += 1
          return new Promise(() => undefined)
        },
        cancel: () => undefined,
      },
      globalThis,
      'bytes',
    )
    void readable.getReader({ mode: 'byob' }).read(new Uint8Array(1))
    await turn(10)
    expect(pulls).to.equal(1)
  })
})
