/**
 * The page of `tor-streams proxy --dashboard`: draws what the proxy's client tells, over one answer that never ends.
 *
 * @module
 */
import type { ClientEvent } from '../client/watch/client-event.ts'
import { Dashboard } from './dashboard.ts'
import { make, setText } from './elements.ts'
import { eventsOf } from './event-lines.ts'

/** How long it waits before it asks again, in ms. */
const RETRY = 2000

const GONE = 'The proxy does not answer: it has ended, or was started again under another address.'

const CHANGED = 'What begins from now on shares no circuit with what was before. What is open goes on.'

const PAGE_STYLES = `
:root { color-scheme: light dark; background: light-dark(#f5f2fb, #110c1d); }
body { margin: 0 auto; padding: clamp(0.8rem, 2vw, 2.5rem); max-width: 150rem; }
h1 { font-size: 1.4em; margin: 0; }
`

const sheet = new CSSStyleSheet()
sheet.replaceSync(PAGE_STYLES)
document.adoptedStyleSheets = [sheet]

const main = make('main')
document.body.append(main)
const dashboard = new Dashboard(main, { you: 'the program' })
main.prepend(make('h1', {}, 'The proxy of tor-streams'))

const button = make('button', { type: 'button' }, 'New identity')
const answer = make('p', { role: 'status' })
dashboard.controls.append(button, answer)
button.addEventListener('click', () => {
  fetch('identity', { method: 'POST' }).then(
    ({ ok }) => setText(answer, ok ? CHANGED : GONE),
    () => setText(answer, GONE),
  )
})

for (;;) {
  try {
    const response = await fetch('events', { cache: 'no-store' })
    if (!response.ok || response.body === null) throw new Error(GONE)
    dashboard.clear()
    dashboard.problem(undefined)
    await dashboard.follow(eventsOf<ClientEvent>(response.body))
  } catch {
    // Whatever it was: it is told below, and tried again.
  }
  dashboard.problem(GONE)
  await new Promise((resolve) => setTimeout(resolve, RETRY))
}
