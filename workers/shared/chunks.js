/**
 * Streams are read in large chunks. workerd gives 4 KiB at once to a reader that does not say a size, and then the reads take
 * longer than the rest of the work.
 */

const CHUNK_BYTES = 64 * 1024;

/**
 * Yields the bytes of a stream in chunks of one size. Only the last one is shorter. A chunk is valid until the next one is
 * requested.
 * @param {ReadableStream<Uint8Array>} stream
 * @param {number} [size] bytes
 */
export async function* readChunks(stream, size = CHUNK_BYTES) {
  const reader = stream.getReader({ mode: "byob" });
  let buffer = new ArrayBuffer(size);
  try {
    for (;;) {
      const { done, value } = await reader.readAtLeast(size, new Uint8Array(buffer));
      if (value !== undefined && value.byteLength > 0) yield value;
      if (done || value === undefined) return;
      buffer = /** @type {ArrayBuffer} */ (value.buffer);
    }
  } finally {
    reader.cancel().catch(() => {}); // has no effect at the end
  }
}

/** Reads bodies as text, one after the other, into the same memory. */
export class TextReader {
  /** @type {ArrayBuffer|undefined} absent while a body is read */
  #buffer;

  /**
   * Returns a body's text, undefined for a body of more bytes.
   * @param {ReadableStream<Uint8Array>} stream
   * @param {number} maxBytes
   */
  async read(stream, maxBytes) {
    const reader = stream.getReader({ mode: "byob" });
    let buffer = this.#buffer ?? new ArrayBuffer(CHUNK_BYTES);
    let size = 0;
    this.#buffer = undefined;
    for (;;) {
      const free = new Uint8Array(buffer, size);
      const { done, value } = await reader.readAtLeast(Math.min(CHUNK_BYTES, free.length), free);
      if (value !== undefined) buffer = /** @type {ArrayBuffer} */ (value.buffer);
      size += value?.byteLength ?? 0;
      if (done || value === undefined || size > maxBytes) break;
      if (size === buffer.byteLength) buffer = buffer.transfer(size * 2);
    }
    reader.cancel().catch(() => {}); // has no effect at the end
    this.#buffer = buffer;
    return size > maxBytes ? undefined : new TextDecoder().decode(new Uint8Array(buffer, 0, size));
  }
}
