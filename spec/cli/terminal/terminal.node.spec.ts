import { expect } from 'chai'
import { announce, HadEnough, tell, write, type Output } from '../../../lib/cli/terminal/terminal.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'

/** An output whose writes fail with this, if with anything. */
function output(code?: string): Output & { text: string } {
  return {
    text: '',
    write(data, done) {
      if (code === undefined) this.text += String(data)
      done?.(code === undefined ? null : Object.assign(new Error(code), { code }))
      return true
    },
  }
}

describe('The command line: what it writes to', () => {
  it('has had enough when its reader is gone, and has failed otherwise', async () => {
    for (const code of ['EPIPE', 'ERR_STREAM_DESTROYED'])
      expect(await rejection(write(output(code), 'text')), code).to.be.instanceOf(HadEnough)
    const full = await rejection(write(output('ENOSPC'), 'text'))
    expect(full).to.not.be.instanceOf(HadEnough)
    expect(full).to.have.property('code', 'ENOSPC')
  })

  it('need not hear where something is that keeps running, and must if the disk is full', async () => {
    await announce(output('EPIPE'), 'here')
    expect(await rejection(announce(output('ENOSPC'), 'here'))).to.have.property('code', 'ENOSPC')
    const heard = output()
    await announce(heard, 'here')
    expect(heard.text).to.equal('here\n')
  })

  it('fails no command by what is told beside it', async () => {
    for (const code of ['EPIPE', 'ENOSPC', 'EIO']) await tell(output(code), 'something')
    await tell({ write: () => expect.fail('it is broken') }, 'something')
    const heard = output()
    await tell(heard, 'something')
    expect(heard.text).to.equal('something\n')
  })
})
