/**
 * An onion service that there is not.
 *
 * @module
 */

/** An address that nobody serves, with a key that is one. */
export const NOBODY = '25njqamcweflpvkl73j4szahhihoc4xt3ktcgjnpaingr5yhkenl5sid.onion'
