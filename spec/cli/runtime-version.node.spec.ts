import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { LEAST_NODE, obstacleOf } from '../../lib/cli/runtime-version.ts'
import { ROOT } from '../../scripts/files.js'

describe('The command line: a runtime that is too old', () => {
  it('is told so, in one sentence that says what to do', () => {
    for (const node of ['18.20.8', '20.18.3', '0.10.48'])
      expect(obstacleOf({ node })).to.equal(
        `This needs Node 20.19 or later, and here is Node ${node}: install a newer one, from nodejs.org or by your system`,
      )
  })

  it('is none of those that the package is for, nor of those that only say which Node they are like', () => {
    for (const node of ['20.19.0', '21.0.0', '100.1.0']) expect(obstacleOf({ node })).to.equal(undefined)
    expect(obstacleOf({ node: '18.0.0', bun: '1.4.5' })).to.equal(undefined)
    expect(obstacleOf({ node: '18.0.0', deno: '2.9.5' })).to.equal(undefined)
    expect(obstacleOf({})).to.equal(undefined)
  })

  it('is what package.json says', () => {
    const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } }
    expect(engines.node).to.equal(`>=${LEAST_NODE}`)
  })

  it('is met before anything is loaded that it could not read', () => {
    const program = readFileSync(join(ROOT, 'lib', 'cli', 'bin.ts'), 'utf8')
    const loaded = [...program.matchAll(/^import (?!type)[^]*?from '(.*)'$/gm)].map(([, from]) => from)
    expect(loaded).to.deep.equal(['./runtime-version.ts'])
    expect(readFileSync(join(ROOT, 'lib', 'cli', 'runtime-version.ts'), 'utf8')).to.not.match(/^import/m)
  })
})
