import { expect } from 'chai'
import { SocketError, TorError } from '../../../lib/base/errors.ts'
import { openPatiently } from '../../../lib/cli/proxy/open-patiently.ts'
import { rejection } from '../../stream/support/stream-fixture.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { turn } from '../../support/turn.ts'

describe('A proxy without a network', () => {
  const clock = new FakeClock()
  let told: string[]
  let tries: number

  beforeEach(() => {
    told = []
    tries = 0
  })
  const patiently = <T>(open: () => Promise<T>, signal = new AbortController().signal): Promise<T> =>
    openPatiently(
      () => {
        tries += 1
        return open()
      },
      { clock, signal, waits: (sentence) => told.push(sentence) },
    )
  const offline = (): never => {
    throw new TorError('DIRECTORY_UNAVAILABLE', 'no directory server could be asked')
  }

  it('waits for one, longer each time up to a minute, and says so in a sentence', async () => {
    const opened = patiently(async () => (tries < 9 ? offline() : 'open'))
    const waits: number[] = []
    while (tries < 9) {
      await turn(5)
      const before = tries
      let waited = 0
      for (; tries === before; waited += 1) {
        clock.advance(1000)
        await turn(5)
      }
      waits.push(waited)
    }
    expect(await opened).to.equal('open')
    expect(waits).to.deep.equal([2, 5, 10, 20, 30, 60, 60, 60])
    expect(told[0]).to.equal(
      'Waiting for a network; the next try is in 2 s. No directory server could be asked (DIRECTORY_UNAVAILABLE)',
    )
    expect(told.length).to.equal(8)
  })

  it('waits for a clock to be set, for links and for circuits too', async () => {
    for (const code of ['LINK_UNREACHABLE', 'DIRECTORY_FUTURE', 'CIRCUIT_TIMEOUT', 'TIMEOUT', 'NO_PATH'] as const) {
      tries = 0
      const opened = patiently(async () => {
        if (tries === 1) throw new TorError(code, 'not now')
      })
      await turn(5)
      clock.advance(2000)
      await opened
      expect(tries, code).to.equal(2)
    }
  })

  it('does not wait for what no waiting mends', async () => {
    const failures = [
      new TorError('CLIENT_OBSOLETE', 'too old'),
      new TorError('CLIENT_UNSUPPORTED', 'no crypto'),
      new TypeError('no authority'),
      new SocketError('ADDRESS_REFUSED', 'no'),
      Object.assign(new Error('no such file'), { code: 'ENOENT' }),
    ]
    for (const failure of failures) expect(await rejection(patiently(() => Promise.reject(failure)))).to.equal(failure)
    expect(told).to.deep.equal([])
  })

  it('gives up at once when it is to end', async () => {
    const end = new AbortController()
    const opened = patiently(async () => offline(), end.signal)
    await turn(5)
    end.abort()
    expect(await rejection(opened)).to.have.property('code', 'ABORTED')
    expect(tries).to.equal(1)
  })
})
