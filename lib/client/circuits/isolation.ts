/**
 * Which streams may share a circuit: those with the same tokens (path-spec, "Attaching streams").
 *
 * @module
 */

/** Whatever tells one activity of the application from another: a string, an object, a symbol. Compared by identity. */
export type IsolationToken = string | number | symbol | object

/** The tokens of a stream: the view of the client that it came through, and its own. */
export interface Isolation {
  /** One for each view of the client. */
  readonly view: symbol
  /** The caller's, if there is one. */
  readonly token: IsolationToken | undefined
}

/** True when two streams may share a circuit. */
export const isSameIsolation = (a: Isolation, b: Isolation): boolean => a.view === b.view && a.token === b.token
