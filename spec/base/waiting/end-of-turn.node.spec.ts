import { expect } from 'chai'
import { atEndOfTurn } from '../../../lib/base/waiting/end-of-turn.ts'

describe('atEndOfTurn, when a callback throws', () => {
  it('lets the error out, calls the others all the same, and works on', async () => {
    const listeners = process.listeners('uncaughtException')
    process.removeAllListeners('uncaughtException')
    const caught: unknown[] = []
    process.on('uncaughtException', (error) => caught.push(error))
    try {
      const thrown = new Error('a fault')
      await new Promise<void>((resolve) => {
        atEndOfTurn(() => {
          throw thrown
        })
        atEndOfTurn(resolve)
      })
      expect(caught).to.deep.equal([thrown])
      await new Promise<void>((resolve) => atEndOfTurn(resolve))
    } finally {
      process.removeAllListeners('uncaughtException')
      for (const listener of listeners) process.on('uncaughtException', listener)
    }
  })
})
