/**
 * Events as lines of JSON, read no faster than they are drawn.
 *
 * @module
 */

/** The longest line that is taken, in characters. */
const LONGEST_LINE = 1_000_000

/** The events in a body of lines. It errors when one is no JSON, or longer than any event. */
export function eventsOf<Event>(body: ReadableStream<Uint8Array>): ReadableStream<Event> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  let lines: string[] = []
  return new ReadableStream<Event>(
    {
      async pull(controller) {
        while (lines.length === 0) {
          const { value, done } = await reader.read()
          if (done) return controller.close()
          const parts = (rest + decoder.decode(value, { stream: true })).split('\n')
          rest = parts.pop() ?? ''
          if (rest.length > LONGEST_LINE) throw new Error('a line of events is too long')
          lines = parts.filter((line) => line !== '')
        }
        controller.enqueue(JSON.parse(lines.shift() as string) as Event)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}
