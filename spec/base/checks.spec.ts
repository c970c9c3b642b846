import { expect } from 'chai'
import { checkOptions, type OptionNames } from '../../lib/base/checks.ts'

interface Options {
  readonly isolation?: string
  readonly timeout?: number
}
const NAMES: OptionNames<Options> = { isolation: true, timeout: true }
const check = (options: unknown): void => checkOptions(options as Options, NAMES)

describe('Options', () => {
  it('have names that are known', () => {
    check({})
    check({ isolation: 'x', timeout: 1 })
    check({ timeout: undefined })
  })

  it('are refused with another name, and the nearest right one is named', () => {
    expect(() => check({ isolate: 'x' })).to.throw(TypeError, 'there is none of this name: did you mean isolation?')
    expect(() => check({ timeOut: 1 })).to.throw(
      TypeError,
      '"timeOut" as there is none of this name: did you mean timeout?',
    )
    expect(() => check({ tiemout: 1 })).to.throw(TypeError, 'did you mean timeout?')
  })

  it('are refused with a name that is like no other, without a guess', () => {
    expect(() => check({ banana: 1 })).to.throw(TypeError, /"banana" as there is none of this name$/)
  })

  it('are refused by a name of any length in no time', () => {
    expect(() => check({ ['t'.repeat(1_000_000)]: 1 })).to.throw(TypeError, /none of this name$/)
  })

  it('are an object', () => {
    for (const bad of [null, 1, 'x', undefined]) expect(() => check(bad)).to.throw(TypeError, 'they are no object')
  })
})
