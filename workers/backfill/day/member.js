import { GzipStream } from "./gzip_stream.js";

/** @typedef {{body: Blob, digest: ArrayBuffer, samples: number, points: number, first: number, last: number}} Closed */

const FIRST_BYTES = 4 * 1024; // of the buffer. A day of a small site needs no more
const LEAST_BYTES = 160 * 1024; // compressed at once. Smaller pieces take longer, larger ones more memory
const FULL_BYTES = LEAST_BYTES + 16 * 1024; // of the buffer, with the rows of a page
const MAX_LOOP = 48; // characters. encodeInto is faster for a longer text
const UNIT_BYTES = 3; // UTF-8 bytes of a UTF-16 unit, at most

const utf8 = new TextEncoder();

/**
 * One gzip member of a day's object. Its text waits in a buffer and is compressed in large pieces. Compression begins with the
 * first of them, because 64 streams take 17 MB, and a small day needs them one after the other.
 */
export class Member {
  samples = 0;
  points = 0;
  first = Infinity;
  last = -Infinity;
  #buffer = new Uint8Array(FIRST_BYTES);
  #at = 0;
  /** @type {GzipStream|undefined} */
  #gzip;

  /** @param {(bytes: number) => boolean} onOutput gets the size of each compressed chunk. Returns whether it is kept */
  constructor(onOutput) {
    this.onOutput = onOutput;
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
    const { length } = this.#buffer;
    const larger = new Uint8Array(Math.max(needed, Math.min(length * 2, FULL_BYTES), Math.ceil(length * 1.25)));
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
    await this.#open().write(piece);
  }

  #open() {
    this.#gzip ??= new GzipStream(this.onOutput);
    return this.#gzip;
  }

  /** @returns {Promise<Closed>} */
  async close() {
    await this.flush(1);
    this.#buffer = new Uint8Array();
    const { samples, points, first, last } = this;
    return { ...(await this.#open().close()), samples, points, first, last };
  }

  abandon = async () => this.#gzip?.abandon();
}
