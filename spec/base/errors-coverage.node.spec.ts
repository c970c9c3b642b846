import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { expect } from 'chai'
import { filesBelow, ROOT } from '../../scripts/files.js'

/**
 * Codes of cells, links, circuits and streams; those of directories and of the client have specs beside their own
 * parts.
 */
const OF_OTHER_PARTS = /^(DIRECTORY|CLIENT)_|^NO_PATH$/

describe('Error codes', () => {
  const union =
    readFileSync(`${ROOT}/lib/base/errors.ts`, 'utf8').match(/export type ErrorCode =((?:\s+\| '\w+')+)/)?.[1] ?? ''
  const codes = [...union.matchAll(/'(\w+)'/g)]
    .map(([, code]) => code as string)
    .filter((code) => !OF_OTHER_PARTS.test(code))

  it('of links, circuits and streams are each expected by a spec of behaviour', () => {
    expect(codes).to.include.members(['LINK_CLOSED', 'CIRCUIT_PROTOCOL', 'END_MISC', 'RESOLVE_FAILED'])
    const specs = filesBelow(`${ROOT}/spec`, '.spec.ts').filter(
      (file) => !relative(ROOT, file).startsWith('spec/errors'),
    )
    const text = specs.map((file) => readFileSync(file, 'utf8')).join('\n')
    // The codes of an END are those of the table of reasons, and spec/hostile/cells.spec.ts goes through it.
    const missing = codes.filter((code) => !text.includes(`'${code}'`) && !/^END_/.test(code))
    expect(missing).to.deep.equal([])
    expect(text).to.contain('`END_${name}`')
  })
})
