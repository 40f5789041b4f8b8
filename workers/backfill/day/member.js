/** @typedef {{body: Blob, digest: ArrayBuffer, samples: number, points: number, first: number, last: number}} Closed */

const LEAST_BYTES = 160 * 1024; // compressed at once. Smaller pieces take longer, larger ones more memory
const OUTPUT_BYTES = 16 * 1024;
const MAX_LOOP = 48; // characters. encodeInto is faster for a longer text
const UNIT_BYTES = 3; // UTF-8 bytes of a UTF-16 unit, at most

const utf8 = new TextEncoder();

/** One gzip member of a day's object. Its text waits in a buffer and is compressed in large pieces. */
export class Member {
  samples = 0;
  points = 0;
  first = Infinity;
  last = -Infinity;
  #buffer = new Uint8Array(LEAST_BYTES + OUTPUT_BYTES);
  #at = 0;
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

  /**
   * Adds a row.
   * @param {Uint8Array} name the begin of the line
   * @param {{ms: number, bytes: Uint8Array}} time with the text between the name and the value
   * @param {string} value as JSON
   */
  add(name, { ms, bytes }, value) {
    this.#reserve(name.length + bytes.length + value.length * UNIT_BYTES + 2);
    this.#buffer.set(name, this.#at);
    this.#at += name.length;
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
    this.#write(value);
    this.#buffer[this.#at] = 0x7d; // }
    this.#buffer[this.#at + 1] = 0x0a; // line end
    this.#at += 2;
    this.#count(ms);
  }

  /**
   * Adds a row of the stored form.
   * @param {string} line without its end
   * @param {number} ms
   */
  addLine(line, ms) {
    this.#reserve(line.length * UNIT_BYTES + 1);
    this.#write(line);
    this.#buffer[this.#at] = 0x0a;
    this.#at += 1;
    this.#count(ms);
  }

  /** @param {number} ms */
  #count(ms) {
    this.samples += 1;
    if (ms < this.first) this.first = ms;
    if (ms > this.last) this.last = ms;
  }

  /** @param {number} bytes */
  #reserve(bytes) {
    const needed = this.#at + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
  }

  /** @param {string} text */
  #write(text) {
    const buffer = this.#buffer;
    let at = this.#at;
    let isPlain = text.length <= MAX_LOOP;
    for (let index = 0; isPlain && index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      isPlain = code < 0x80;
      buffer[at] = code;
      at += 1;
    }
    this.#at = isPlain ? at : this.#at + utf8.encodeInto(text, buffer.subarray(this.#at)).written;
  }

  /**
   * Compresses the waiting text if it is long enough, so that the buffer can be used again.
   * @param {number} [least] bytes
   */
  async flush(least = LEAST_BYTES) {
    if (this.#at < least) return;
    const piece = this.#buffer.subarray(0, this.#at);
    this.#at = 0;
    await Promise.all(this.#writers.map((writer) => writer.write(piece)));
  }

  /** @returns {Promise<Closed>} */
  async close() {
    await this.flush(1);
    await Promise.all([...this.#writers.map((writer) => writer.close()), this.#collected]);
    const { samples, points, first, last } = this;
    return { body: new Blob(this.#chunks), digest: await this.#digest.digest, samples, points, first, last };
  }

  abandon = () => Promise.allSettled(this.#writers.map((writer) => writer.abort())); // has no effect after `close`
}
