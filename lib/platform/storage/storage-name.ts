/**
 * What bytes may be stored under.
 *
 * @module
 */
const NAME = /^[a-z][a-z-]*$/

/** @throws TypeError for anything but a short word of lower-case letters and hyphens */
export function checkStorageName(name: string): void {
  if (!NAME.test(name)) throw new TypeError(`Cannot store under the name ${JSON.stringify(name)}`)
}
