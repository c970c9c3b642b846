import { expect } from 'chai'
import { eventsOf } from '../../lib/dashboard/event-lines.ts'
import { rejection } from '../stream/support/stream-fixture.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function bodyOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> & { pulls: number } {
  let pulls = 0
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[pulls]
        pulls += 1
        if (chunk === undefined) controller.close()
        else controller.enqueue(chunk)
      },
    },
    { highWaterMark: 0 },
  )
  return Object.defineProperty(body, 'pulls', { get: () => pulls }) as typeof body & { pulls: number }
}

async function all(stream: ReadableStream<unknown>): Promise<unknown[]> {
  const reader = stream.getReader()
  const events: unknown[] = []
  for (let each = await reader.read(); !each.done; each = await reader.read()) events.push(each.value)
  return events
}

describe('Dashboard: lines of events', () => {
  it('are the same however they were cut, in the middle of a character too', async () => {
    const text = bytes('{"a":"ä"}\n{"b":2}\n\n{"c":[3]}\n')
    for (const size of [1, 2, 3, 7, 1000]) {
      const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
        text.slice(index * size, (index + 1) * size),
      )
      expect(await all(eventsOf(bodyOf(chunks)))).to.deep.equal([{ a: 'ä' }, { b: 2 }, { c: [3] }])
    }
  })

  it('are read no faster than they are asked for', async () => {
    const body = bodyOf([bytes('1\n2\n'), bytes('3\n'), bytes('4\n')])
    const reader = eventsOf<number>(body).getReader()
    expect((await reader.read()).value).to.equal(1)
    expect((await reader.read()).value).to.equal(2)
    expect(body.pulls).to.equal(1)
    expect((await reader.read()).value).to.equal(3)
    expect(body.pulls).to.equal(2)
    await reader.cancel()
  })

  it('break at one that is no JSON, and at one that never ends', async () => {
    await rejection(all(eventsOf(bodyOf([bytes('{"a":\n')]))))
    const endless = Array.from({ length: 20 }, () => bytes('x'.repeat(100_000)))
    const body = bodyOf(endless)
    expect(await rejection(all(eventsOf(body)))).to.have.property('message', 'a line of events is too long')
    expect(body.pulls).to.be.below(12)
  })
})
