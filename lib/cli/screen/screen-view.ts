/**
 * The proxy's live screen: draws what the client tells, once a second and after each key, and no faster than the terminal
 * takes it.
 *
 * @module
 */
import { monotonicTime, startBackgroundTimer, type Clock } from '../../base/waiting/clock.ts'
import type { ClientStatus } from '../../client/bootstrap/status.ts'
import { Model } from '../../dashboard/model.ts'
import type { Input, Output, ProcessEvents } from '../terminal/terminal.ts'
import { keysOf, type Key } from './keys.ts'
import { Painter } from './painter.ts'
import type { Places, ProxyView, WatchedClient } from './proxy-view.ts'
import { LOST, Reachability } from './reachability.ts'
import { helpLines, screenLines, type Size } from './screen-lines.ts'
import { shownOf, type ScreenState } from './screen-state.ts'

/** How often it is drawn, in ms. */
const INTERVAL = 1000

/** For how many drawings an answer to a key is shown. */
const NOTICE_DRAWINGS = 6

/** What the screen is drawn on, and who acts on its keys. */
export interface ScreenOptions {
  readonly output: Output
  readonly input: Input | undefined
  readonly events: ProcessEvents | undefined
  readonly isColoured: boolean
  readonly places: Places
  readonly clock: Clock
  /** A new identity was asked for. */
  onIdentity(): void
  /** The end was asked for: by a key for it, or by Ctrl-C. */
  onQuit(isInterrupt: boolean): void
}

export class ScreenView implements ProxyView {
  readonly #options: ScreenOptions
  readonly #painter: Painter
  readonly #model = new Model()
  readonly #reachability = new Reachability()
  readonly #started: number
  readonly #undo: (() => void)[] = []
  readonly #typed = (data: Uint8Array): void => this.#type(new TextDecoder('latin1').decode(data))
  readonly #resized = (): void => this.#draw()
  #client: WatchedClient | undefined
  #wait: string | undefined
  #notice: string | undefined
  #noticeDrawings = 0
  #totalIn = 0
  #totalOut = 0
  #isHelp = false
  #isOver = false
  /** A drawing is on its way to the terminal; another one is wanted after it. */
  #isWriting = false
  #isStale = false
  #stopTimer: (() => void) | undefined

  constructor(options: ScreenOptions) {
    this.#options = options
    this.#painter = new Painter(options.isColoured)
    this.#started = monotonicTime(options.clock)
    const { output, input, events } = options
    this.#enter()
    output.on?.('resize', this.#resized)
    input?.on('data', this.#typed)
    if (events !== undefined) {
      this.#undo.push(
        events.onContinue(() => this.#enter()),
        events.onExit(() => this.end()),
      )
    }
    this.#tick()
  }

  status(status: ClientStatus): void {
    this.#model.apply({ type: 'status', status })
    if (status.phase !== 'connecting') this.#wait = undefined
    this.#draw()
  }

  notice(sentence: string): void {
    this.#notice = sentence
    this.#noticeDrawings = NOTICE_DRAWINGS
    this.#draw()
  }

  waits(sentence: string): void {
    this.#wait = sentence
    this.#draw()
  }

  async follow(tor: WatchedClient): Promise<void> {
    this.#client = tor
    this.#wait = undefined
    const reader = tor.watch({ interval: INTERVAL }).getReader()
    for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
      this.#model.apply(value)
      this.#reachability.apply(value)
      if (value.type === 'bandwidth') {
        this.#totalIn += value.bytesIn
        this.#totalOut += value.bytesOut
      }
      if (value.type === 'status') this.#draw()
    }
  }

  end(): void {
    if (this.#isOver) return
    const { output, input } = this.#options
    this.#isOver = true
    this.#stopTimer?.()
    for (const undo of this.#undo) undo()
    output.off?.('resize', this.#resized)
    input?.off('data', this.#typed)
    this.#leave()
  }

  /** Takes the terminal. */
  #enter(): void {
    const { output, input } = this.#options
    input?.setRawMode?.(true)
    input?.resume()
    output.write(this.#painter.enter())
    this.#draw()
  }

  /** Gives it back as it was. */
  #leave(): void {
    const { output, input } = this.#options
    output.write(this.#painter.leave())
    input?.setRawMode?.(false)
    input?.pause()
  }

  #type(text: string): void {
    for (const key of keysOf(text)) if (!this.#isOver) this.#act(key)
  }

  #act(key: Key): void {
    const { onIdentity, onQuit, events } = this.#options
    switch (key) {
      case 'quit':
      case 'interrupt':
        return onQuit(key === 'interrupt')
      case 'suspend':
        if (events === undefined) return
        this.#leave()
        return events.suspend()
      case 'identity':
        this.#isHelp = false
        return onIdentity()
      case 'help':
      case 'other':
        this.#isHelp = key === 'help' && !this.#isHelp
        this.#draw()
    }
  }

  #tick(): void {
    this.#stopTimer = startBackgroundTimer(this.#options.clock, INTERVAL, () => {
      if (this.#noticeDrawings > 0) this.#noticeDrawings -= 1
      this.#draw()
      this.#tick()
    })
  }

  #draw(): void {
    if (this.#isOver) return
    if (this.#isWriting) {
      this.#isStale = true
      return
    }
    const { output } = this.#options
    const size: Size = { columns: output.columns || 80, rows: output.rows || 24 }
    const state = this.#state()
    const text = this.#painter.paint(this.#isHelp ? helpLines(state, size) : screenLines(state, size), size)
    if (text === '') return
    this.#isWriting = true
    output.write(text, () => {
      this.#isWriting = false
      if (!this.#isStale) return
      this.#isStale = false
      this.#draw()
    })
  }

  #state(): ScreenState {
    const { places, clock } = this.#options
    const { message, percent, phase, warnings } = this.#model.status
    const notices = [
      ...(this.#wait === undefined ? [] : [this.#wait]),
      ...(this.#reachability.isLost ? [LOST] : []),
      ...(this.#noticeDrawings > 0 && this.#notice !== undefined ? [this.#notice] : []),
      ...warnings,
    ]
    return {
      message: this.#wait === undefined ? message : 'Waiting for a network',
      isReady: phase === 'ready' && !this.#reachability.isLost,
      percent: phase === 'ready' || this.#wait !== undefined ? 0 : percent,
      notices,
      ports: places.ports,
      dashboard: places.dashboard,
      uptime: monotonicTime(clock) - this.#started,
      totalIn: this.#totalIn,
      totalOut: this.#totalOut,
      ...shownOf(this.#client?.circuits ?? [], this.#model),
    }
  }
}
