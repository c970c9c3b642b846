import { expect } from 'chai'
import { encodeSendme } from '../../../lib/cell/relay/sendme.ts'
import { AuthenticatedSendWindow, UnsentSendmes } from '../../../lib/circuit/congestion/sendme.ts'

const tagOf = (seed: number): Uint8Array => new Uint8Array(20).fill(seed)

/** A window that has sent `cells` cells; the tag of the SENDME for cell 100, 200, … is that number over 100. */
function windowAfter(cells: number): AuthenticatedSendWindow {
  const window = new AuthenticatedSendWindow()
  for (let cell = 1; cell <= cells; cell++) window.take(() => tagOf(cell / 100))
  return window
}

const violation = (run: () => void): string => {
  try {
    run()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'nothing was thrown'
}

describe('AuthenticatedSendWindow', () => {
  it('begins with 1000 cells and refuses the 1001st', () => {
    const window = windowAfter(1000)
    expect(window.available).to.equal(0)
    expect(() => window.take(() => tagOf(0))).to.throw(RangeError)
  })

  it('asks for a tag at every hundredth cell and at no other', () => {
    const window = new AuthenticatedSendWindow()
    const asked: number[] = []
    for (let cell = 1; cell <= 1000; cell++) {
      window.take(() => {
        asked.push(cell)
        return tagOf(0)
      })
    }
    expect(asked).to.deep.equal([100, 200, 300, 400, 500, 600, 700, 800, 900, 1000])
  })

  for (const cells of [100, 101, 250, 500, 999]) {
    it(`of ${cells} cells asks for a tag at every hundredth cell that is sent, and opens no further than it began`, () => {
      const window = new AuthenticatedSendWindow(cells)
      let sent = 0
      const asked: number[] = []
      const send = (): void => {
        while (window.available > 0) {
          sent++
          window.take(() => {
            asked.push(sent)
            return tagOf(sent / 100)
          })
        }
      }
      send()
      expect(sent).to.equal(cells)
      expect(() => window.take(() => tagOf(0))).to.throw(RangeError)
      for (let sendme = 1; sendme <= 20; sendme++) {
        window.acknowledge(encodeSendme(tagOf(sendme)))
        expect(window.available).to.equal(100)
        send()
      }
      expect(sent).to.equal(cells + 2000)
      expect(asked).to.deep.equal(Array.from({ length: Math.floor(sent / 100) }, (_, index) => (index + 1) * 100))
      const due = asked.length - 20
      for (let sendme = 21; sendme <= 20 + due; sendme++) window.acknowledge(encodeSendme(tagOf(sendme)))
      expect(window.available).to.equal(100 * due)
      expect(violation(() => window.acknowledge(encodeSendme(tagOf(21 + due))))).to.equal('CIRCUIT_PROTOCOL')
    })
  }

  it('opens by 100 cells for each SENDME with the tag that is due, in order', () => {
    const window = windowAfter(300)
    for (const seed of [1, 2, 3]) window.acknowledge(encodeSendme(tagOf(seed)))
    expect(window.available).to.equal(1000)
  })

  it('takes a tag that is longer than 20 bytes by its first 20', () => {
    const window = windowAfter(100)
    window.acknowledge(encodeSendme(new Uint8Array([...tagOf(1), 9, 9])))
    expect(window.available).to.equal(1000)
  })

  const refused: readonly (readonly [what: string, cells: number, body: Uint8Array, code: string])[] = [
    ['that comes before anything was sent', 0, encodeSendme(tagOf(0)), 'CIRCUIT_PROTOCOL'],
    ['that comes a cell too early', 99, encodeSendme(tagOf(1)), 'CIRCUIT_PROTOCOL'],
    ['with the tag of another cell', 200, encodeSendme(tagOf(2)), 'CIRCUIT_PROTOCOL'],
    ['with a tag of zeros', 100, encodeSendme(tagOf(0)), 'CIRCUIT_PROTOCOL'],
    ['without a body (version 0)', 100, new Uint8Array(0), 'CIRCUIT_PROTOCOL'],
    ['of an unknown version', 100, new Uint8Array([2, 0, 20, ...tagOf(1)]), 'CIRCUIT_PROTOCOL'],
    ['with a tag of 19 bytes', 100, new Uint8Array([1, 0, 19, ...tagOf(1).subarray(1)]), 'CELL_MALFORMED'],
    ['whose length lies', 100, new Uint8Array([1, 0, 20, ...tagOf(1).subarray(1)]), 'CELL_MALFORMED'],
    ['of a single byte', 100, new Uint8Array([1]), 'CELL_MALFORMED'],
  ]
  for (const [what, cells, body, code] of refused) {
    it(`refuses a SENDME ${what}`, () => {
      expect(violation(() => windowAfter(cells).acknowledge(body))).to.equal(code)
    })
  }

  it('refuses a SENDME that comes twice', () => {
    const window = windowAfter(150)
    window.acknowledge(encodeSendme(tagOf(1)))
    expect(violation(() => window.acknowledge(encodeSendme(tagOf(1))))).to.equal('CIRCUIT_PROTOCOL')
  })
})

describe('UnsentSendmes', () => {
  it('lets 138 wait for the link, ten and as many as one write holds, and refuses the next', () => {
    const unsent = new UnsentSendmes(10)
    for (let place = 1; place <= 138; place++) unsent.add(place, 0)
    expect(violation(() => unsent.add(139, 0))).to.equal('CIRCUIT_PROTOCOL')
  })

  it('forgets those that the link has taken, and no other', () => {
    const unsent = new UnsentSendmes(10)
    for (let count = 1; count <= 138; count++) unsent.add(count * 10, 0)
    unsent.add(1390, 20)
    unsent.add(1400, 29)
    expect(violation(() => unsent.add(1410, 29))).to.equal('CIRCUIT_PROTOCOL')
    unsent.add(1410, 30)
  })

  it('lets any number pass a link that takes them', () => {
    const unsent = new UnsentSendmes(10)
    for (let place = 1; place <= 10_000; place++) unsent.add(place, place - 1)
  })
})
