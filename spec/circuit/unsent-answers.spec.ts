import { expect } from 'chai'
import { RelayCommand } from '../../lib/cell/commands.ts'
import { isAnswer, MOST_UNSENT_ANSWERS, UnsentAnswers } from '../../lib/circuit/unsent-answers.ts'

const { BEGIN, BEGIN_DIR, CONNECTED, END, RESOLVE, SENDME, XOFF, XON } = RelayCommand

describe('UnsentAnswers', () => {
  it('lets 2500 wait for the link, and no more', () => {
    const unsent = new UnsentAnswers()
    for (let place = 1; place <= MOST_UNSENT_ANSWERS; place++) expect(unsent.add(place, 0)).to.equal(true)
    expect(unsent.add(2501, 0)).to.equal(false)
  })

  it('forgets those that the link has taken, and no other', () => {
    const unsent = new UnsentAnswers()
    for (let count = 1; count <= MOST_UNSENT_ANSWERS; count++) unsent.add(count * 10, 0)
    expect(unsent.add(25_010, 10)).to.equal(true)
    expect(unsent.add(25_020, 19)).to.equal(false)
  })

  it('counts what the far end may have brought about, and not what the application begins and ends', () => {
    const own = { acceptor: undefined }
    const visited = { acceptor: () => undefined }
    for (const command of [SENDME, CONNECTED, XON, XOFF]) expect(isAnswer(own, command)).to.equal(true)
    for (const command of [BEGIN, BEGIN_DIR, RESOLVE, END]) expect(isAnswer(own, command)).to.equal(false)
    expect(isAnswer(visited, END)).to.equal(true)
  })
})
