/**
 * The version of this package. It stands in the code, as a program that was bundled or compiled has no package.json
 * beside it; a spec compares the two.
 *
 * @module
 */

/** As in package.json. */
export const VERSION = '0.1.0'
