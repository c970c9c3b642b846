/**
 * The size that every cell of fixed size has (tor-spec, "Cell Packet format").
 *
 * @module
 */

/** Bytes of a fixed-size cell's body, which is what a relay cell encrypts. */
export const BODY_SIZE = 509
