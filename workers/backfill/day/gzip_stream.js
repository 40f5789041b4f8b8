const OUTPUT_BYTES = 16 * 1024;

/** Compresses bytes with gzip and computes their SHA-256. The compressed chunks stay in memory. */
export class GzipStream {
  #digest = new crypto.DigestStream("SHA-256");
  /** @type {Uint8Array[]} */
  #chunks = [];
  /** @type {WritableStreamDefaultWriter[]} */
  #writers;
  /** @type {Promise<void>} */
  #collected;

  /** @param {(bytes: number) => boolean} onOutput gets the size of each compressed chunk. Returns whether it is kept */
  constructor(onOutput) {
    const { readable, writable } = new CompressionStream("gzip");
    this.#writers = [writable.getWriter(), this.#digest.getWriter()];
    this.#collected = this.#collect(readable, onOutput);
    for (const promise of [this.#collected, this.#digest.digest]) promise.catch(() => {}); // only `close` awaits them
  }

  /**
   * @param {ReadableStream<Uint8Array>} readable
   * @param {(bytes: number) => boolean} onOutput
   */
  async #collect(readable, onOutput) {
    const reader = readable.getReader({ mode: "byob" });
    for (;;) {
      const { done, value } = await reader.readAtLeast(OUTPUT_BYTES, new Uint8Array(OUTPUT_BYTES));
      if (value !== undefined && value.byteLength > 0 && onOutput(value.byteLength)) this.#chunks.push(value);
      if (done) return;
    }
  }

  /** @param {Uint8Array} bytes which can be overwritten afterwards */
  async write(bytes) {
    await Promise.all(this.#writers.map((writer) => writer.write(bytes)));
  }

  async close() {
    await Promise.all([...this.#writers.map((writer) => writer.close()), this.#collected]);
    return { body: new Blob(this.#chunks), digest: await this.#digest.digest };
  }

  abandon = () => Promise.allSettled(this.#writers.map((writer) => writer.abort())); // has no effect after `close`
}
