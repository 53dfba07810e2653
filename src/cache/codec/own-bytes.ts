/**
 * The same bytes in a buffer of their own, to be kept: small buffers of Node, and what a client library hands out, are parts of
 * larger ones, which would be held as long as one of their parts. They are copied only where they are such a part.
 */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength === bytes.length ? bytes : new Uint8Array(bytes);
}
