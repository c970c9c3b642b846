/**
 * What may be written to a stream.
 *
 * @module
 */

/** Bytes as the Streams standard's consumers take them. The same as the DOM's type of this name, which not every project has. */
export type BufferSource = ArrayBufferView<ArrayBuffer> | ArrayBuffer
