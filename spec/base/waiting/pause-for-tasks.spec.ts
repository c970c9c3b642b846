import { expect } from 'chai'
import { pauseForTasks } from '../../../lib/base/waiting/slices.ts'

describe('A pause between two slices', () => {
  it('lets each of those who wait go on in a task of its own, in their order', async () => {
    const order: string[] = []
    const waits = async (name: string): Promise<void> => {
      for (let slice = 0; slice < 3; slice++) {
        await pauseForTasks()
        order.push(name)
        // Whatever goes on in the same task does so before this is over.
        for (let turn = 0; turn < 20; turn++) await Promise.resolve()
        order.push(`end of ${name}`)
      }
    }
    await Promise.all(['a', 'b', 'c'].map(waits))
    const round = ['a', 'b', 'c'].flatMap((name) => [name, `end of ${name}`])
    expect(order).to.deep.equal([...round, ...round, ...round])
  })

  it('lets timers fire', async () => {
    let fired = false
    setTimeout(() => (fired = true), 1)
    // As long as it takes: without its turn it would never fire.
    while (!fired) await pauseForTasks()
  })
})
