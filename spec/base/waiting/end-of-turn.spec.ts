import { expect } from 'chai'
import { afterEndOfTurn, atEndOfTurn } from '../../../lib/base/waiting/end-of-turn.ts'

/** Waits for a macrotask by other means than those of lib. */
const macrotask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

describe('atEndOfTurn', () => {
  it('calls back after all microtasks of this turn, in order, each once', async () => {
    const log: string[] = []
    atEndOfTurn(() => log.push('first'))
    atEndOfTurn(() => log.push('second'))
    for (let depth = 0; depth < 50; depth++) await Promise.resolve()
    log.push('microtasks')
    // Which kind of macrotask comes first is the engine's choice: WebKit lets timers pass messages.
    while (log.length < 3) await macrotask()
    expect(log).to.deep.equal(['microtasks', 'first', 'second'])
    await macrotask()
    expect(log).to.have.length(3)
  })

  it('lets calls made meanwhile join the same round', async () => {
    const log: string[] = []
    const done = new Promise<void>((resolve) => {
      atEndOfTurn(() => {
        atEndOfTurn(() => {
          log.push('inner')
          resolve()
        })
        void Promise.resolve().then(() => log.push('microtask'))
        log.push('outer')
      })
    })
    await done
    await macrotask()
    expect(log.indexOf('inner')).to.be.greaterThan(log.indexOf('outer'))
    expect(log).to.have.length(3)
  })

  it('works again in later turns', async () => {
    for (let time = 0; time < 3; time++) await new Promise<void>((resolve) => atEndOfTurn(resolve))
  })
})

describe('afterEndOfTurn', () => {
  it('calls back after all work for the end of the turn, and what that work arranged', async () => {
    const log: string[] = []
    const done = new Promise<void>((resolve) => {
      afterEndOfTurn(() => log.push('departure'))
      afterEndOfTurn(resolve)
      atEndOfTurn(() => {
        log.push('work')
        atEndOfTurn(() => log.push('more work'))
      })
    })
    await done
    expect(log).to.deep.equal(['work', 'more work', 'departure'])
  })

  it('lets work that a departure arranges go before further departures, in the same round', async () => {
    const log: string[] = []
    await new Promise<void>((resolve) => {
      afterEndOfTurn(() => {
        atEndOfTurn(() => log.push('work'))
        afterEndOfTurn(resolve)
        void Promise.resolve().then(() => log.push('microtask'))
      })
      afterEndOfTurn(() => log.push('departure'))
    })
    expect(log.slice(0, 2)).to.deep.equal(['work', 'departure'])
  })
})
