/**
 * The proxy's screen as lines, for a terminal of any size: how far it is, rates, circuits, streams, and the keys in the
 * last line. Pure: the same state and size give the same lines.
 *
 * @module
 */
import { bytes, rate } from '../../dashboard/format.ts'
import { column, cut, piece, spread, wrap, type Line } from './line.ts'
import type { ScreenState, ShownCircuit, ShownStream } from './screen-state.ts'

/** How large a terminal is. */
export interface Size {
  readonly columns: number
  readonly rows: number
}

/** From how many columns on there is room for rates. */
const WIDE = 64

/** How many lines notices take at most. */
const MOST_NOTICES = 4

/** How long something is there, in at most six columns: `5 s`, `12 min`, `3 h`, `9 d`. */
export function duration(ms: number): string {
  const seconds = Math.floor(Math.max(0, ms) / 1000)
  if (seconds < 100) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 100) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`
}

/** Exactly as many lines as the terminal has, none wider than it. */
export function screenLines(state: ScreenState, size: Size): Line[] {
  const { columns, rows } = size
  const head = headLines(state, columns)
  const room = rows - head.length - 1
  const body = room > 3 ? bodyLines(state, { columns, rows: room }) : []
  return fitted([...head, ...body], keysLine(columns), size)
}

/** What the keys do, and what the words mean. */
export function helpLines(state: ScreenState, size: Size): Line[] {
  const { columns } = size
  const lines: Line[] = [[piece('Keys', 'title')]]
  for (const [key, text] of KEYS) lines.push([piece(`  ${key}  `, 'title'), piece(text)])
  const tell = (title: string, text: string): void => {
    lines.push([], [piece(title, 'title')], ...wrap(text, columns).map((line) => [piece(line)]))
  }
  if (state.dashboard !== undefined) tell('Dashboard, for your eyes only', state.dashboard)
  tell(
    'A new identity',
    'What begins from now on shares no circuit and no connection with what was before. What is open goes on, and the guard stays.',
  )
  tell(
    'Held back',
    'A stream waits for credit while the far end does not read, and holds the far end back while the program here does not.',
  )
  return fitted(lines, [piece('h', 'title'), piece(' or any other key goes back')], size)
}

const KEYS: readonly (readonly [key: string, text: string])[] = [
  ['n', 'new identity'],
  ['h', 'this help'],
  ['q', 'quit'],
]

/** The lines that fit above the last one, each cut to the width. */
function fitted(lines: readonly Line[], last: Line, { columns, rows }: Size): Line[] {
  if (rows < 1) return []
  const kept = lines.slice(0, rows - 1)
  const empty: Line[] = Array.from({ length: rows - 1 - kept.length }, () => [])
  return [...kept, ...empty, last].map((line) => cut(line, columns))
}

function headLines(state: ScreenState, columns: number): Line[] {
  const { message, isReady, percent, uptime, notices, ports, rateIn, rateOut, totalIn, totalOut } = state
  const phase = isReady ? piece(message, 'good') : piece(percent > 0 ? `${message}, ${percent} %` : message, 'warning')
  const told = notices.flatMap((notice) => wrap(notice, columns)).slice(0, MOST_NOTICES)
  const isWide = columns >= WIDE
  const traffic: Line = [
    piece('in ', 'soft'),
    piece(rate(rateIn)),
    piece('  out ', 'soft'),
    piece(rate(rateOut)),
    ...(isWide ? [piece(`   ${bytes(totalIn)} and ${bytes(totalOut)} in all`, 'soft')] : []),
  ]
  return [
    spread(
      [piece('tor-streams proxy', 'title'), piece('  '), phase],
      [piece(`up ${duration(uptime)}`, 'soft')],
      columns,
    ),
    spread(traffic, [piece(ports.join('  '), 'soft')], columns),
    ...told.map((text) => [piece(text, 'warning')]),
    [],
  ]
}

/** Circuits above, streams below; neither takes the room that the other needs, nor leaves any while the other has more. */
function bodyLines({ circuits, streams }: ScreenState, { columns, rows }: Size): Line[] {
  const half = Math.floor((rows - 1) / 2)
  const [wanted, other] = [circuits.length + 1, streams.length + 1]
  const above = Math.min(wanted, Math.max(half, rows - 1 - other))
  const held = streams.filter(({ hold }) => hold === 'far-end').length
  const waiting = streams.reduce((sum, stream) => sum + stream.waiting, 0)
  const note = [
    ...(held > 0 ? [`${held} wait${held === 1 ? 's' : ''} for credit`] : []),
    ...(waiting > 0 ? [`${bytes(waiting)} wait to be read`] : []),
  ].join(', ')
  return [
    ...section(
      heading('Circuits', circuits.length, '', columns),
      circuits.map((each) => circuitLine(each, columns)),
      above,
    ),
    [],
    ...section(
      heading('Streams', streams.length, note, columns),
      streams.map((each) => streamLine(each, columns)),
      rows - 1 - above,
    ),
  ]
}

function heading(what: string, count: number, note: string, columns: number): Line {
  const title: Line = [
    piece(`${what} `, 'title'),
    piece(`${count}`, 'soft'),
    piece(note === '' ? '' : `  ${note}`, 'warning'),
  ]
  return columns < WIDE
    ? title
    : spread(title, [piece(`${column('in', 9, 'right')} ${column('out', 9, 'right')}`, 'soft')], columns)
}

/** A heading and what fits below it; the last line says how many more there are. */
function section(title: Line, lines: readonly Line[], rows: number): Line[] {
  if (lines.length < rows) return [title, ...lines]
  const kept = lines.slice(0, Math.max(0, rows - 2))
  return [title, ...kept, [piece(`     and ${lines.length - kept.length} more`, 'soft')]].slice(0, Math.max(0, rows))
}

const rates = ({ rateIn, rateOut }: ShownCircuit | ShownStream): string =>
  [rateIn, rateOut].map((each) => column(shortRate(each), 9, 'right')).join(' ')

/** In nine columns: below one kB there is no room for the word. */
const shortRate = (each: number): string =>
  each < 50 ? '-' : each < 1000 ? `${(each / 1000).toFixed(1)} kB/s` : rate(each)

function circuitLine(circuit: ShownCircuit, columns: number): Line {
  const { id, age, path, hops, state } = circuit
  const start = [piece(column(`${id}`, 4, 'right'), 'soft'), piece(` ${column(duration(age), 6, 'right')}  `)]
  const isWide = columns >= WIDE
  const reached = path.slice(0, hops).join(' > ')
  const ahead = path.slice(hops).join(' > ')
  const arrow = reached !== '' && ahead !== '' ? ' > ' : ''
  const note = noteOf(circuit, isWide)
  const way = [piece(reached), piece(`${arrow}${ahead}`, 'soft')]
  if (!isWide) {
    return spread(cut([...start, ...way], columns - note.length - 1), [piece(note, 'soft')], columns)
  }
  const room = columns - 13 - 20 - 19
  const shown = cut(way, room)
  return spread(
    [...start, ...shown],
    [piece(`${column(note, 18)} `, state === 'open' ? 'plain' : 'soft'), piece(rates(circuit))],
    columns,
  )
}

/** How a circuit is, unless it is as it should be, and how many streams are on it, or what else it is for. */
function noteOf({ state, purpose, hops, path, streams }: ShownCircuit, isWide: boolean): string {
  if (state === 'building') return `${hops} of ${path.length}`
  if (state === 'open' && streams === 0 && purpose !== 'streams') return purpose
  const count = streams === 0 ? '' : !isWide ? `${streams}` : streams === 1 ? '1 stream' : `${streams} streams`
  return state === 'open' ? count : `${state} ${count}`.trimEnd()
}

function streamLine(stream: ShownStream, columns: number): Line {
  const { id, circuit, words, hold, waiting } = stream
  const place = circuit === undefined ? '' : `on ${circuit}`
  const start = [piece(column(`${id}`, 4, 'right'), 'soft'), piece(`  ${column(place, 7)} `, 'soft')]
  const more = waiting > 0 && columns >= WIDE + 20 ? `, ${bytes(waiting)} wait` : ''
  const told = piece(`${words}${more}`, hold === undefined ? 'plain' : 'warning')
  return columns < WIDE
    ? [...start, told]
    : spread(cut([...start, told], columns - 20), [piece(rates(stream))], columns)
}

function keysLine(columns: number): Line {
  const [n, h, q] = columns < 40 ? ['new', 'help', 'quit'] : ['new identity', 'help', 'quit']
  return [
    piece('n ', 'title'),
    piece(`${n}   `, 'soft'),
    piece('h ', 'title'),
    piece(`${h}   `, 'soft'),
    piece('q ', 'title'),
    piece(q, 'soft'),
  ]
}
