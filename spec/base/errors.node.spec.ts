import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import { transform } from 'esbuild'
import { SocketError, TorError } from '../../lib/base/errors.ts'

/** A second copy of lib/base/errors.ts in this process, as two versions of a package in one tree make it. */
async function anotherCopy(): Promise<{ TorError: typeof TorError; SocketError: typeof SocketError }> {
  const { code } = await transform(await readFile('lib/base/errors.ts', 'utf8'), { loader: 'ts', format: 'esm' })
  const copy: unknown = await import(`data:text/javascript,${encodeURIComponent(code)}`)
  return copy as { TorError: typeof TorError; SocketError: typeof SocketError }
}

describe('errors of two copies of the library in one process', () => {
  it("are instances of each other's classes", async () => {
    const other = await anotherCopy()
    expect(other.TorError).not.to.equal(TorError)
    expect(new other.TorError('ABORTED', 'given up')).to.be.an.instanceof(TorError)
    expect(new TorError('ABORTED', 'given up')).to.be.an.instanceof(other.TorError)
    expect(new other.SocketError('ABORTED', 'given up')).to.be.an.instanceof(SocketError)
    expect(new SocketError('ABORTED', 'given up')).to.be.an.instanceof(other.SocketError)
  })

  it('are not instances of the other kind', async () => {
    const other = await anotherCopy()
    expect(new other.TorError('ABORTED', 'given up')).not.to.be.an.instanceof(SocketError)
    expect(new other.SocketError('ABORTED', 'given up')).not.to.be.an.instanceof(TorError)
  })
})
